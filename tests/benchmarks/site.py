"""What the site weighs, how fast it draws, and whether anything jumps."""

from __future__ import annotations

import gzip
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import CDPSession, Page
from tests.screenshots.example_day import fill
from tests.static_site.conftest import COUNT_ROUNDS, sign_in
from tests.static_site.every_view import VIEWS, WATCH_SHIFTS, fill_up, open_view, shift_of
from tests.support.site.browser import launched
from tests.support.site.fake_site_origin import FakeOrigin, running_origin
from tests.support.site.site_files import (
    LEAST_COMPRESSED,
    PAGE,
    brotli_sizes,
    bytes_sent,
    served_files,
)
from tests.support.site.under_way import COUNT

from .figures import ROUNDS, Figure

MOST_IDLE, MOST_BUSY = 6, 20
ROWS = {"rows": 500, "changed": 50}
SIZES = ((1280, 800), (390, 844))
API_SECONDS = 0.1
FILES_ASKED = """() => {
  const entries = performance.getEntriesByType("resource");
  const asked = entries.filter(({ name }) => name.includes("/api/"));
  const shown = Math.max(...asked.map(({ responseEnd }) => responseEnd));
  const before = entries.filter(({ startTime }) => startTime < shown);
  return before.map(({ name }) => new URL(name).pathname.slice(1));
}"""
"""The files that a page has asked for before the API's answers were there."""
PREPARE = """async ({ rows, changed }) => {
  const { createJobTable } = await import("/components/job/job-table.js");
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
  const next = jobs.map((_, number) =>
    job(number, number % (rows / changed) === 0 ? 401 : 400));
  window.steps = {
    draw: () => table.update(jobs),
    layOut: () => document.body.getBoundingClientRect(),
    update: () => table.update(next),
  };
}"""
PREPARE_PARTS = """async ({ count }) => {
  const { createJobTimes } = await import("/components/timeline/job-times.js");
  const { createFormat } = await import("/lib/format.js");
  const { loadStyle } = await import("/lib/dom.js");
  const { readJob } = await import("/lib/shapes.js");
  await loadStyle("components/timeline/time-drawing.css");
  await loadStyle("components/timeline/job-times.css");
  const job = (id, begin, end) => readJob({
    job_id: id, client_id: "acme", project_id: "catalogue", pipeline: "enrich", attempt: 1,
    status: "completed", result: "succeeded", duration_seconds: (end - begin) / 1000,
    created_at: new Date(begin).toISOString(), started_at: new Date(begin).toISOString(),
    ended_at: new Date(end).toISOString(),
  });
  const parts = Array.from({ length: count }, (_, at) =>
    job(`part-${at}`, 1e12 + at * 2e4, 1e12 + at * 2e4 + 6e4 * (1 + (at * 7) % 12)));
  const times = createJobTimes({ format: createFormat(), now: () => 1e12 + 1e8 });
  document.querySelector("#main").replaceChildren(...times.elements);
  const listed = (items) => ({ items, hasMore: false });
  window.steps = {
    draw: () => times.update(job("whole", 1e12, 1e12 + 2e7), listed([]), listed(parts)),
    layOut: () => document.body.getBoundingClientRect(),
  };
}"""
STEPS = ("draw", "layOut", "update")
STEP = "name => new Promise((done) => setTimeout(() => { window.steps[name](); done(); }))"


def bytes_compressed() -> Figure:
    """Weigh every file of the site as CloudFront sends it to a browser of today, in Brotli."""
    return _weight("site_bytes_compressed", brotli_sizes(), "Brotli's quality 5")


def bytes_gzip() -> Figure:
    """Weigh every file of the site as it is sent to whoever takes no Brotli."""
    sizes = {
        name: bytes_sent(body, len(gzip.compress(body))) for name, body in served_files().items()
    }
    return _weight("site_bytes_gzip", sizes, "gzip's level 9")


