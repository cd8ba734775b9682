"""The site for everybody: axe on every view and state, keyboard, sizes, colours, print."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.screenshots.example_day import fill
from tests.static_site.conftest import let_pass, sign_in
from tests.static_site.every_view import EMPTY, VIEWS, open_view, wait_for_trouble
from tests.support.readers.example_jobs import ago, make_error_group, make_job
from tests.support.site.accessibility import violations
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

LINES = """links => links.map((link) => {
  const words = document.createRange();
  words.selectNodeContents(link);
  return words.getClientRects().length;
})"""


@pytest.fixture
def looked_at() -> Iterator[list[str]]:
    """Collect what axe finds; there must be something looked at, and nothing found."""
    found: list[str] = []
    yield found
    assert found == []


def look(page: Page, found: list[str], state: str) -> None:
    """Let axe look at the page as it is."""
    found += violations(page, state)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_view_and_state(
    page: Page, origin: FakeOrigin, looked_at: list[str], scheme: str
) -> None:
    """Signed out, empty, full, failing, refused, unknown: no violation of WCAG 2.2 AA anywhere."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(origin.site_url)
    page.get_by_role("button", name="Sign in").wait_for()
    look(page, looked_at, "signed out")
    sign_in(page, origin, "#/overview")
    for name in EMPTY:
        open_view(page, VIEWS[name])
        look(page, looked_at, f"{name}, empty")
    fill(origin)
    page.reload()
    for name, hash_ in VIEWS.items():
        open_view(page, hash_)
        look(page, looked_at, name)
    open_view(page, f"#/jobs?fingerprint=f1&ended_from={ago(days=28)[:10]}")
    look(page, looked_at, "jobs, of an error")
    open_view(page, "#/jobs?status=running")
    origin.jobs.append(make_job("new-1", created_at=ago(seconds=0)))
    next(job for job in origin.jobs if job["status"] == "running")["status"] = "queued"
    let_pass(page)
    page.get_by_role("button", name="Show 1 new job, drop 1").wait_for()
    look(page, looked_at, "jobs, with news and a row that has left")
    open_view(page, "#/errors")
    page.locator("time").first.focus()
    look(page, looked_at, "errors, with the exact time")
    origin.api_status = 503
    let_pass(page)
    wait_for_trouble(page)
    look(page, looked_at, "failing over data")
    page.goto(f"{origin.site_url}/#/errors?days=30")
    wait_for_trouble(page)
    look(page, looked_at, "failing without data")
    origin.api_status = None
    for hash_ in ("#/clients/nobody", "#/jobs/nobody", "#/nowhere"):
        page.goto(f"{origin.site_url}/{hash_}")
        page.get_by_role("heading", name="There is no such").wait_for()
        look(page, looked_at, hash_)
    origin.bad_parameter = "client_id"
    page.goto(f"{origin.site_url}/#/jobs?client_id=x")
    page.get_by_role("heading", name="This filter").wait_for()
    look(page, looked_at, "refused")


def test_axe_finds_nothing_where_there_is_no_access(
    page: Page, origin: FakeOrigin, looked_at: list[str]
) -> None:
    """The page for somebody in no group is as good as the others."""
    origin.api_status = 403
    sign_in(page, origin)
    page.get_by_role("heading", name="You have no access yet").wait_for()

    look(page, looked_at, "no access")


@pytest.mark.parametrize("width", [320, 390, 700, 768, 900, 3840])
def test_no_view_is_wider_than_its_window(page: Page, origin: FakeOrigin, width: int) -> None:
    """From the smallest phone to a wall of pixels, nothing sticks out."""
    fill(origin)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, origin, "#/overview")
    for hash_ in VIEWS.values():
        open_view(page, hash_)
        inner, outer = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert inner <= outer, hash_
    assert page.locator("nav a").evaluate_all(LINES) == [1] * 7, "a name of a view is broken up"


def test_all_of_it_works_by_keyboard(page: Page, origin: FakeOrigin) -> None:
    """The skip link, the navigation, a filter and a job are reached and used with keys alone."""
    fill(origin)
    sign_in(page, origin, "#/overview")
    expect(page.get_by_role("heading", name="Needs attention")).to_be_visible()
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Jobs")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("enrich-39")
    expect(page.locator("[data-job-id]")).to_have_count(10)
    page.get_by_label("Result").focus()
    for _ in range(4):  # over the time, the order and what clears the filters
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Pipeline")).to_be_visible()
    page.locator("[data-job-id] a").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()


