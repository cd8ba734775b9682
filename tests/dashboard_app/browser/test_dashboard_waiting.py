"""What a page of the app says while answers are late, and when the session has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.screenshots.dashboard import MILLISECONDS, settle
from tests.support.app.analysts_app import Provider, providing, running_app
from tests.support.app.dashboard_api import Api, serving
from tests.support.app.dashboard_data import fill
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

pytestmark = pytest.mark.browser

LONG_AGO = 1_000
"""So many seconds ago nobody has just signed in."""


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """Serve two weeks of work."""
    now = datetime.now(UTC)
    house = reading_house([])
    house.now = instants.parse(now.isoformat())
    fill(house, now)
    with serving(house) as api:
        yield api


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """Run a sign-in provider."""
    with providing() as provider:
        yield provider


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, api: Api, provider: Provider) -> Iterator[str]:
    """Run the app."""
    with running_app(tmp_path_factory.mktemp("waiting"), provider, api.url) as url:
        yield url


@pytest.fixture
def page(browser: Browser, app: str, api: Api, provider: Provider) -> Iterator[Page]:
    """Give a tab of somebody who has signed in a while ago."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 1_000})
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    provider.signed_in_seconds_ago = LONG_AGO
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
    settle(page)
    yield page
    api.status = None
    api.may_answer.set()
    context.close()


def test_a_page_says_that_it_waits_for_a_late_answer(page: Page, app: str, api: Api) -> None:
    """Its name and what is being loaded are there; the data come with the answer."""
    api.may_answer.clear()
    page.goto(f"{app}/jobs")

    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    expect(page.get_by_text("Loading clients …")).to_be_visible()
    assert page.get_by_test_id("stDataFrame").count() == 0

    api.may_answer.set()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    settle(page)
    expect(page.get_by_text("Loading clients …")).to_be_hidden()


def test_a_session_that_has_ended_is_renewed_on_the_same_page(
    page: Page, app: str, api: Api, provider: Provider
) -> None:
    """By the sign-in page; if that does not help, a sentence and a button say what to do."""
    provider.signed_in_seconds_ago = 0
    api.status = 401
    page.goto(f"{app}/jobs?result=Failed")

    expect(page.get_by_text("The API does not accept this sign-in.")).to_be_visible()
    again = page.get_by_role("button", name="Sign in again")
    expect(again).to_be_visible()

    api.status = None
    again.click()
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    settle(page)
    assert "/jobs?" in page.url
    assert "result=Failed" in page.url