def first_view_bytes() -> Figure:
    """Weigh what a browser asks for before a view shows its data, of the view with the most."""
    sizes = brotli_sizes()
    weights: dict[str, int] = {}
    counts: dict[str, int] = {}
    with _signed_in(is_real_time=True) as (page, _):
        for name, hash_ in VIEWS.items():
            open_view(page, hash_)
            page.reload()
            open_view(page, hash_)
            asked = {PAGE, *page.evaluate(FILES_ASKED)} & sizes.keys()
            weights[name] = sum(sizes[file] for file in asked)
            counts[name] = len(asked)
    worst = max(weights, key=lambda name: weights[name])
    each = ", ".join(f"{name} {weight:,} ({counts[name]})" for name, weight in weights.items())
    return Figure(
        "site_first_view_bytes_max",
        weights[worst],
        "bytes",
        goal=45_000,
        more_is_better=False,
        notes=(
            f"the files of the first view of each route, signed in, in Brotli: {each} files",
            f"most: {worst}",
        ),
    )


def _weight(name: str, sizes: dict[str, int], how: str) -> Figure:
    whole = sum(map(len, served_files().values()))
    return Figure(
        name,
        sum(sizes.values()),
        "bytes",
        whole,
        goal=110_000,
        more_is_better=False,
        notes=(
            (
                f"the sum of {len(sizes)} files, each compressed alone in {how}; those below "
                f"{LEAST_COMPRESSED:,} bytes as they are; without headers and config.json"
            ),
            "baseline: as they are served, uncompressed; nothing is loaded from elsewhere",
        ),
    )


def render_500_ms() -> Figure:
    """Time 500 rows from the jobs to their layout."""
    times = _draw(PREPARE, ROWS)
    script = statistics.median(each["draw"] for each in times)
    return Figure(
        "site_render_500_ms",
        statistics.median(each["draw"] + each["layOut"] for each in times),
        "CPU ms",
        goal=100,
        more_is_better=False,
        notes=(f"script and layout; {script:.1f} ms of it script",),
    )


def update_50_ms() -> Figure:
    """Time the script that brings 50 of 500 rows up to date."""
    times = [each["update"] for each in _draw(PREPARE, ROWS)]
    return Figure(
        "site_update_50_ms",
        statistics.median(times),
        "CPU ms",
        goal=16,
        more_is_better=False,
        notes=(f"median of {len(times)}; from {min(times):.1f} to {max(times):.1f} ms",),
    )


def parts_500_ms() -> Figure:
    """Time the drawing of a job's 500 parts, from the jobs to their layout."""
    times = _draw(PREPARE_PARTS, {"count": 500}, STEPS[:2])
    script = statistics.median(each["draw"] for each in times)
    return Figure(
        "site_parts_500_ms",
        statistics.median(each["draw"] + each["layOut"] for each in times),
        "CPU ms",
        goal=100,
        more_is_better=False,
        notes=(f"script and layout; {script:.1f} ms of it script",),
    )


def first_data_rounds() -> Figure:
    """Count the round trips to the API, one after another, until a view has its data."""
    rounds: list[int] = []
    waits: list[float] = []
    with _signed_in(is_real_time=True) as (page, origin):
        page.add_init_script(f"({COUNT_ROUNDS})()")
        origin.api_seconds = API_SECONDS
        for hash_ in VIEWS.values():
            open_view(page, hash_)
            page.reload()
            open_view(page, hash_)
            shown = page.evaluate("performance.now()")
            asked = page.evaluate("window.asked")
            rounds.append(max(one["round"] for one in asked))
            waits.append(shown - asked[0]["at"])
    return Figure(
        "site_first_data_rounds",
        max(rounds),
        "round trips",
        goal=1,
        more_is_better=False,
        notes=(
            (
                f"the most of {len(VIEWS)} views, signed in, after a reload; with an API that "
                f"takes {API_SECONDS * 1000:.0f} ms, data is there {statistics.median(waits):.0f} "
                f"ms after the script's first request, the token's (worst {max(waits):.0f})"
            ),
        ),
    )


