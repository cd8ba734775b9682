"""Measure how soon a change is on an open page, and how often open pages ask.

From event to screen, all is real: the local stack's bus, queue, writer, stream, pusher and API, and
a browser. Requests are those of fifty pages in a browser, of which a stand-in for the site's origin
counts them.
"""

from __future__ import annotations

import functools
import json
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from tests.screenshots.example_day import fill
from tests.static_site.conftest import sign_in
from tests.support.site.browser import launched
from tests.support.site.fake_site_origin import FakeOrigin, running_origin
from tests.support.site.site_visit import visiting
from tests.support.stacks.local_stack import LocalStack, local_stack

from .figures import Figure

CHANGES, WITHOUT = 60, 12
P50_MS, P99_MS = 800, 2_000
PAGES = 50
MINUTE_SECONDS = 60
# Between changes: more than the second in which a stream gathers, and not in step with anything.
_PAUSE_SECONDS = 1.37
_WATCH = """() => {
  window.shownAt = {};
  const note = () => {
    const { innerText } = document.querySelector("main");
    for (const [, records] of innerText.matchAll(/(\\d+) of 1,000/g)) {
      window.shownAt[records] ??= Date.now();
    }
  };
  new MutationObserver(note).observe(document.querySelector("main"),
    { subtree: true, childList: true, characterData: true });
}"""


def event_to_screen_p50_ms() -> Figure:
    """Measure the median from the bus's answer to the row that shows the change."""
    return _to_screen("event_to_screen_p50_ms", 50, P50_MS)


def event_to_screen_p99_ms() -> Figure:
    """Measure the slowest of a hundred, as above."""
    return _to_screen("event_to_screen_p99_ms", 99, P99_MS)


def requests_of_idle_pages() -> Figure:
    """Count the requests of fifty pages on which nothing changes, in a minute."""
    return _requests("pages_50_requests_idle_per_minute", is_busy=False)


def requests_of_busy_pages() -> Figure:
    """Count the requests of fifty pages that are told of a change each second, in a minute."""
    return _requests("pages_50_requests_busy_per_minute", is_busy=True)


class _Bus:
    def __init__(self, stack: LocalStack) -> None:
        self._name = stack.document["event_bus_name"]
        self._client = stack.client("events")

    def report(self, said: Mapping[str, Any]) -> None:
        detail = {"project_id": "screens", "client_id": "acme", **said}
        entry = {
            "EventBusName": self._name,
            "Source": "bench",
            "DetailType": "job_update",
            "Detail": json.dumps(detail),
        }
        answer = self._client.put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0


def _to_screen(name: str, percent: int, goal: int) -> Figure:
    pushed, asked, load = _seen_on_screen()
    place = min(len(pushed) * percent // 100, len(pushed) - 1)
    return Figure(
        name,
        pushed[place],
        "ms",
        goal=goal,
        more_is_better=False,
        notes=(
            f"{len(pushed)} single events on an idle local stack; slowest {pushed[-1]:.0f} ms",
            (
                f"the same page without a socket, {len(asked)} events: median "
                f"{asked[len(asked) // 2]:.0f} ms, slowest {asked[-1]:.0f} ms"
            ),
            "from the bus's answer; on AWS the stream gathers for up to a second more",
            load,
        ),
    )


@functools.cache
def _seen_on_screen() -> tuple[list[float], list[float], str]:
    """Return the sorted milliseconds of each change, with a socket and without, and the load."""
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder)) as stack,
        launched() as browser,
    ):
        # One client for all events: making one takes longer than what is measured.
        bus = _Bus(stack)
        taken = {}
        for count, has_socket in ((CHANGES, True), (WITHOUT, False)):
            with visiting(browser, stack.document["site_url"]) as visit:
                visit.expected = {"404"}  # the page may be there before its job is
                if not has_socket:
                    visit.without_push()
                visit.sign_in(stack.document["users"]["staff"], "#/jobs")
                taken[has_socket] = sorted(_changes(bus, visit.page, count))
    load = f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
    return taken[True], taken[False], load


def _changes(bus: _Bus, page: Page, count: int) -> Iterator[float]:
    """Change a job that a page shows so many times, and yield how many milliseconds each took."""
    job_id = f"screen-{uuid.uuid4().hex[:8]}"
    bus.report({"job_id": job_id, "status": "running", "records_total": 1_000})
    page.evaluate("hash => { location.hash = hash }", f"#/jobs/{job_id}")
    expect(page.get_by_text("of 1,000").first).to_be_visible()
    page.evaluate(_WATCH)
    for records in range(1, count + 1):
        time.sleep(_PAUSE_SECONDS)
        bus.report({"job_id": job_id, "delta": {"records_ok": 1}})
        taken_at = time.time() * 1_000
        shown = page.wait_for_function("records => window.shownAt[records]", arg=str(records))
        yield shown.json_value() - taken_at


def _requests(name: str, *, is_busy: bool) -> Figure:
    with _fifty_pages() as (page, origin):
        origin.api_requests.clear()
        for second in range(MINUTE_SECONDS):
            if is_busy:
                totals = origin.overview["totals"]
                origin.overview = {
                    **origin.overview,
                    "totals": {**totals, "ended": totals["ended"] + 1, "running": 3 + second % 2},
                }
                origin.sockets.tell()
            page.wait_for_timeout(1_000)
        count, sockets = len(origin.api_requests), origin.sockets.count
    return Figure(
        name,
        count,
        "requests",
        goal=PAGES * MINUTE_SECONDS if is_busy else 0,
        more_is_better=False,
        notes=(
            f"{sockets} overviews with a socket each in one browser, for a minute",
            "without sockets: 6 a minute and page while nothing runs, 20 while something does",
        ),
    )


@contextmanager
def _fifty_pages() -> Iterator[tuple[Page, FakeOrigin]]:
    """Give fifty overviews that are live and at rest; the one that signed in comes back."""
    with launched() as browser, running_origin() as origin:
        fill(origin)
        origin.more_config = {"push_url": "/push"}
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        first = context.new_page()
        sign_in(first, origin, "#/overview")
        first.get_by_role("heading", name="Needs attention").wait_for()
        for _ in range(PAGES - 1):
            # It takes the session over from the tabs that are there.
            context.new_page().goto(f"{origin.site_url}/#/overview")
        for page in context.pages:
            expect(page.locator(".freshness")).to_contain_text("Live", timeout=120_000)
        first.wait_for_timeout(12_000)  # by then all have looked at what follows
        yield first, origin
