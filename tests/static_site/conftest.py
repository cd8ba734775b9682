"""A browser, an origin and a reader who is signed in."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from tests.support.fake_site_origin import EMAIL, PASSWORD, FakeOrigin, running_origin


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
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, origin: FakeOrigin) -> Iterator[Page]:
    """Give a tab; the test fails if the page broke its security policy or threw an error."""
    page = context.new_page()
    page.clock.install()
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


def let_pass(page: Page, seconds: int = 11) -> None:
    """Let so much time pass in the page at once: by default enough for a poll when idle."""
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
