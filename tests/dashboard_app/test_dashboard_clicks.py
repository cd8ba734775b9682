"""What only a browser shows: where links within the app lead, and which row is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from dashboard_app.periods import begin_of, day_of, floor_hour
from playwright.sync_api import Browser, Page, expect
from tests.screenshots.dashboard import MILLISECONDS, settle
from tests.support.app.analysts_app import providing, running_app
from tests.support.app.dashboard_api import serving
from tests.support.app.dashboard_data import fill, text
from tests.support.events.builders import job_update
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the folder in which the app keeps its log."""
    return tmp_path_factory.mktemp("clicks")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[str]:
    """Run the app on two weeks of work, with an hour three days ago in which much failed."""
    now = datetime.now(UTC)
    house = reading_house([])
    house.now = instants.parse(now.isoformat())
    fill(house, now)
    bad = (now - timedelta(days=3)).replace(minute=5)
    house.post(
        *(
            job_update(
                job_id=f"bad-{number}",
                client_id="globex",
                project_id="globex-catalogue",
                pipeline="products",
                event_id="ended",
                occurred_at=text(bad),
                status="completed",
                result="failed",
                error={"type": "DiskFull", "message": "No space is left"},
            )
            for number in range(30)
        ),
        *(
            job_update(
                job_id=job_id,
                client_id="globex",
                project_id="globex-catalogue",
                pipeline="products",
                event_id="begun",
                occurred_at=text(now - timedelta(hours=1)),
                **parent,
            )
            for job_id, parent in (("whole", {}), ("piece", {"parent_job_id": "whole"}))
        ),
    )
    with (
        serving(house) as api,
        providing() as provider,
        running_app(folder, provider, api.url) as url,
    ):
        yield url


