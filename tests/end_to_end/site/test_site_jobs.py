"""The list of jobs on the running system: each filter, and paging by cursor while jobs arrive."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.support.site.site_events import BULK, BULK_JOBS, Pipeline, ended
from tests.support.site.site_seed import post
from tests.support.site.site_visit import Visit
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

PARTS = ["north-part-3", "north-part-2", "north-part-1"]
CHOICES = {
    "status": {
        "queued": ["north-queued"],
        "running": ["north-running", PARTS[0], "north-parent", "north-stalled", "north-talkative"],
        "stalled": ["north-stalled"],
        "completed": [
            *PARTS[1:],
            *("north-succeeded", "north-partial", "north-failed", "north-cancelled"),
            *("north-timed-out", "north-retried", "north-old"),
        ],
    },
    "result": {
        "succeeded": [PARTS[2], "north-succeeded", "north-retried", "north-old"],
        "partial": ["north-partial"],
        "failed": [PARTS[1], "north-failed"],
        "cancelled": ["north-cancelled"],
        "timed_out": ["north-timed-out"],
    },
}
TYPED = {
    "q": ("Search", "NORTH-part-", PARTS),
    "client_id": ("Client", "nobody", []),
    "project_id": ("Project", "returns", ["north-queued"]),
    "pipeline": ("Pipeline", "matching", ["north-succeeded", "north-partial"]),
    "parent_job_id": ("Part of job", "north-parent", PARTS),
}


def shows(visit: Visit, ids: list[str]) -> None:
    """Wait until the list shows exactly these jobs, in this order."""
    visit.page.wait_for_function(
        "ids => JSON.stringify([...document.querySelectorAll('[data-job-id]')]"
        ".map(row => row.dataset.jobId)) === JSON.stringify(ids)",
        arg=ids,
    )


def fold_out(page: Page) -> None:
    """Show the filters that are folded away."""
    if not page.get_by_label("Pipeline").is_visible():
        page.get_by_text("More filters").click()


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_filters_the_list_and_is_in_the_address(north: Visit, name: str) -> None:
    """Each status, stalled among them, and each result shows its jobs, newest first."""
    north.open("#/jobs")
    for value, ids in CHOICES[name].items():
        north.field(name.capitalize()).select_option(value)
        north.wait_until_live(f"#/jobs?{name}={value}")
        shows(north, ids)
    north.page.get_by_role("button", name="Clear filters").click()
    north.wait_until_live("#/jobs")
    shows(north, ["north-queued", *north.job_ids()[1:]])


@pytest.mark.parametrize("name", TYPED)
def test_what_is_typed_filters_the_list_and_is_in_the_address(north: Visit, name: str) -> None:
    """Id, client, project, pipeline and parent show their jobs as soon as typing pauses."""
    label, text, ids = TYPED[name]
    north.open("#/jobs")
    fold_out(north.page)
    north.field(label).press_sequentially(text)
    north.wait_until_live(f"#/jobs?{name}={text}")
    shows(north, ids)
    north.page.get_by_role("button", name="Clear filters").click()
    north.wait_until_live("#/jobs")


def test_dates_are_days_of_the_readers_calendar(north: Visit) -> None:
    """From and up to the same day show the jobs of that day; the address has the moments."""
    zone = ZoneInfo("Europe/Berlin")
    north.open("#/jobs?q=north-old")
    created = north.page.locator("[data-job-id] time").first.get_attribute("datetime") or ""
    day = datetime.fromisoformat(created).astimezone(zone).date()
    north.open("#/jobs")
    fold_out(north.page)
    north.page.get_by_label("Up to", exact=True).fill(day.isoformat())
    shows(north, ["north-old"])
    north.page.get_by_label("From", exact=True).fill(day.isoformat())
    expect(north.page).to_have_url(re.compile("from=.*to="))
    shows(north, ["north-old"])
    begin = datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
    assert begin.strftime("from=%Y-%m-%dT%H%%3A%M%%3A%SZ") in north.page.url


def test_filters_that_can_match_nothing_together_take_each_others_place(north: Visit) -> None:
    """A result goes with completed jobs alone; the way back restores what was."""
    north.open("#/jobs?result=failed")
    north.page.get_by_label("Status").select_option("running")
    north.wait_until_live("#/jobs?status=running")
    north.page.go_back()
    north.wait_until_live("#/jobs?result=failed")
    shows(north, CHOICES["result"]["failed"])


def test_a_filter_that_the_api_refuses_says_why(north: Visit) -> None:
    """What a mistyped address asks for is named, with a way out."""
    north.expected = {"400"}
    page = north.page
    page.goto(f"{north.site_url}/#/jobs?from=yesterday")
    expect(page.get_by_role("heading", name="This filter can’t be used")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("from")
    page.get_by_role("link", name="Clear filters").click()
    north.wait_until_live("#/jobs")


def test_paging_has_no_gap_and_no_repeat_while_jobs_arrive(
    staff: Visit, running: LocalStack
) -> None:
    """By pages of seven to the end, a new job reporting in the middle of it."""
    bulk = [f"bulk-{number:03}" for number in range(BULK_JOBS)]
    page = staff.page

    def smaller(route: Any) -> None:
        route.continue_(url=route.request.url.replace("limit=50", "limit=7"))

    page.route("**/api/jobs?*", smaller)
    staff.open(f"#/jobs?client_id={BULK}&q=bulk-0")
    shows(staff, bulk[:7])
    older = page.get_by_role("button", name="Load older jobs")
    older.click()
    shows(staff, bulk[:14])
    new = f"bulk-0-{uuid.uuid4()}"
    post(running, *Pipeline(BULK).job(new, ended("succeeded"), hours=0))
    news = page.get_by_role("button", name="Show 1 new job")
    staff.hurry_until(news)
    all_there = page.get_by_text("There are no more").first
    while not all_there.is_visible():
        count = len(staff.job_ids())
        older.or_(all_there).first.click()
        page.wait_for_function(
            "count => document.querySelectorAll('[data-job-id]').length > count", arg=count
        )
    assert staff.job_ids() == bulk
    expect(page.get_by_text(f"{BULK_JOBS + 1} jobs. There are no more.").first).to_be_visible()
    news.click()  # back to the top
    expect(staff.job(new)).to_be_visible()
    ids = staff.job_ids()
    assert ids == [new, *bulk[: len(ids) - 1]]
    page.unroute("**/api/jobs?*")
