"""What only a browser measures: nothing jumps while a page comes, and nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.screenshots.dashboard import MILLISECONDS, PAGES, settle
from tests.support.app.analysts_app import providing, running_app
from tests.support.app.dashboard_api import serving
from tests.support.app.dashboard_data import fill, long_jobs
from tests.support.recounts.views import reading_house
from tests.support.stacks.local_stack import wait_for

from run_ledger.domain import instants

pytestmark = pytest.mark.browser

MOST_SHIFT = 0.1
"""More than this is no good layout shift (Core Web Vitals)."""
NOTE_SHIFTS = """
window.moved = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    window.moved += entry.hadRecentInput ? 0 : entry.value;
  }
}).observe({ type: "layout-shift", buffered: true });
"""
BUTTONS = """() => [...document.querySelectorAll("[data-testid=stMain] button")]
  .map((one) => ({ name: one.innerText, box: one.getBoundingClientRect() }))
  .filter(({ box }) => box.width > 0 && (box.left < 0 || box.right > window.innerWidth))
  .map(({ name }) => name)"""

COVERED = """() => {
  const boxes = (chosen) => [...document.querySelectorAll(`[data-testid=stMain] ${chosen}`)]
    .filter((one) => one.checkVisibility() && !one.closest("[aria-hidden=true], [inert]"))
    .map((one) => ({ one, box: one.getBoundingClientRect() }));
  const tools = boxes("[data-testid=stElementToolbar]");
  const things = boxes("[data-testid=stElementContainer]");
  return tools.flatMap((tool) => things
    .filter(({ one, box }) => box.height > 0 && !one.contains(tool.one)
      && Math.min(box.bottom, tool.box.bottom) - Math.max(box.top, tool.box.top) > 2
      && Math.min(box.right, tool.box.right) - Math.max(box.left, tool.box.left) > 2)
    .map(({ one }) => one.innerText.slice(0, 40) || one.className));
}"""


TOP = "one => one.getBoundingClientRect().top"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the app on two weeks of work."""
    now = datetime.now(UTC)
    house = reading_house([])
    house.now = instants.parse(now.isoformat())
    fill(house, now)
    house.post(*long_jobs(now))
    with (
        serving(house) as api,
        providing() as provider,
        running_app(tmp_path_factory.mktemp("layout"), provider, api.url) as url,
    ):
        yield url


@pytest.fixture
def signed_in(browser: Browser, app: str) -> Iterator[BrowserContext]:
    """Give a profile of somebody who has signed in, in whose cache the app's scripts lie."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(MILLISECONDS)
    page = context.new_page()
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
    settle(page)
    page.close()
    yield context
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_nothing_jumps_while_a_page_comes(
    signed_in: BrowserContext, app: str, width: int, height: int
) -> None:
    """Each element's place is kept, in a wide window and on a phone."""
    shifts = {}
    for name, address in PAGES.items():
        page = signed_in.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.add_init_script(NOTE_SHIFTS)
        page.goto(f"{app}{address}")
        settle(page)
        shifts[name] = page.evaluate("window.moved")
        page.close()

    assert {name: moved for name, moved in shifts.items() if moved >= MOST_SHIFT} == {}


def test_no_button_is_cut_on_the_narrowest_phone(signed_in: BrowserContext, app: str) -> None:
    """At 320 pixels every choice can be seen and touched."""
    page = signed_in.new_page()
    page.set_viewport_size({"width": 320, "height": 700})
    for address in PAGES.values():
        page.goto(f"{app}{address}")
        settle(page)

        # What still moves to its place is not cut.
        wait_for(f"whole buttons of {address}", lambda: page.evaluate(BUTTONS) == [], 20)


@pytest.fixture
def touching(browser: Browser, app: str) -> Iterator[Page]:
    """Give a tab of somebody who has signed in on a phone."""
    context = browser.new_context(
        locale="en-GB", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True
    )
    context.set_default_timeout(MILLISECONDS)
    page = context.new_page()
    page.goto(app)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
    yield page
    context.close()


def test_a_tables_tools_hide_nothing_by_touch(touching: Page, app: str) -> None:
    """There they stand at all times: above the table, and not on what comes before it.

    Streamlit's own file of a table is not among them, as it keeps what a spreadsheet would execute.
    """
    page = touching
    for address in (PAGES["jobs-compared"], PAGES["jobs"], PAGES["clients"]):
        page.goto(f"{app}{address}")
        settle(page)

        expect(page.get_by_role("button", name="Search").first).to_be_visible()
        assert page.get_by_role("button", name="Download as CSV").count() == 0
        assert page.evaluate(COVERED) == [], address


def test_a_tables_tools_have_their_room_before_the_table_is_there(touching: Page, app: str) -> None:
    """What stands below the table stays where it is when the table comes."""
    page = touching
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route(re.compile(r"/DataFrame\."), hold)
    page.goto(f"{app}{PAGES['clients']}")
    below = page.get_by_role("heading", name="Configuration")
    expect(below).to_be_visible()
    settle(page)
    assert page.get_by_test_id("stDataFrame").count() == 0
    before = below.evaluate(TOP)

    for route in late:
        route.continue_()
    expect(page.get_by_role("button", name="Search").first).to_be_visible()
    settle(page)

    assert below.evaluate(TOP) == pytest.approx(before, abs=1)