@pytest.fixture
def page(browser: Browser, app: str) -> Iterator[Page]:
    """Give a tab of somebody who has signed in."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 1_000})
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
    yield page
    context.close()


@pytest.mark.parametrize("address", ["", "?span=30d&tz=Europe/Berlin&client=globex"])
def test_a_spike_leads_to_its_jobs_whatever_was_chosen(page: Page, app: str, address: str) -> None:
    """The link within the app shows the same as when it is opened from a mail."""
    page.goto(f"{app}/{address}")
    settle(page)
    page.get_by_role("link").filter(has_text="DiskFull").first.click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible(timeout=MILLISECONDS)
    counted = page.get_by_text("30 jobs", exact=True)
    expect(counted).to_be_visible()
    expect(page.get_by_text("Failed with DiskFull")).to_be_visible()
    settle(page)
    assert page.get_by_text("can't be understood").count() == 0
    query = parse_qs(urlsplit(page.url).query)
    spike = (datetime.now(UTC) - timedelta(days=3)).replace(minute=5)
    day = day_of(spike, ZoneInfo("Europe/Berlin"))
    begin, end = (
        [begin_of(one, ZoneInfo("Europe/Berlin")) for one in (day, day + timedelta(days=1))]
        if address
        else [floor_hour(spike), floor_hour(spike) + timedelta(hours=1)]
    )
    assert query["ended"] == [f"{text(begin)}/{text(end)}"]

    page.goto(page.url)
    expect(counted).to_be_visible()
    assert page.get_by_text("can't be understood").count() == 0


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("/?client=globex&span=30d", "Jobs"),
        ("/?span=30d&client=globex", "Errors"),
        ("/jobs?q=job-00&status=Completed", "Cost"),
        ("/jobs?status=Completed&span=30d", "Trends"),
        ("/?project=globex-catalogue&pipeline=products&span=30d", "Jobs"),
        ("/job?job=job-0003&with=job-0004", "Cost"),
        ("/projects?opened=acme%2Facme-catalogue", "Trends"),
        ("/clients?one=acme&other=globex&client=acme", "Projects"),
        ("/cost?by=Model&span=30d", "Jobs"),
        ("/errors?new_since=2026-11-20", "Clients"),
    ],
)
def test_one_press_of_back_leads_to_the_page_before(
    page: Page, app: str, address: str, link: str
) -> None:
    """With the filters that it had, whichever of them the other page shares."""
    page.goto(f"{app}{address}")
    settle(page)
    before = page.url
    page.get_by_role("link", name=link, exact=True).first.click()
    expect(page.get_by_role("heading", name=link, level=1)).to_be_visible()
    settle(page)

    page.go_back()

    expect(page).to_have_url(before)
    settle(page)
    assert page.url == before
    project = parse_qs(urlsplit(before).query).get("project", [""])[0]
    if project:
        expect(page.locator(".st-key-project input")).to_have_value(project)


def test_the_readers_zone_is_shown_and_utc_is_one_click_away(browser: Browser, app: str) -> None:
    """The address names it, so that a link shows the same days; Back still leads out."""
    context = browser.new_context(locale="en-GB", timezone_id="America/New_York")
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"tz=America%2FNew_York"))
    settle(page)
    expect(page.get_by_text(re.compile(r"as of \d\d:\d\d:\d\d E[SD]T"))).to_be_visible()

    page.get_by_role("button", name="Show UTC").click()
    expect(page).to_have_url(re.compile("tz=UTC"))
    settle(page)
    expect(page.get_by_text(re.compile(r"as of \d\d:\d\d:\d\d UTC"))).to_be_visible()
    expect(page.get_by_role("button", name="Show America/New_York")).to_be_visible()

    page.goto("about:blank")
    page.goto(app)
    expect(page).to_have_url(re.compile(r"tz=America%2FNew_York"))
    settle(page)
    page.go_back()
    expect(page).to_have_url("about:blank")
    context.close()


def test_a_job_opens_on_its_page_and_back_leads_to_the_list_as_it_was(page: Page, app: str) -> None:
    """Nobody has to scroll to it; the list has the filters that it had, by Back and by the link."""
    page.goto(f"{app}/jobs?span=30d&client=globex&result=Failed&status=Completed")
    settle(page)
    before = parse_qs(urlsplit(page.url).query)
    # The boxes of the rows stand at the left of the table, which is drawn and has no elements.
    page.get_by_test_id("stDataFrame").first.click(position={"x": 18, "y": 52})
    expect(page.get_by_role("heading", name="Job", level=1, exact=True)).to_be_visible()
    settle(page)
    expect(page.get_by_text("Outcome Failed")).to_be_in_viewport()
    assert "job" in parse_qs(urlsplit(page.url).query)

    page.go_back()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == before

    page.get_by_test_id("stDataFrame").first.click(position={"x": 18, "y": 52})
    expect(page.get_by_role("heading", name="Job", level=1, exact=True)).to_be_visible()
    settle(page)
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    settle(page)
    assert parse_qs(urlsplit(page.url).query) == before


def test_a_job_and_its_part_lead_to_each_other(page: Page, app: str) -> None:
    """By the row of the part, by the button to the whole, and by Back."""
    page.goto(f"{app}/job?job=whole")
    settle(page)
    expect(page.get_by_role("heading", name="whole", exact=True)).to_be_visible()
    # The table of attempts is the first, that of parts the second.
    page.get_by_test_id("stDataFrame").nth(1).click(position={"x": 18, "y": 52})
    expect(page.get_by_role("heading", name="piece", exact=True)).to_be_visible()
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["job"] == ["piece"]

    page.get_by_role("button", name="Part of whole").click()
    expect(page.get_by_role("heading", name="whole", exact=True)).to_be_visible()
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["job"] == ["whole"]

    page.go_back()
    expect(page.get_by_role("heading", name="piece", exact=True)).to_be_visible()


def test_no_page_leaves_a_warning_in_the_log(page: Page, app: str, folder: Path) -> None:
    """Also where a link within the app sets what has a usual value."""
    for address in (
        "/?span=30d&by=Client&previous=false",
        "/jobs?span=Days&days=2026-11-02&days=2026-11-01&stalled=true",
        "/errors?span=24h",
        "/projects?standing=All",
        "/clients?differences=false",
        "/cost?by=Pipeline",
        "/cost?by=Model&client=globex&interval=Day&tz=Europe/Berlin&utcdays=true",
        "/job?job=job-0003",
        "/job?job=job-0003&with=job-0004&span=90d",
        "/projects?opened=acme%2Facme-catalogue&standing=Open",
        "/errors?new_since=2030-01-01&error=none",
        "/jobs?when=Yesterday&timeof=Ended&sort=Dearest+first&result=Failed+or+timed+out",
    ):
        page.goto(f"{app}{address}")
        settle(page)
        for name in ("Cost", "Trends", "Jobs"):
            page.get_by_role("link", name=name, exact=True).first.click()
            expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
            settle(page)
    page.goto(f"{app}/?span=30d&client=globex")
    settle(page)
    page.get_by_role("link").filter(has_text="DiskFull").first.click()
    settle(page)

    (log,) = folder.glob("app-*.log")
    said = [line for line in log.read_text("utf-8").splitlines() if line.strip()]
    assert [line for line in said if "URL" not in line and "You can now view" not in line] == []
