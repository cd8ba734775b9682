"""Every view of the site, and what it shows when it is full, empty or failing."""

from __future__ import annotations

import itertools
import re

from playwright.sync_api import Page
from tests.screenshots.example_day import fill
from tests.support.readers.example_jobs import (
    ago,
    make_client,
    make_completed,
    make_entry,
    make_error_group,
    make_incident,
    make_job,
    make_project,
)
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.under_way import stopped_clock

WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  window.shifts.push(...list.getEntries().filter((entry) => !entry.hadRecentInput));
}).observe({ type: "layout-shift", buffered: true });
"""
COSTS_SECONDS = 61
"""How long until also the view of costs asks again, which it does once a minute."""
VIEWS = {
    "overview": "#/overview",
    "jobs": "#/jobs",
    "job": "#/jobs/enrich-041",
    "compare": "#/compare?one=enrich-041&other=enrich-400",
    "errors": "#/errors",
    "incidents": "#/incidents",
    "incident": "#/incidents/of-enrich",
    "projects": "#/projects",
    "project": "#/projects/catalogue-refresh?client_id=acme",
    "costs": "#/costs",
    "clients": "#/clients",
    "client": "#/clients/acme",
    "api": "#/api",
}
GO_TO = """hash => new Promise((done) => {
  if (location.hash === hash) {
    done();
  }
  addEventListener("hashchange", () => done(), { once: true });
  location.hash = hash;
})"""
"""Go elsewhere, and return when the site has heard of it."""
EMPTY = ("overview", "jobs", "errors", "incidents", "projects", "costs", "clients")


def open_view(page: Page, hash_: str) -> None:
    """Open a view and wait until its data is there."""
    page.evaluate(GO_TO, hash_)
    if hash_ == VIEWS["api"]:
        # Loaded only now; and while the clock stands still, what follows looks but once.
        page.locator(".reference__operation").first.wait_for()
    page.wait_for_function(
        "hash => location.hash === hash && !document.querySelector('[aria-busy]')"
        " && document.querySelector('.freshness[data-state=live]')",
        arg=hash_,
    )


def wait_for_trouble(page: Page) -> None:
    """Wait until the page says that the API can't be had."""
    page.get_by_role("button", name="Try now").wait_for()


def fill_up(origin: FakeOrigin) -> None:
    """Let every list of a day's be longer than a page."""
    fill(origin)
    for number in range(120):
        name = f"more-{number:03}"
        long_ago = ago(days=3, minutes=number)
        origin.jobs.append(make_completed(name, "succeeded", created_at=long_ago))
        origin.entries["enrich-041"].append(make_entry(name, detail={"stage": name}))
        origin.errors.append(make_error_group(name))
        origin.incidents.append(make_incident(name, opened_at=long_ago))
        origin.projects.append(make_project(name))
        origin.clients.append(make_client(name))


_news = itertools.count()


def go_on(origin: FakeOrigin) -> None:
    """Let something happen in every view: what is there goes on, and something comes to it."""
    name = f"new-{next(_news)}"
    for job in origin.jobs:
        job["counters"] = {**job["counters"], "records_ok": 4_200 + len(origin.jobs)}
    origin.jobs.append(make_job(name, parent_job_id="enrich-041", created_at=ago(seconds=0)))
    totals = origin.overview["totals"]
    more = {name: totals[name] + 1 for name in ("running", "failed", "ended")}
    totals = {**totals, **more, "last_event_at": ago(seconds=0)}
    origin.overview = {**origin.overview, "totals": totals}
    origin.entries["enrich-041"].append(make_entry(name, detail={"delta": {"records_ok": 1}}))
    origin.errors.insert(0, make_error_group(name, count=99))
    origin.incidents.insert(0, make_incident(name))
    origin.projects.insert(0, make_project(name))
    origin.clients.insert(0, make_client(name))


def shift_of(page: Page, origin: FakeOrigin, hash_: str) -> float:
    """Give what jumps in a view while it loads, while something new comes, and as it grows."""
    open_view(page, hash_)
    page.reload()
    open_view(page, hash_)
    go_on(origin)
    with stopped_clock(page), page.expect_response("**/api/**"):
        page.clock.fast_forward(COSTS_SECONDS * 1000)
    draw(page)
    more = page.locator("button").filter(has_text=re.compile("^Load "), visible=True)
    if more.count() > 0:
        with page.expect_response("**/api/**cursor=**") as response:
            more.first.dispatch_event("click")  # which is no key and no click of a reader's
        response.value.finished()
    draw(page)
    return float(page.evaluate("window.shifts.splice(0).reduce((all, one) => all + one.value, 0)"))


def draw(page: Page) -> None:
    """Wait until what is there has been drawn, and whoever observes it has been told."""
    page.screenshot()
