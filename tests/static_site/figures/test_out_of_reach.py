"""Times of which nothing can be known: what was asked for, what is shown instead, and why."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import job_update
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

MOST_DAYS = 400
"""So many days can be counted at once."""
# What is asked for, what is said, and the days that are counted in its place.
ERRORS = [
    ("new_since=2090-05-03", "errors new since 3 May 2090 (UTC), which has not come yet: all", 7),
    (
        "new_since=2010-05-03",
        "errors new since 3 May 2010 (UTC). 400 days can be counted",
        MOST_DAYS,
    ),
    ("new_since=yesterday", "errors new since “yesterday”, which is no day: all errors", 7),
    ("days=5000", "the last 5000 days. 400 can be counted at most, and are shown", MOST_DAYS),
    ("days=-3", "“-3” days, which is no number of days: the last 7 are shown", 7),
]
COSTS = [
    ("since=2090-05-03T00:00:00Z", "since 3 May 2090, 02:00, which has not come yet: the last 7"),
    ("since=2010-05-03T00:00:00Z", "since 3 May 2010, 02:00. 400 days can be counted"),
    ("since=soon", "since “soon”, which is no time: the last 7 days are shown"),
    ("period=2010", "the period “2010”, which is not offered: the last 7 days are shown"),
]


def a_failure() -> dict[str, object]:
    """Return the only event: of a job that failed an hour ago."""
    return job_update(
        job_id="job-1",
        event_id="1",
        client_id="acme",
        status="completed",
        result="failed",
        occurred_at=(datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        error={"type": "Gone", "message": "away", "fingerprint": "gone"},
        delta={"cost_microusd": 2_500_000, "records_ok": 1},
    )


@pytest.mark.parametrize(("query", "said", "days"), ERRORS)
def test_errors_of_days_out_of_reach(
    page: Page, origin: FakeOrigin, query: str, said: str, days: int
) -> None:
    """Of the future, of 2010, of no day: one sentence says so, and what failed is shown."""
    serve(origin, [a_failure()])
    first = (datetime.now(UTC) - timedelta(days=days - 1)).date()
    with page.expect_request(re.compile("/api/errors")) as request:
        sign_in(page, origin, f"#/errors?{query}")
    assert parse_qs(urlsplit(request.value.url).query)["from"] == [f"{first}"]
    expect(page.locator(".error-group")).to_have_count(1)
    expect(page.locator(".banner:visible")).to_have_count(1)
    expect(page.locator(".banner:visible")).to_contain_text(f"You asked for {said}")
    page.get_by_label("Time", exact=True).select_option("30")
    expect(page.locator(".banner:visible")).to_have_count(0)


@pytest.mark.parametrize(("query", "said"), COSTS)
def test_costs_of_times_out_of_reach(page: Page, origin: FakeOrigin, query: str, said: str) -> None:
    """Of the future, of 2010, of no time: one sentence says so, and what was used is shown."""
    serve(origin, [a_failure()])
    sign_in(page, origin, f"#/costs?{query}")
    expect(page.locator(".costs__total td").first).to_contain_text("$2.50")
    expect(page.locator(".banner:visible")).to_have_count(1)
    expect(page.locator(".banner:visible")).to_contain_text(said)
    page.get_by_label("Period", exact=True).select_option("30d")
    expect(page.locator(".banner:visible")).to_have_count(0)


def test_a_choice_that_is_not_offered_leaves_with_its_address(
    page: Page, origin: FakeOrigin
) -> None:
    """What a link has asked for is no choice any more once something else was chosen."""
    serve(origin, [a_failure()])
    sign_in(page, origin, "#/costs?period=2010")
    choices = page.get_by_label("Period", exact=True).get_by_role("option")
    expect(choices).to_have_count(5)
    page.goto(f"{origin.site_url}/#/costs?period=2011")
    expect(choices.last).to_have_text("2011")
    expect(choices).to_have_count(5)
    page.get_by_label("Period", exact=True).select_option("30d")
    expect(choices).to_have_count(4)


def test_an_id_that_is_a_step_in_a_path_is_no_job(page: Page, origin: FakeOrigin) -> None:
    """The comparison asks for no other path instead."""
    serve(origin, [a_failure()])
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url))
    sign_in(page, origin, "#/compare?one=..&other=.")
    expect(page.get_by_text("Give the ids of two jobs.")).to_be_visible()
    assert [url for url in asked if "/api/" in url] == []


def test_a_period_that_is_none_is_refused_by_name(page: Page, origin: FakeOrigin) -> None:
    """The overview says which parameter can't be used and what is allowed; a click leads back."""
    serve(origin, [a_failure()])
    sign_in(page, origin, "#/overview?period=2010")
    expect(page.get_by_text("This filter can’t be used")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("24h")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator(".verdict")).to_contain_text("1 of 1 job failed")