def layout_shift() -> Figure:
    """Add up what jumps on every view as it loads, goes on and grows, wide and on a phone."""
    shifts: dict[str, float] = {}
    for width, height in SIZES:
        with _signed_in() as (page, origin):
            page.set_viewport_size({"width": width, "height": height})
            fill_up(origin)
            for name, hash_ in VIEWS.items():
                shifts[f"{name} {width}"] = shift_of(page, origin, hash_)
    worst = max(shifts, key=lambda name: shifts[name])
    return Figure(
        "site_layout_shift",
        sum(shifts.values()),
        "",
        goal=0.0,
        more_is_better=False,
        notes=(
            (
                f"{len(VIEWS)} views at {' and '.join(f'{w} × {h}' for w, h in SIZES)}: reloaded, "
                "brought up to date with something new, a page more; all shifts but those within "
                "half a second of a key or a click"
            ),
            f"most: {worst}, {shifts[worst]:.4f}",
        ),
    )


def _draw(
    prepare: str, what: dict[str, int], steps: Sequence[str] = STEPS
) -> list[dict[str, float]]:
    """Give what each step costs the page's main thread, in milliseconds of its CPU time."""
    rounds = []
    with _signed_in(is_real_time=True) as (page, _):
        meter = page.context.new_cdp_session(page)
        meter.send("Performance.enable", {"timeDomain": "threadTicks"})
        page.evaluate(prepare, what)  # which loads what it needs
        page.context.set_offline(offline=True)  # so that no answer gets in between
        for _ in range(2 * ROUNDS):
            page.evaluate(prepare, what)
            rounds.append({name: _cost(page, meter, name) for name in steps})
    return rounds


def overview_requests_idle() -> Figure:
    """Count the requests of an overview that lies open while nothing runs, in a minute."""
    return _requests("overview_requests_idle_per_minute", MOST_IDLE, is_busy=False)


def overview_requests_busy() -> Figure:
    """Count the requests of an overview that lies open while jobs run and all figures move."""
    return _requests("overview_requests_busy_per_minute", MOST_BUSY, is_busy=True)


def _requests(name: str, goal: int, *, is_busy: bool) -> Figure:
    """Count the requests of a minute by the browser's real clock."""
    with _signed_in(is_real_time=True) as (page, origin):
        totals = origin.overview["totals"]
        if not is_busy:
            origin.overview = {**origin.overview, "totals": {**totals, "running": 0}}
            origin.jobs = [job for job in origin.jobs if job["status"] != "running"]
            with page.expect_response("**/api/overview"):
                pass
        origin.api_requests.clear()
        for second in range(60):
            if is_busy:
                totals = {**totals, "ended": totals["ended"] + 1, "running": 3 + second % 2}
                origin.overview = {**origin.overview, "totals": totals}
            page.wait_for_timeout(1_000)
        asked = [path for path, _ in origin.api_requests]
    return Figure(
        name,
        len(asked),
        "requests",
        goal=goal,
        more_is_better=False,
        notes=(f"of {', '.join(sorted(set(asked)))}", "a real browser, for a minute"),
    )


def _cost(page: Page, meter: CDPSession, step: str) -> float:
    before = _spent(meter)
    page.evaluate(STEP, step)
    return (_spent(meter) - before) * 1000


def _spent(meter: CDPSession) -> float:
    metrics = meter.send("Performance.getMetrics")["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")


@contextmanager
def _signed_in(*, is_real_time: bool = False) -> Iterator[tuple[Page, FakeOrigin]]:
    with launched() as browser, running_origin() as origin:
        fill(origin)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        if not is_real_time:
            page.clock.install()
        page.add_init_script(WATCH_SHIFTS)
        page.add_init_script(COUNT)
        sign_in(page, origin, "#/overview")
        page.get_by_role("heading", name="Needs attention").wait_for()
        yield page, origin
