"""Measure how long analysts wait: for a rerun with known answers, and for the first view.

The rerun is one of the Trends page by client: 30 days by hour, and 10 clients with work in every
hour. The answers are kept from the run before. Streamlit's own test runner runs it, and the figure
is Python's time from the script's start to its end. The first view is taken on the local stack, in
a real browser with a new session, from the request for the page until the throughput chart is
drawn.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Browser
from streamlit.testing.v1 import AppTest
from tests.screenshots.dashboard import sign_in
from tests.support.app.dashboard_api import token
from tests.support.site.browser import launched
from tests.support.stacks import filling
from tests.support.stacks.local_stack import LocalStack, local_stack

from .figures import Figure

MAIN = Path(__file__).resolve().parents[2] / "dashboard_app" / "main.py"
ROUNDS = 7
CLIENTS, HOURS = 10, 30 * 24
FIRST_VIEW_JOBS = 100_000
FIRST_VIEW_ROUNDS = 5
_SECONDS = 60
_CHART = "[data-testid=stVegaLiteChart] >> css=svg, canvas"


def rerun_ms() -> Figure:
    """Measure a rerun of the Trends page with warm answers."""
    with _answering(_answers()) as url:
        app = AppTest.from_file(str(MAIN), default_timeout=_SECONDS)
        app.secrets["run_ledger"] = {"api_url": url}
        access = {"access": token("u-1", "staff")}
        app.user = {"is_logged_in": True, "email": "a@b.example", "tokens": access}
        app.query_params.update({"span": "30d", "interval": "Hour", "by": "Client"})
        app.run()
        assert not app.exception, app.exception
        took = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            app.run()
            took.append((time.perf_counter() - started) * 1_000)
    return Figure(
        "dashboard_rerun_ms",
        statistics.median(took),
        "ms",
        goal=300,
        more_is_better=False,
        notes=(
            f"{CLIENTS} clients, {HOURS} hours, {CLIENTS * HOURS:,} points; median of {ROUNDS}",
        ),
    )


def _answers() -> dict[str, Any]:
    """Return the API's answers about ten clients that have jobs all the time."""
    dice = random.Random(6)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    begin = now - timedelta(hours=HOURS - 1)
    totals = dict.fromkeys(
        ("queued", "running", "succeeded", "partial", "failed", "cancelled", "timed_out"), 1
    )
    clients = [
        {
            "client_id": f"client-{number}",
            "name": None,
            "description": None,
            "contact": None,
            "tags": {},
            "declared": True,
            "jobs": {"total": 7, **totals},
        }
        for number in range(CLIENTS)
    ]
    series = [
        {
            "key": {"client_id": one["client_id"]},
            "points": [_point(dice, begin + timedelta(hours=hour)) for hour in range(HOURS)],
        }
        for one in clients
    ]
    page = {"next_cursor": None}
    return {
        "/clients": {"items": clients, **page},
        "/projects": {"items": [], **page},
        "/errors": {"items": [], **page},
        "/overview": {
            "as_of": now.isoformat(),
            "totals": {"running": 1, "queued": 0, "stalled": 0, "last_event_at": now.isoformat()},
            "clients": [],
        },
        "client": {"series": series},
        "pipeline": {"series": []},
        "": {"series": [{"key": {}, "points": series[0]["points"]}]},
    }


def _point(dice: random.Random, at: datetime) -> dict[str, Any]:
    failed = dice.randrange(4)
    succeeded = dice.randrange(20, 60)
    return {
        "at": at.isoformat(),
        "created": succeeded,
        "started": succeeded,
        "ended": succeeded + failed,
        "succeeded": succeeded,
        "partial": 0,
        "failed": failed,
        "cancelled": 0,
        "timed_out": 0,
        "error_rate": failed / (succeeded + failed),
        "duration_p50_seconds": dice.random() * 60,
        "duration_p95_seconds": dice.random() * 600,
        "attempts": {"ended": succeeded + failed, "failed": failed, "timed_out": 0},
        "counters": {"records_ok": succeeded * 40, "input_tokens": 9_000, "cost_microusd": 8_000},
    }


@contextmanager
def _answering(answers: dict[str, Any]) -> Iterator[str]:
    bodies = {name: json.dumps(document).encode() for name, document in answers.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            group = parse_qs(parts.query).get("group_by", [""])[0]
            body = bodies[group if parts.path == "/trends" else parts.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def first_view_ms(jobs: int = FIRST_VIEW_JOBS) -> Figure:
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
