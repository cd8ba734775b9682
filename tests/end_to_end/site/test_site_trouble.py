"""No network and a failing API, on the running system: what was there stays and goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.support.site.site_events import NORTH
from tests.support.site.site_visit import Visit, visiting
from tests.support.site.under_way import stop_clock

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

People = dict[str, dict[str, str]]
VIEWS = {
    "#/overview": "Describe the spring catalogue",
    "#/jobs?result=failed": "north-part-2",
    "#/jobs/north-retried": "worker 7 went away",
    "#/errors": "the vendor did not answer",
    "#/projects": "Catalogue of spring",
    "#/clients": "Northern Goods",
    f"#/clients/{NORTH}": "2 secret parameters are left out",
}
LAST = "What you see is the last that we know."


@pytest.fixture(scope="module")
def tab(browser: Browser, running: Any, people: People) -> Iterator[Visit]:
    """Give a tab of somebody of North whose network and clock tests can stop."""
    with visiting(browser, running.document["site_url"]) as visit:
        visit.page.clock.install()
        visit.without_push()
        visit.sign_in(people["north"])
        yield visit


@pytest.fixture
def visit(tab: Visit) -> Iterator[Visit]:
    """Give that tab; nothing else may go wrong in it than what a test provokes."""
    tab.expected = {"ERR_INTERNET_DISCONNECTED", "503"}
    yield tab
    tab.context.set_offline(offline=False)
    tab.page.unroute_all()
    tab.page.clock.resume()
    assert tab.troubles() == []


def fail(route: Any) -> None:
    """Answer as an API that is overloaded."""
    route.fulfill(status=503, body="", headers={"Retry-After": "600"})


@pytest.mark.parametrize("hash_", VIEWS)
def test_offline_is_a_banner_over_data_that_stays(visit: Visit, hash_: str) -> None:
    """It is called what it is, the data's age is shown, and its end is the end of the banner."""
    page = visit.page
    visit.open(hash_)
    thing = page.get_by_text(VIEWS[hash_]).first
    expect(thing).to_be_visible()
    visit.context.set_offline(offline=True)
    page.clock.fast_forward(11_000)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    expect(page.get_by_text(LAST)).to_be_visible()
    expect(page.locator(".freshness")).to_have_text("Updated 11 s ago")
    expect(thing).to_be_visible()
    stop_clock(page)  # no timer goes off from here on
    visit.context.set_offline(offline=False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()
    expect(page.locator(".freshness")).to_have_text("Updated just now")
    expect(thing).to_be_visible()


@pytest.mark.parametrize("hash_", VIEWS)
def test_a_failing_api_is_a_banner_over_data_that_stays(visit: Visit, hash_: str) -> None:
    """The last that is known stays; the page waits as long as it is asked to, and tries if told."""
    page = visit.page
    visit.open(hash_)
    thing = page.get_by_text(VIEWS[hash_]).first
    page.route("**/api/**", fail)
    page.clock.fast_forward(11_000)
    banner = page.get_by_role("status").filter(has_text="Run Ledger can’t be reached.")
    expect(banner).to_contain_text(LAST)
    expect(banner).to_contain_text("Trying again in")
    expect(thing).to_be_visible()
    visit.answers.clear()
    page.clock.fast_forward(60_000)
    assert visit.answers == []  # it was asked for ten minutes of quiet
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try now").click()
    expect(banner).to_be_hidden()
    expect(thing).to_be_visible()


@pytest.mark.parametrize("hash_", ["#/overview", "#/jobs", "#/jobs/north-failed", "#/clients"])
def test_a_first_visit_to_a_failing_api_says_so_and_recovers(visit: Visit, hash_: str) -> None:
    """Without data there is a page that says what it is, and it goes on by itself."""
    page = visit.page
    page.route("**/api/**", fail)
    page.goto("about:blank")
    page.goto(f"{visit.site_url}/{hash_}")
    expect(page.get_by_role("heading", name="Run Ledger can’t be reached.")).to_be_visible()
    page.unroute("**/api/**")
    page.clock.fast_forward(700_000)
    visit.wait_until_live(hash_)
    expect(page.get_by_role("heading", name="be reached")).to_have_count(0)


def test_sign_in_pages_that_fail_lose_nobody(visit: Visit) -> None:
    """A renewal that can't be had leaves the session as it is: a reload goes on later."""
    page = visit.page
    page.route("**/oauth2/token", fail)
    page.goto("about:blank")
    page.goto(f"{visit.site_url}/#/clients")
    expect(page.get_by_role("heading", name="Run Ledger can’t be reached.")).to_be_visible()
    page.unroute("**/oauth2/token")
    page.get_by_role("button", name="Try now").click()
    visit.wait_until_live("#/clients")
    expect(page.get_by_role("link", name="Northern Goods")).to_be_visible()
