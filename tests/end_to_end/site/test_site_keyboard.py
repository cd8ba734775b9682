"""The site without a mouse: every stop is seen, nothing traps, and all of it can be used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.support.readers.ledger_http import Stack
from tests.support.site.site_events import NORTH
from tests.support.site.site_visit import Visit, visiting

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

People = dict[str, dict[str, str]]
VIEWS = (
    "#/overview",
    "#/jobs?q=north-part",
    "#/jobs/north-retried",
    "#/errors",
    "#/projects",
    f"#/projects/catalogue?client_id={NORTH}",
    "#/costs?group_by=model",
    "#/compare?one=north-retried&other=north-failed",
    "#/clients",
    f"#/clients/{NORTH}",
)
LEAVE = "document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()"
FOCUSED = """() => {
  const element = document.activeElement;
  const isSeen = (style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const box = element.getBoundingClientRect();
  return {
    name: `${element.tagName} ${element.textContent.slice(0, 40)}`,
    isPage: element === document.body,
    isMarked: element.matches(":focus-visible, input:focus-within")
      && (isSeen(getComputedStyle(element)) || isSeen(getComputedStyle(element, "::after"))),
    isInView: box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  };
}"""


def stops(page: Page) -> list[dict[str, Any]]:
    """Press Tab until the page's end is reached, and give all that was focused on the way."""
    page.evaluate(LEAVE)
    found: list[dict[str, Any]] = []
    for _ in range(200):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused["isPage"]:
            return found
        found.append(focused)
    raise AssertionError("Tab never leaves this page")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the focus is on something of this name."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == name:
            return
    raise AssertionError(f"Tab never comes to {name}")


@pytest.mark.parametrize("width", [320, 1280])
def test_every_stop_of_every_view_is_seen_and_none_is_a_trap(north: Visit, width: int) -> None:
    """Tab goes through the whole page and out of it, and each stop is in view and outlined."""
    page = north.page
    page.set_viewport_size({"width": width, "height": 700})
    for hash_ in VIEWS:
        north.open(hash_)
        found = stops(page)
        assert len(found) > 6, hash_
        assert [one for one in found if not (one["isMarked"] and one["isInView"])] == [], hash_
        assert found[0]["name"] == "A Skip to content"


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Visit]:
    """Give a tab of a fresh profile."""
    with visiting(browser, stack["site_url"], viewport={"width": 1280, "height": 700}) as visit:
        yield visit


def test_a_whole_visit_by_keyboard(visit: Visit, people: People) -> None:
    """From signing in over filters, a job and its history to signing out: keys alone."""
    sign_in_by_keys(visit, people["north"])
    skip_to_content_by_keys(visit.page)
    find_failed_parts_by_keys(visit)
    read_a_job_by_keys(visit)
    visit.page.evaluate(LEAVE)
    tab_to(visit.page, "Sign out")
    visit.page.keyboard.press("Enter")
    heading = visit.page.get_by_role("heading", name="Sign in to see your jobs")
    expect(heading).to_be_focused()


def sign_in_by_keys(visit: Visit, person: dict[str, str]) -> None:
    """Sign in; the sign-in pages belong to Cognito, so that it doesn't matter how their form is."""
    page = visit.page
    press = page.keyboard.press
    page.goto(visit.site_url)
    expect(page.get_by_role("heading", name="Sign in to see your jobs")).to_be_focused()
    tab_to(page, "Sign in")
    press("Enter")
    page.locator("[name=username]").wait_for()
    page.locator("[name=username]").focus()
    page.keyboard.type(person["email"])
    press("Tab")
    page.keyboard.type(person["password"])
    press("Enter")
    # the way there leads over other pages, of which each ends what is asked of the one before
    page.get_by_role("button", name="Sign out").wait_for()
    visit.wait_until_live("")


def skip_to_content_by_keys(page: Page) -> None:
    """Use the first stop of the page, which is in sight while it is focused."""
    press = page.keyboard.press
    page.evaluate(LEAVE)
    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def find_failed_parts_by_keys(visit: Visit) -> None:
    """Go to the list of jobs, type into a filter, clear it, and choose in another."""
    page = visit.page
    press = page.keyboard.press
    page.evaluate(LEAVE)
    tab_to(page, "Jobs")
    press("Enter")
    visit.wait_until_live("#/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_focused()

    press("Tab")
    search = page.get_by_label("Search")
    expect(search).to_be_focused()
    page.keyboard.type("north-part")
    visit.wait_until_live("#/jobs?q=north-part")
    expect(page.locator("[data-job-id]")).to_have_count(4)
    expect(search).to_be_focused()
    press("Escape")
    visit.wait_until_live("#/jobs")
    expect(search).to_have_value("")
    page.get_by_label("Result").focus()
    for _ in range(3):
        press("ArrowDown")
    visit.wait_until_live("#/jobs?result=failed")
    expect(page.get_by_label("Result")).to_be_focused()
    expect(page.locator("[data-job-id]")).to_have_count(2)


def read_a_job_by_keys(visit: Visit) -> None:
    """Open a job of the list, the job that it is part of, its history, and come back."""
    page = visit.page
    press = page.keyboard.press
    tab_to(page, "north-part-2")
    press("Enter")
    expect(page.get_by_role("heading", name="north-part-2", level=1)).to_be_focused()
    tab_to(page, "north-parent")
    press("Enter")
    expect(page.get_by_role("heading", name="Refresh everything", level=1)).to_be_focused()
    page.go_back()
    expect(page.get_by_role("heading", name="north-part-2", level=1)).to_be_focused()
    tab_to(page, "Details")
    press("Enter")
    expect(page.locator("pre").first).to_contain_text('"north-part-2"')
    press("Tab")
    expect(page.locator("pre").first).to_be_focused()
    page.go_back()
    expect(visit.job("north-part-2").get_by_role("link")).to_be_focused()


@pytest.mark.parametrize(
    ("hash_", "heading"),
    [
        ("#/overview", "Overview"),
        ("#/errors", "Errors"),
        ("#/projects", "Projects"),
        ("#/costs", "Cost"),
        ("#/compare", "Compare jobs"),
        ("#/clients", "Clients"),
        (f"#/clients/{NORTH}", "Northern Goods"),
        ("#/jobs/north-partial", "north-partial"),
        ("#/nowhere", "There is no such page"),
    ],
)
def test_a_move_puts_the_focus_on_the_heading(north: Visit, hash_: str, heading: str) -> None:
    """So that a screen reader says where its reader is, and the title says it, too."""
    north.open("#/jobs")
    north.page.evaluate("hash => { location.hash = hash }", hash_)
    expect(north.page.get_by_role("heading", level=1)).to_be_focused()
    expect(north.page.get_by_role("heading", level=1)).to_have_text(heading)
    title = "Not found" if hash_ == "#/nowhere" else heading
    expect(north.page).to_have_title(re.compile(f"^{title} · Run Ledger$"))
