"""One press of Back leads to the page before, on machines however slow, for people in a hurry, too.

Each entry that Streamlit adds to the browser's history comes ten seconds after the one before it,
by the page's own clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.screenshots.dashboard import MILLISECONDS, settle
from tests.support.app.analysts_app import providing, running_app
from tests.support.app.dashboard_api import serving
from tests.support.app.dashboard_data import fill
from tests.support.recounts.views import reading_house
from tests.support.stacks.local_stack import wait_for

from run_ledger.domain import instants

pytestmark = pytest.mark.browser

FIRST_ROW = {"x": 18, "y": 52}
"""Where the box of a table's first row is, which is drawn and is no element."""
NOWHERE = (1_350, 500)
"""A place at the edge of the window, where nothing can be clicked."""
LIST = "/jobs?span=30d&client=globex&result=Failed&status=Completed"
SLOW = """(() => {
  const clock = performance.now.bind(performance);
  let late = 0;
  performance.now = () => clock() + late;
  for (const name of ["pushState", "replaceState"]) {
    const kept = history[name];
    history[name] = (...given) => { late += 10_000; kept.apply(history, given); };
  }
  addEventListener("popstate", () => { late += 10_000; });
})()"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the app on two weeks of work."""
    now = datetime.now(UTC)
    house = reading_house([])
    house.now = instants.parse(now.isoformat())
    fill(house, now)
    with (
        serving(house) as api,
        providing() as provider,
        running_app(tmp_path_factory.mktemp("back"), provider, api.url) as url,
    ):
        yield url


@pytest.fixture
def page(browser: Browser, app: str) -> Iterator[Page]:
    """Give a tab of somebody who has signed in."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 1_000})
    context.add_init_script(SLOW)
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
    settle(page)
    yield page
    context.close()


def arrive(page: Page, title: str) -> str:
    """Wait until a page has come, and return its address."""
    expect(page.get_by_role("heading", name=title, level=1, exact=True)).to_be_visible()
    settle(page)
    return page.url


def opened(page: Page, address: str, title: str) -> str:
    """Open a link in a tab with nothing before it, and return the address at which it arrives."""
    page.goto("about:blank")
    page.goto(address)
    return arrive(page, title)


def pressed(page: Page, way: Literal["back", "forward"], title: str, address: str) -> None:
    """Press Back or Forward once; it leads to this page with these filters."""
    page.go_back() if way == "back" else page.go_forward()
    assert has(arrive(page, title)) == has(address)


def has(address: str) -> tuple[str, dict[str, list[str]]]:
    """Return the page and the filters that an address names."""
    parts = urlsplit(address)
    return parts.path, parse_qs(parts.query)


def leads_out(page: Page) -> None:
    """Press Back once more: it leads out of the app."""
    page.go_back()
    expect(page).to_have_url("about:blank")


def open_first_job(page: Page) -> str:
    """Select the list's first job and return the address of its page."""
    page.get_by_test_id("stDataFrame").first.click(position=FIRST_ROW)  # type: ignore[arg-type]
    return arrive(page, "Job")


def go(page: Page, title: str) -> str:
    """Click a page's name at the top and return the address of the page."""
    page.get_by_role("link", name=title, exact=True).first.click()
    return arrive(page, title)


def test_from_a_job_to_the_list(page: Page, app: str) -> None:
    """The list has the filters that it had."""
    before = opened(page, f"{app}{LIST}", "Jobs")
    open_first_job(page)

    pressed(page, "back", "Jobs", before)
    leads_out(page)


@pytest.mark.parametrize("address", ["/job?job=job-0007", "/jobs?job=job-0007"])
def test_from_a_job_that_a_link_opened(page: Page, app: str, address: str) -> None:
    """It leads to where the link was, also by a link of before that names the list."""
    opened(page, f"{app}{address}", "Job")

    leads_out(page)


def test_from_a_list_whose_filters_have_changed(page: Page, app: str) -> None:
    """Filters make no entries: Back leads to the page before, Forward to them as they were left."""
    trends = opened(page, f"{app}/?span=30d", "Trends")
    go(page, "Jobs")
    page.get_by_role("combobox", name="Result", exact=True).click()
    page.get_by_role("option", name="Failed", exact=True).click()
    expect(page).to_have_url(re.compile("result=Failed"))
    jobs = arrive(page, "Jobs")

    pressed(page, "back", "Trends", trends)
    pressed(page, "forward", "Jobs", jobs)
    pressed(page, "back", "Trends", trends)
    leads_out(page)


def test_two_pages_back_and_forward_again(page: Page, app: str) -> None:
    """Each page is one press away, in both directions."""
    jobs = opened(page, f"{app}{LIST}", "Jobs")
    cost = go(page, "Cost")
    errors = go(page, "Errors")

    pressed(page, "back", "Cost", cost)
    pressed(page, "back", "Jobs", jobs)
    pressed(page, "forward", "Cost", cost)
    pressed(page, "forward", "Errors", errors)
    pressed(page, "back", "Cost", cost)
    pressed(page, "back", "Jobs", jobs)
    leads_out(page)


def test_whoever_clicks_while_a_page_comes(page: Page, app: str) -> None:
    """Clicks on nothing, and a second one on the link, make no entries of their own."""
    before = opened(page, f"{app}{LIST}", "Jobs")
    job = page.get_by_role("heading", name="Job", level=1, exact=True)

    def has_come() -> bool:
        page.mouse.click(*NOWHERE)
        return job.is_visible()

    page.get_by_test_id("stDataFrame").first.click(position=FIRST_ROW)  # type: ignore[arg-type]
    wait_for("the job's page", has_come, MILLISECONDS / 1_000)
    job_page = arrive(page, "Job")
    page.get_by_role("link", name="Cost", exact=True).first.dblclick()
    arrive(page, "Cost")

    pressed(page, "back", "Job", job_page)

    pressed(page, "back", "Jobs", before)
    leads_out(page)


def test_back_to_an_address_without_a_zone(page: Page, app: str) -> None:
    """The page comes, although its zone's widget holds what the address doesn't name."""
    opened(page, f"{app}/?span=30d", "Trends")
    page.evaluate("history.replaceState(null, '', '/?span=30d')")
    go(page, "Cost")

    page.go_back()

    arrive(page, "Trends")
    expect(page.get_by_test_id("stException")).to_have_count(0)
