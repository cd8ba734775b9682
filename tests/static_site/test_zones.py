"""The reader's zone and UTC; days across a change of clocks; times that no job can have."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.static_site.conftest import fill_sign_in, row, sign_in
from tests.support.readers.example_jobs import make_completed
from tests.support.site.browser import MILLISECONDS
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

CHANGES = [
    ("Europe/Berlin", "2026-10-25", "2026-10-24T20:00:00Z"),
    ("America/New_York", "2026-11-01", "2026-11-01T02:00:00Z"),
]


def visitor(browser: Browser, zone: str) -> BrowserContext:
    """Give a profile of somebody in a zone."""
    context = browser.new_context(
        locale="en-GB", timezone_id=zone, viewport={"width": 1280, "height": 800}
    )
    context.set_default_timeout(MILLISECONDS)
    return context


@pytest.mark.parametrize(("zone", "day", "first"), CHANGES)
def test_a_day_is_that_of_the_readers_zone_where_clocks_change(
    browser: Browser, origin: FakeOrigin, zone: str, day: str, first: str
) -> None:
    """A day of 25 hours has the jobs that a recount finds in it; the zone is named."""
    begin = datetime.fromisoformat(first)
    times = [begin + timedelta(minutes=30 * number) for number in range(64)]
    origin.jobs = [
        make_completed(f"job-{number}", "succeeded", created_at=f"{at:%Y-%m-%dT%H:%M:%SZ}")
        for number, at in enumerate(times)
    ]
    inside = [
        number
        for number, at in enumerate(times)
        if at.astimezone(ZoneInfo(zone)).date().isoformat() == day
    ]
    assert len(inside) == 50
    context = visitor(browser, zone)
    page = context.new_page()
    sign_in(page, origin)
    expect(page.get_by_text(f"Times in {zone}")).to_be_visible()
    page.get_by_text("More filters").click()
    with page.expect_request(lambda one: "from=" in one.url and "to=" in one.url) as request:
        page.get_by_label("From", exact=True).fill(day)
        page.get_by_label("Up to", exact=True).fill(day)
    asked = parse_qs(urlsplit(request.value.url).query)
    start, end = (datetime.fromisoformat(asked[name][0]) for name in ("from", "to"))

    assert [number for number, at in enumerate(times) if start <= at < end] == inside
    assert end - start == timedelta(hours=25)
    context.close()


def test_utc_is_one_click_away_and_stays_in_the_address(page: Page, origin: FakeOrigin) -> None:
    """In the tab and in a copied link; another click leads back to the reader's own zone."""
    origin.jobs = [make_completed("job-1", "succeeded", created_at="2026-11-01T12:34:56Z")]
    sign_in(page, origin)
    time = row(page, "job-1").locator("time")
    expect(time).to_contain_text("13:34")

    page.get_by_role("button", name="Show UTC").click()

    expect(time).to_contain_text("12:34")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?tz=UTC")
    page.get_by_role("link", name="Errors").click()
    expect(page).to_have_url(f"{origin.site_url}/#/errors?tz=UTC")
    expect(page.get_by_text("Times in UTC")).to_be_visible()
    page.goto(f"{origin.site_url}/#/jobs")
    page.reload()
    expect(time).to_contain_text("12:34")
    page.get_by_role("button", name="Show Europe/Berlin").click()
    expect(time).to_contain_text("13:34")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs")


def test_a_link_shows_its_zone_to_everybody(browser: Browser, origin: FakeOrigin) -> None:
    """Who opens it elsewhere sees the zone that the address names, through signing in."""
    origin.jobs = [make_completed("job-1", "succeeded", created_at="2026-11-01T12:34:56Z")]
    context = visitor(browser, "America/New_York")
    page = context.new_page()
    page.goto(f"{origin.site_url}/#/jobs?tz=Asia%2FTokyo")
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page)
    expect(page.get_by_text("Times in Asia/Tokyo")).to_be_visible()
    expect(row(page, "job-1").locator("time")).to_contain_text("21:34")
    page.goto(f"{origin.site_url}/#/jobs?tz=Mars")
    expect(page.get_by_text("Times in America/New_York")).to_be_visible()
    context.close()


def test_times_that_no_job_can_have_are_told(page: Page, origin: FakeOrigin) -> None:
    """Of the future, of 2010 and in the wrong order: what was asked, what is shown and why."""
    origin.jobs = [make_completed("job-1", "succeeded")]
    sign_in(page, origin, "#/jobs?from=2090-05-03T00:00:00Z&to=2090-05-04T00:00:00Z")
    expect(page.get_by_text("which has not come yet: jobs of any time are shown")).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    page.goto(f"{origin.site_url}/#/jobs?from=2090-05-03T00:00:00Z&to=2010-05-04T00:00:00Z")
    expect(page.get_by_text("which ends before it begins")).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    page.goto(f"{origin.site_url}/#/jobs?from=2010-05-03T00:00:00Z&to=2010-05-04T00:00:00Z")
    expect(page.get_by_text("You asked for jobs created 3 May 2010, 02:00")).to_be_visible()
    expect(page.get_by_text("which")).to_have_count(0)
    page.get_by_role("link", name="Show jobs of any time").click()
    expect(row(page, "job-1")).to_be_visible()
