"""Measure how long analysts wait: for a rerun with known answers, and for the first view.

The rerun is one of the Trends page by client: 30 days by hour, and 10 clients with work in every
hour, as the real reader tells them of a hundred thousand jobs. The answers are kept from the run
before. Streamlit's own test runner runs it, and the figure is Python's time from the script's start
to its end. The first view is taken on the local stack, in a real browser with a new session, from
the request for the page until the throughput chart is drawn.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from tests.screenshots.dashboard import sign_in
from tests.support.app.dashboard_api import serving, token
from tests.support.dynamo.querying import Querying
from tests.support.readers.reading import House
from tests.support.site.browser import launched
from tests.support.stacks import filling
from tests.support.stacks.local_stack import LocalStack, local_stack

from run_ledger.domain import instants

from .figures import Figure

MAIN = Path(__file__).resolve().parents[2] / "dashboard_app" / "main.py"
ROUNDS = 7
CLIENTS, JOBS = 10, 100_000
FIRST_VIEW_ROUNDS = 5
_SECONDS = 60
_CHART = "[data-testid=stVegaLiteChart] >> css=svg, canvas"


def rerun_ms(jobs: int = JOBS) -> Figure:
    """Measure a rerun of the Trends page with warm answers."""
    store = filling.filled(jobs=jobs, clients=CLIENTS, days=30, heard=_heard)
    now = instants.parse(datetime.now(UTC).isoformat())
    with serving(House(Querying(store), now=now)) as api:  # type: ignore[arg-type]
        app = AppTest.from_file(str(MAIN), default_timeout=_SECONDS)
        app.secrets["run_ledger"] = {"api_url": api.url}
        access = {"access": token("u-1", "staff")}
        app.user = {"is_logged_in": True, "email": "a@b.example", "tokens": access}
        app.query_params.update({"span": "30d", "interval": "Hour", "by": "Client"})
        app.run()
        assert not app.exception, app.exception
        asked = len(api.asked)
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            app.run()
            took.append((time.perf_counter() - started) * 1_000)
        assert not app.exception, app.exception
    return Figure(
        "dashboard_rerun_ms",
        statistics.median(took),
        "ms",
        goal=300,
        more_is_better=False,
        notes=(
            f"{jobs:,} jobs of {CLIENTS} clients, 30 days by hour; median of {ROUNDS}",
            f"requests: {asked} before, {(len(api.asked) - asked) / ROUNDS:g} a rerun",
        ),
    )


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
