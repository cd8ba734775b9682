"""Measure how long analysts wait: for a rerun with known answers, and for the first view.

Both are taken with a hundred thousand jobs. The rerun is one of the Trends page by client, 30 days
by hour, or of the page of all jobs of 30 days; the real reader answers, and the answers are kept
from the run before. Streamlit's own test runner runs it, and the figure is Python's time from the
script's start to its end. The first view is taken on the local stack, in a real browser with a new
session, from the request for the page until the throughput chart is drawn.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

from dashboard_app.api import http_client
from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from tests.screenshots.dashboard import sign_in
from tests.support.app.dashboard_api import serving, token
from tests.support.readers.ledgers import empty_store
from tests.support.recounts.views import reading_house
from tests.support.site.browser import launched
from tests.support.stacks import filling
from tests.support.stacks.local_stack import LocalStack, local_stack

from run_ledger.domain import instants

from .figures import Figure

MAIN = Path(__file__).resolve().parents[2] / "dashboard_app" / "main.py"
ROUNDS = 7
JOBS, CLIENTS = 100_000, 10
RERUN: Mapping[str, Mapping[str, str]] = {
    "trends": {"span": "30d", "interval": "Hour", "by": "Client"},
    "jobs": {"span": "30d"},
}
"""What the addresses of pages hold; the first is the one that the app opens on."""
FIRST_VIEW_ROUNDS = 5
_SECONDS = 60
_FIRST_RUN_SECONDS = 600.0  # the answers are not there yet
_CHART = "[data-testid=stVegaLiteChart] >> css=svg, canvas"


def rerun_ms(jobs: int = JOBS) -> Figure:
    """Measure a rerun with warm answers of each page in RERUN; the figure is the slowest page's."""
    store = empty_store()
    filling.post(store, jobs=jobs, clients=CLIENTS, days=30, heard=_heard)
    house = reading_house([], store=store)
    house.now = instants.parse(datetime.now(UTC).isoformat())
    # The reader's first answers come as slowly as this process lets it count; reruns ask nothing.
    patient = patch.object(http_client, "_READ_SECONDS", _FIRST_RUN_SECONDS)
    with serving(house) as api, patient:
        took = {page: _reruns(api.url, page, address) for page, address in RERUN.items()}
    load, cores = os.getloadavg()[0], os.cpu_count()
    return Figure(
        "dashboard_rerun_ms",
        max(took.values()),
        "ms",
        goal=300,
        more_is_better=False,
        notes=(
            ", ".join(f"{name} {one:,.0f} ms" for name, one in took.items()),
            f"{jobs:,} jobs of {CLIENTS} clients in 30 days; medians of {ROUNDS}",
            f"load of the machine at the end: {load:.1f} on {cores} cores",
        ),
    )


def _reruns(api_url: str, page: str, address: Mapping[str, str]) -> float:
    """Return the median time of a page's rerun, in milliseconds."""
    app = AppTest.from_file(str(MAIN), default_timeout=_FIRST_RUN_SECONDS)
    app.secrets["run_ledger"] = {"api_url": api_url}
    access = {"access": token("u-1", "staff")}
    app.user = {"is_logged_in": True, "email": "a@b.example", "tokens": access}
    if page != next(iter(RERUN)):
        # Before a first run `switch_page` knows pages by file names; ours have addresses.
        app._page_hash = calc_hash(page)
    app.query_params.update(address)
    app.run()
    assert not app.exception, app.exception
    assert not app.error, app.error
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        app.run()
        took.append((time.perf_counter() - started) * 1_000)
    return statistics.median(took)


def first_view_ms(jobs: int = JOBS) -> Figure:
    """Measure when the throughput chart is drawn, on a local stack that holds many jobs."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), dashboard=True) as stack,
        launched() as browser,
    ):
        filling.fill(stack, jobs=jobs, clients=CLIENTS, days=30, heard=_heard)
        took = _views(browser, stack)
    return Figure(
        "dashboard_first_view_ms",
        statistics.median(took),
        "ms",
        goal=2_000,
        more_is_better=False,
        notes=(
            f"{jobs:,} jobs; fresh session of somebody signed in; median of {FIRST_VIEW_ROUNDS}",
            "figures and the throughput chart; what it is compared with and the rest come after it",
            "jobs and rollups as the writer makes them, copied into the tables; no bus, no entries",
        ),
    )


def _heard(what: str, count: int, most: int) -> None:
    """Show on a terminal how many of the jobs are filled in."""
    if sys.stderr.isatty():
        end = "\n" if count == most else ""
        print(f"\r{what}: {count:,} of {most:,} ", end=end, file=sys.stderr, flush=True)


def _views(browser: Browser, stack: LocalStack) -> list[float]:
    context = browser.new_context(viewport={"width": 1_360, "height": 900})
    page = context.new_page()
    page.set_default_timeout(_SECONDS * 1_000)
    sign_in(page, stack.document, "/")
    page.locator(_CHART).first.wait_for()
    took = []
    for _ in range(FIRST_VIEW_ROUNDS):
        started = time.perf_counter()
        page.goto(stack.document["dashboard_url"])
        page.locator(_CHART).first.wait_for()
        took.append((time.perf_counter() - started) * 1_000)
    context.close()
    return took
