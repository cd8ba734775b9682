"""A stakeholder with a real browser, on the running system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support import events
from tests.support.ledger_http import Stack, put_events
from tests.support.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

MILLISECONDS = 90_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a tab of a fresh profile that collects what breaks the security policy."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on(
        "console",
        lambda message: (
            broken.append(message.text) if "Content Security Policy" in message.text else None
        ),
    )
    page.set_default_timeout(MILLISECONDS)
    yield page
    context.close()
    assert broken == []


def test_a_person_signs_in_and_sees_a_job_that_comes_later(
    stack: Stack, running: LocalStack, page: Page
) -> None:
    """The list shows, without a reload, a job whose first event was posted after it was opened."""
    user = stack["users"]["client"]
    page.goto(stack["site_url"])
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=username]").fill(user["email"])
    page.locator("[name=password]").fill(user["password"])
    page.locator("[type=submit]").first.click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=MILLISECONDS)
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible(timeout=MILLISECONDS)
    expect(page.get_by_text("Seen as it happens")).to_have_count(0)

    mine = events.job_update(
        job_id="seen-live",
        client_id=user["client_id"],
        event_id="e1",
        status="running",
        name="Seen as it happens",
        records_total=10,
        delta={"records_ok": 4},
    )
    theirs = events.job_update(
        job_id="not-mine", client_id="globex", event_id="e1", name="Not mine to see"
    )
    put_events(stack, running.client("events"), [mine, theirs])

    row = page.get_by_text("Seen as it happens")
    expect(row).to_be_visible(timeout=MILLISECONDS)
    expect(page.get_by_text("Not mine to see")).to_have_count(0)
    row.click()
    expect(page.get_by_role("heading", name="Seen as it happens")).to_be_visible()
    expect(page.get_by_text("seen-live").first).to_be_visible()
