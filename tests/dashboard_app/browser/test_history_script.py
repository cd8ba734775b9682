"""What comes between a click and its page, in an order that a slow machine has seen.

The script that keeps one entry for each page runs in a page of its own, whose history is changed
as Streamlit changed it, and whose mouse is a real one.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from tests.support.stacks.local_stack import ROOT

pytestmark = pytest.mark.browser

_SCRIPT = (ROOT / "dashboard_app/browser/history.js").read_text("utf-8")
_PAGE = """<!doctype html><meta charset="utf-8"><title>An app</title>
<main data-testid="stApp" data-test-script-state="notRunning">Nothing</main>"""
_LIST = "http://app.example/jobs?client=globex&tz=UTC"


@pytest.fixture
def app(browser: Browser) -> Iterator[Page]:
    """Give a page at a list, whose script stands still and into which somebody has clicked."""
    page = browser.new_page()
    page.route("http://app.example/**", lambda route: route.fulfill(body=_PAGE))
    page.goto(_LIST)
    page.add_script_tag(content=_SCRIPT)
    run(page)
    page.mouse.click(10, 10)
    yield page
    page.close()


def run(page: Page) -> None:
    """Let the page's script begin and end."""
    for state in ("running", "notRunning"):
        page.evaluate(
            "state => document.querySelector('main').dataset.testScriptState = state", state
        )


def push(page: Page, address: str) -> None:
    """Change the address as Streamlit does it."""
    page.evaluate("address => history.pushState(null, '', address)", address)


def test_a_click_on_nothing_while_the_list_leads_on_to_a_job(app: Page) -> None:
    """The list names the job, stands still for a moment, and only then the job's page comes."""
    push(app, "/jobs?job=job-1")
    run(app)
    app.mouse.click(10, 10)
    push(app, "/jobs?job=job-1&tz=UTC&client=globex")
    push(app, "/job?job=job-1&tz=UTC&client=globex")

    app.go_back()

    assert app.url == _LIST


def test_a_click_on_nothing_before_a_link_has_begun_anything(app: Page) -> None:
    """The old page's address loses its filters at once; the script has not run yet."""
    push(app, "/jobs?tz=UTC")
    app.mouse.click(10, 10)
    push(app, "/cost?tz=UTC")

    app.go_back()

    assert app.url == _LIST


def test_a_filter_and_then_a_link(app: Page) -> None:
    """The filter's address is what somebody comes back to, since its page has run."""
    push(app, "/jobs?client=acme&tz=UTC")
    run(app)
    app.mouse.click(10, 10)
    push(app, "/cost?client=acme&tz=UTC")

    app.go_back()

    assert app.url == "http://app.example/jobs?client=acme&tz=UTC"
