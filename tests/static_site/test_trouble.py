"""A failing API, no network and hostile text, in a real browser."""

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.static_site.conftest import let_pass, row, sign_in
from tests.static_site.every_view import open_view
from tests.support.events.hostile import HOSTILE, hostile_jobs, hostile_rest
from tests.support.readers.example_jobs import make_job
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser


def test_a_failing_api_is_a_banner_over_data_that_stays(page: Page, origin: FakeOrigin) -> None:
    """The last known data stays, with its age; trying at once brings it up to date."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    origin.api_status = 503
    let_pass(page)
    banner = page.get_by_role("status").filter(has_text="be reached")
    expect(banner).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    origin.api_status = None
    origin.jobs.append(make_job("job-2"))
    page.get_by_role("button", name="Try now").click()
    page.get_by_role("button", name="Show 1 new job").click()
    expect(row(page, "job-2")).to_be_visible()
    expect(banner).to_be_hidden()


def test_offline_is_called_offline_and_ends_at_once(
    page: Page, context: BrowserContext, origin: FakeOrigin
) -> None:
    """The browser's word is taken for it, both ways."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    context.set_offline(offline=True)
    let_pass(page)
    expect(page.get_by_text("You are offline.")).to_be_visible()
    expect(row(page, "job-1")).to_be_visible()

    context.set_offline(offline=False)
    expect(page.get_by_text("You are offline.")).to_be_hidden()


def test_a_first_visit_to_a_failing_api_says_so(page: Page, origin: FakeOrigin) -> None:
    """Without data there is no banner but a page that tries again."""
    origin.api_status = 500
    sign_in(page, origin)
    expect(page.get_by_role("heading", name="be reached")).to_be_visible()

    origin.api_status = None
    let_pass(page)

    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_and_breaks_no_layout(
    page: Page, origin: FakeOrigin, width: int
) -> None:
    """Whatever a producer sends is shown as text, inside the page's width, and leads nowhere."""
    page.set_viewport_size({"width": width, "height": 800})
    hostile_jobs(origin)
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(len(HOSTILE))
    expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
    assert_nothing_sticks_out(page)

    for number, text in enumerate(HOSTILE):
        page.goto(f"{origin.site_url}/#/jobs/job-{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text(text)
        expect(page.locator(".history__entry")).to_have_count(1)
        page.locator(".history__entry summary").click()
        assert_nothing_sticks_out(page)
        hrefs = page.locator("a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(hrefs) == {"http:"}
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_on_every_other_view(
    page: Page, origin: FakeOrigin, width: int
) -> None:
    """Errors, projects, clients, configuration and overview take it as the jobs do."""
    page.set_viewport_size({"width": width, "height": 800})
    hostile_rest(origin)
    sign_in(page, origin, "#/overview")
    for hash_ in ("#/overview", "#/errors", "#/projects", "#/clients", "#/jobs/bad-0"):
        open_view(page, hash_)
        expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
        assert_nothing_sticks_out(page)
    for number, text in enumerate(HOSTILE):
        open_view(page, f"#/clients/c{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text(text)
        assert_nothing_sticks_out(page)
        hrefs = page.locator("a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(hrefs) == {"http:"}
    assert page.evaluate("window.broken") is None


def assert_nothing_sticks_out(page: Page) -> None:
    """Check that the page is no wider than its window."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


@pytest.mark.parametrize("file", ["views/clients-view.js", "components/figures/totals-bar.css"])
def test_a_view_that_cannot_be_fetched_says_so(page: Page, origin: FakeOrigin, file: str) -> None:
    """A file of a view that is missing takes nothing else away, and can be fetched again."""
    page.route(f"**/{file}", lambda route: route.abort())
    sign_in(page, origin)
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()

    page.get_by_role("link", name="Clients").click()
    expect(page.get_by_role("heading", name="This page could not be fetched")).to_be_focused()
    expect(page.get_by_role("link", name="Clients")).to_have_attribute("aria-current", "page")
    page.unroute(f"**/{file}")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="No clients yet")).to_be_visible()


def test_while_a_view_is_fetched_the_one_before_is_not_shown(
    page: Page, origin: FakeOrigin
) -> None:
    """Data that nobody asks for any more do not pass for new; the page says that it loads."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/views/clients-view.js", hold)
    sign_in(page, origin)
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()

    page.get_by_role("link", name="Clients").click()
    expect(page.get_by_text("Loading …")).to_be_visible()
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_hidden()
    expect(page.get_by_role("link", name="Clients")).to_have_attribute("aria-current", "page")
    held.pop().continue_()

    expect(page.get_by_role("heading", name="No clients yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Clients", level=1)).to_be_focused()
