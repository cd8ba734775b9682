"""A browser, an origin and a reader who is signed in."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from tests.screenshots.example_day import fill
from tests.static_site.every_view import open_view
from tests.support.site.browser import MILLISECONDS
from tests.support.site.fake_site_origin import EMAIL, PASSWORD, FakeOrigin, running_origin
from tests.support.site.under_way import COUNT, DEADLINE_SECONDS, stopped_clock, wait_until_answered

COUNT_ROUNDS = """() => {
  const ask = window.fetch;
  let answered = 0;
  window.asked = [];
  window.fetch = async (address, options) => {
    const round = answered + 1;
    window.asked.push({ address: String(address), round, at: performance.now() });
    const answer = await ask(address, options);
    if (String(address).startsWith("/api/")) {
      answered = Math.max(answered, round);
    }
    return answer;
  };
}"""
"""A question is of the first round when no answer of the API was there before it."""
COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"
"""Whoever comes back to a page lets it ask at once, whatever its clock says."""


@pytest.fixture
def origin() -> Iterator[FakeOrigin]:
    """Give an origin with no jobs."""
    with running_origin() as origin:
        yield origin


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Give a browser profile of its own, with a fixed zone and language."""
    context = browser.new_context(
        locale="en-GB", timezone_id="Europe/Berlin", viewport={"width": 1280, "height": 800}
    )
    context.set_default_timeout(MILLISECONDS)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, origin: FakeOrigin) -> Iterator[Page]:
    """Give a tab; the test fails if the page broke its security policy or threw an error."""
    page = context.new_page()
    page.clock.install()
    page.add_init_script(COUNT)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "console",
        lambda message: (
            errors.append(message.text)
            if "Content Security Policy" in message.text or "Trusted" in message.text
            else None
        ),
    )
    yield page
    assert errors == []
    assert origin.csp_reports == []


@pytest.fixture
def still(page: Page, origin: FakeOrigin) -> Page:
    """Give the overview of a day with jobs, signed in; its clock stands still."""
    fill(origin)
    page.add_init_script(f"({COUNT_ROUNDS})()")
    sign_in(page, origin, "#/overview")
    open_view(page, "#/overview")
    page.clock.pause_at(datetime.now(UTC) + timedelta(seconds=30))
    return page


def ask_again(page: Page, after: int = 0) -> None:
    """Let a page with a `still` clock ask, and wait until it has the answer.

    `after` is how many seconds its clock goes on first, for a view that asks more seldom.
    """
    wait_until_answered(page)
    asked = page.evaluate("window.asked.length")
    if after > 0:
        page.clock.fast_forward(after * 1000)
    # What has asked is not made to ask again: its answer may have come by now.
    page.wait_for_function(
        f"asked => {{ if (window.asked.length > asked) return true; {COME_BACK}; return false }}",
        arg=asked,
    )
    wait_until_answered(page)


def let_pass(page: Page, seconds: int = 11) -> None:
    """Let so much time pass in the page at once: by default enough for a poll when idle."""
    with nullcontext() if seconds < DEADLINE_SECONDS else stopped_clock(page):
        page.clock.fast_forward(seconds * 1000)


def sign_in(page: Page, origin: FakeOrigin, hash_: str = "#/jobs") -> None:
    """Open the site and go through the sign-in pages."""
    page.goto(f"{origin.site_url}/{hash_}")
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page)


def fill_sign_in(page: Page) -> None:
    """Fill the form of the sign-in pages."""
    page.locator("[name=username]").fill(EMAIL)
    page.locator("[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Go").click()


def row(page: Page, job_id: str) -> Locator:
    """Find the row of a job."""
    return page.locator(f'tr[data-job-id="{job_id}"]')
