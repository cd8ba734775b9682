"""What the site weighs, how fast it draws, and whether anything jumps."""

from __future__ import annotations

import gzip
import statistics
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page
from tests.screenshots.example_day import fill
from tests.static_site.conftest import let_pass, sign_in
from tests.static_site.every_view import VIEWS, open_view
from tests.support.browser import launched
from tests.support.fake_site_origin import FakeOrigin, running_origin

from .figures import ROUNDS, Figure

SITE_FOLDER = Path(__file__).parents[2] / "static_site"
LEAST_COMPRESSED = 1_000
"""CloudFront leaves smaller files as they are."""
BROTLI = """
const { brotliCompressSync, constants } = require("node:zlib");
const { readFileSync } = require("node:fs");
const params = { [constants.BROTLI_PARAM_QUALITY]: 5 };
for (const file of process.argv.slice(1)) {
  console.log(brotliCompressSync(readFileSync(file), { params }).length);
}
"""
DRAW = """async ({ rows, changed }) => {
  const { createJobTable } = await import("/views/job-table.js");
  const { createFormat } = await import("/lib/format.js");
  const { readJob } = await import("/lib/shapes.js");
  const job = (number, done) => readJob({
    job_id: `job-${number}`, client_id: "acme", project_id: "catalogue", pipeline: "enrich",
    name: `Describe catalogue, part ${number}`, status: "running", attempt: 1,
    created_at: new Date(1e12 - number * 6e4).toISOString(), started_at: "2026-01-01T00:00:00Z",
    records_total: 1000, counters: { records_ok: done, records_failed: number % 3 },
  });
  const table = createJobTable({ format: createFormat(), now: () => 1e12 });
  document.querySelector("#main").replaceChildren(table.element);
  const jobs = Array.from({ length: rows }, (_, number) => job(number, 400));
  let began = performance.now();
  table.update(jobs);
  const script = performance.now() - began;
  document.body.getBoundingClientRect();
  const drawn = performance.now() - began;
  const next = jobs.map((_, number) =>
    job(number, number % (rows / changed) === 0 ? 401 : 400));
  began = performance.now();
  table.update(next);
  const updated = performance.now() - began;
  table.element.remove();
  return { script, drawn, updated };
}"""
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.shifts.push(entry.value);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


def bytes_compressed() -> Figure:
    """Weigh every file of the site as CloudFront sends it."""
    files = sorted(file for file in SITE_FOLDER.rglob("*") if file.is_file())
    lengths = [file.stat().st_size for file in files]
    asked = subprocess.run(
        ["node", "-e", BROTLI, "--", *map(str, files)], check=True, capture_output=True, text=True
    )
    brotli = sum(map(_sent, lengths, map(int, asked.stdout.split())))
    gzipped = sum(map(_sent, lengths, (len(gzip.compress(file.read_bytes())) for file in files)))
    return Figure(
        "site_bytes_compressed",
        brotli,
        "bytes",
        sum(lengths),
        goal=60_000,
        more_is_better=False,
        notes=(
            f"{len(files)} files, each by itself in Brotli's quality 5; with gzip {gzipped:,}",
            "baseline: as they lie in the folder; nothing is loaded from elsewhere",
        ),
    )


def render_500_ms() -> Figure:
    """Time 500 rows from the jobs to their layout."""
    times = _draw()
    script = statistics.median(each["script"] for each in times)
    return Figure(
        "site_render_500_ms",
        statistics.median(each["drawn"] for each in times),
        "ms",
        goal=100,
        more_is_better=False,
        notes=(f"script and layout; {script:.1f} ms of it script",),
    )


def update_50_ms() -> Figure:
    """Time the script that brings 50 of 500 rows up to date."""
    return Figure(
        "site_update_50_ms",
        statistics.median(each["updated"] for each in _draw()),
        "ms",
        goal=16,
        more_is_better=False,
    )


def layout_shift() -> Figure:
    """Add up what jumps on the way from the sign-in through every view and an update in place."""
    with _signed_in() as (page, origin):
        shifts = 0.0
        for hash_ in VIEWS.values():
            open_view(page, hash_)
            for job in origin.jobs:
                job["counters"] = {**job["counters"], "records_ok": 4_200}
            let_pass(page)
            page.wait_for_function("document.querySelector('.freshness').textContent")
            shifts += page.evaluate("window.shifts.splice(0).reduce((all, one) => all + one, 0)")
    return Figure(
        "site_layout_shift",
        shifts,
        "",
        goal=0.0,
        more_is_better=False,
        notes=("all views at 1280 × 800, with every shift counted, also after a click",),
    )


def _sent(length: int, compressed: int) -> int:
    return length if length < LEAST_COMPRESSED else min(length, compressed)


def _draw() -> list[dict[str, float]]:
    with _signed_in() as (page, _):
        return [page.evaluate(DRAW, {"rows": 500, "changed": 50}) for _ in range(ROUNDS)]


@contextmanager
def _signed_in() -> Iterator[tuple[Page, FakeOrigin]]:
    with launched() as browser, running_origin() as origin:
        fill(origin)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.clock.install()
        page.add_init_script(WATCH_SHIFTS)
        sign_in(page, origin, "#/overview")
        page.get_by_role("heading", name="Needs a look").wait_for()
        yield page, origin