def test_who_asks_for_news_by_key_stays_in_the_list(page: Page, origin: FakeOrigin) -> None:
    """The button is gone once it was pressed: focus goes to the list's heading, not nowhere."""
    fill(origin)
    sign_in(page, origin, "#/errors")
    expect(page.locator(".error-group").first).to_be_visible()
    origin.errors.insert(0, make_error_group("new", count=99))
    let_pass(page)

    page.get_by_role("button", name="Show 1 new error group").press("Enter")

    expect(page.get_by_text("99 jobs")).to_be_visible()
    expect(page.get_by_role("heading", name="Errors")).to_be_focused()


def test_the_exact_utc_is_there_for_mouse_key_and_finger(page: Page, origin: FakeOrigin) -> None:
    """A time has it on hover wherever it stands, and shows it where it has the focus."""
    at = ago(hours=1)
    origin.jobs = [make_job("job-1", created_at=at, started_at=at)]
    utc = f"{at[:10]} {at[11:-1]} UTC"
    sign_in(page, origin)
    time = page.locator("[data-job-id] time")
    expect(time).to_have_attribute("title", utc)
    time.hover()  # which fails where something else lies above it
    said = "element => getComputedStyle(element, '::after').content"
    time.click()
    assert time.evaluate(said) == f'" ({utc})"'

    open_view(page, "#/jobs/job-1")
    fact = page.locator("dd").and_(page.get_by_title(utc)).first
    assert fact.evaluate(said) == "none"
    page.get_by_role("link", name="catalogue").focus()
    page.keyboard.press("Tab")
    expect(fact).to_be_focused()
    assert fact.evaluate(said) == f'" ({utc})"'


def test_focus_is_seen_in_forced_colours_and_motion_stops_when_asked(
    page: Page, origin: FakeOrigin
) -> None:
    """The reader's own colours rule, and nothing turns or fades for who wants it still."""
    fill(origin)
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    sign_in(page, origin)
    badge = page.locator("[data-outcome=running] .status-badge__shape").first
    badge.wait_for()

    assert badge.evaluate("shape => getComputedStyle(shape).animationName") == "none"
    page.locator("[data-job-id] a").first.focus()
    outline = "link => getComputedStyle(link, '::after').outlineStyle"
    assert page.locator("[data-job-id] a").first.evaluate(outline) == "solid"
    border = "badge => getComputedStyle(badge).borderTopStyle"
    assert page.locator(".status-badge").first.evaluate(border) == "solid"
    assert page.locator("[data-job-id] progress").first.evaluate(border) == "solid"
    below = "links => links.map(link => getComputedStyle(link).borderBottomStyle)"
    rules = page.locator("nav a").evaluate_all(below)
    assert rules == ["none", "none", "solid", *["none"] * 4], "where one is, is seen"


def test_paper_gets_the_data_and_nothing_to_press(page: Page, origin: FakeOrigin) -> None:
    """A printed page has neither navigation nor buttons, and dark ink."""
    fill(origin)
    page.emulate_media(color_scheme="dark")
    sign_in(page, origin)
    expect(page.locator("[data-job-id]").first).to_be_visible()

    page.emulate_media(media="print", color_scheme="dark")

    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    expect(page.get_by_text("More filters")).to_be_hidden()
    expect(page.locator("[data-job-id]").first).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(23, 32, 43)"


def test_signing_out_in_one_tab_empties_the_other(
    page: Page, context: BrowserContext, origin: FakeOrigin
) -> None:
    """No data stays in either, nothing is asked any more, and a new tab has no session."""
    fill(origin)
    sign_in(page, origin, "#/overview")
    other = context.new_page()
    other.goto(f"{origin.site_url}/#/errors")
    expect(other.get_by_text("14 jobs")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()
    expect(other.get_by_text("14 jobs")).to_have_count(0)
    origin.api_requests.clear()
    third = context.new_page()
    third.goto(f"{origin.site_url}/#/errors")
    expect(third.get_by_role("button", name="Sign in")).to_be_visible()
    assert origin.api_requests == []


def test_signing_in_in_one_tab_opens_the_other(
    page: Page, context: BrowserContext, origin: FakeOrigin
) -> None:
    """Tabs that a browser restores ask before any has a session; one sign-in serves them all."""
    fill(origin)
    page.goto(f"{origin.site_url}/#/errors")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    sign_in(context.new_page(), origin, "#/overview")

    expect(page.get_by_text("14 jobs")).to_be_visible()
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


def test_a_link_opens_signed_in_in_a_second_tab(
    page: Page, context: BrowserContext, origin: FakeOrigin
) -> None:
    """It takes the session over from the first; nobody is asked, and no token is stored for it."""
    fill(origin)
    sign_in(page, origin, "#/overview")
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()

    other = context.new_page()
    other.goto(f"{origin.site_url}/#/errors")

    expect(other.get_by_text("14 jobs")).to_be_visible()
    assert other.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    assert origin.token_requests == ["authorization_code", "refresh_token"]
    page.close()
    other.reload()
    expect(other.get_by_text("14 jobs")).to_be_visible()
