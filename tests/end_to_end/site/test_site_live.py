"""The site is live on the running system: events show by themselves, and silence costs nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.support.readers.ledger_http import Stack
from tests.support.site.site_events import NORTH, RUNNING, Pipeline, ended
from tests.support.site.site_seed import post
from tests.support.site.site_visit import Visit, visiting
from tests.support.site.under_way import stop_clock
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

People = dict[str, dict[str, str]]
LIVE = "site-live"
VIEWS = (
    "#/overview",
    "#/jobs",
    "#/jobs?status=running",
    "#/jobs/north-running",
    "#/jobs/north-parent",
    "#/jobs/north-retried",
    "#/errors",
    "#/projects",
    "#/clients",
    f"#/clients/{NORTH}",
)
HEADERS_AT_MOST = 1_500
WATCH = """() => {
  window.changes = [];
  window.observer?.disconnect();
  window.observer = new MutationObserver((records) => window.changes.push(
    ...records.map((one) => `${one.type} ${one.attributeName ?? ""} ${one.target.nodeName}`
      + ` ${(one.target.outerHTML ?? one.target.data).slice(0, 200)}`)));
  window.observer.observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true});
}"""


@pytest.fixture
def mine() -> str:
    """Give a prefix of ids that no other test uses."""
    return f"live-{uuid.uuid4().hex[:8]}"


def test_the_list_changes_in_place(staff: Visit, running: LocalStack, mine: str) -> None:
    """A row gets its news without being made anew: focus, selection and scroll stay as they are."""
    told = Pipeline(LIVE)
    first = f"{mine}-0"
    post(
        running,
        *(
            one
            for number in range(12)
            for one in told.job(f"{mine}-{number}", RUNNING, records_total=10, hours=1 + number)
        ),
    )
    page = staff.page
    page.set_viewport_size({"width": 1280, "height": 420})
    staff.open(f"#/jobs?client_id={LIVE}&q={mine}")
    staff.hurry_until(staff.job(f"{mine}-11"))
    link = staff.job(first).get_by_role("link")
    link.focus()
    page.evaluate(
        "ids => { const rows = ids.map(id => document.querySelector(`[data-job-id='${id}']`));"
        " rows[0].marked = true; getSelection().selectAllChildren(rows[1]); scrollTo(0, 150); }",
        [first, f"{mine}-1"],
    )
    selected = page.evaluate("getSelection().toString()")
    assert selected

    changed = told.job(first, {"delta": {"records_ok": 7}, "event_id": "news"}, hours=0)
    post(running, *changed)
    expect(staff.job(first)).to_contain_text("7 of 10")  # by itself: nobody hurries it
    assert page.evaluate("scrollY") == 150
    assert page.evaluate("getSelection().toString()") == selected
    expect(link).to_be_focused()

    place = staff.job(first).bounding_box()
    post(running, *told.job(f"{mine}-new", RUNNING, hours=0))
    news = page.get_by_role("button", name="Show 1 new job")
    expect(news).to_be_attached()
    assert staff.job(first).bounding_box() == place  # no row moves while somebody reads it
    assert staff.job(f"{mine}-new").count() == 0
    expect(link).to_be_focused()
    assert page.evaluate("getSelection().toString()") == selected
    news.click()
    expect(staff.job(f"{mine}-new")).to_be_visible()
    assert staff.job_ids()[0] == f"{mine}-new"
    assert page.evaluate("id => document.querySelector(`[data-job-id='${id}']`).marked", first)


def test_a_jobs_page_follows_the_job(staff: Visit, running: LocalStack, mine: str) -> None:
    """Progress, history and the end of it appear while somebody looks, and the end is announced."""
    told = Pipeline(LIVE, records_total=20)
    post(running, *told.job(mine, RUNNING, hours=1))
    page = staff.page
    staff.expected = {"404"}
    page.goto(f"{staff.site_url}/#/jobs/{mine}")
    expect(page.locator(".history__entry")).to_have_count(1)
    more = {"delta": {"records_ok": 5}, "stage": "second half", "event_id": "more"}
    post(running, *told.job(mine, more, hours=0.5))
    expect(page.get_by_text("5 of 20")).to_be_visible()
    expect(page.locator(".history__entry")).to_have_count(2)
    end = ended("partial", event_id="end", delta={"records_ok": 10})
    post(running, *told.job(mine, end, hours=0.1))
    expect(page.get_by_text("Partial").first).to_be_visible()
    expect(page.get_by_text("15 of 20")).to_be_visible()
    expect(page.locator(".history__entry")).to_have_count(3)
    expect(page.locator("[aria-live]")).to_have_text(f"{mine}: Partial")


def test_the_overview_follows_the_ledger(staff: Visit, running: LocalStack, mine: str) -> None:
    """Figures and the list of what runs take in a new job, and its failure."""
    staff.open("#/overview")
    told = Pipeline(LIVE)
    main = staff.page.get_by_role("main")
    begun = {**RUNNING, "name": f"{mine} runs"}
    post(running, *told.job(mine, begun, hours=0))
    runs = main.get_by_role("region", name="Running now").get_by_text(f"{mine} runs")
    expect(runs).to_be_visible()
    failed = main.get_by_role("row").filter(has_text=LIVE).get_by_role("cell").nth(3)
    before = int(failed.inner_text())
    failed.evaluate("cell => { cell.marked = true }")
    error = {"type": "Live", "message": f"{mine} is lost"}
    post(running, *told.job(mine, ended("failed", event_id="end", error=error), hours=0))
    expect(failed).to_have_text(str(before + 1))
    expect(runs).to_have_count(0)
    assert failed.evaluate("cell => cell.marked")


@pytest.fixture
def still(browser: Browser, stack: Stack, people: People) -> Iterator[Visit]:
    """Give a tab of somebody of North whose clock tests can stop."""
    with visiting(browser, stack["site_url"]) as visit:
        visit.page.clock.install()
        visit.without_push()
        visit.sign_in(people["north"], "#/jobs")
        visit.wait_until_live("#/jobs")
        yield visit


def test_a_poll_that_changes_nothing_touches_nothing(still: Visit) -> None:
    """On every view: answered with 304 and headers alone, and not one change of the document."""
    page = still.page
    for hash_ in VIEWS:
        page.clock.resume()
        still.open(hash_)
        still.polled()
        stop_clock(still.page)  # from here on only answers change things
        still.polled()
        page.evaluate(WATCH)
        answers = still.polled()
        assert answers, hash_
        assert {one.status for one in answers} == {304}, hash_
        for one in answers:
            sizes = one.request.sizes()
            assert sizes["responseBodySize"] == 0, one.url
            assert sizes["responseHeadersSize"] < HEADERS_AT_MOST, one.url
        assert page.evaluate("changes") == [], hash_


def test_the_document_changes_when_something_has(
    staff: Visit, running: LocalStack, mine: str
) -> None:
    """What counts changes above does count them."""
    told = Pipeline(LIVE)
    post(running, *told.job(mine, RUNNING, hours=1))
    staff.open(f"#/jobs?client_id={LIVE}&q={mine}")
    staff.hurry_until(staff.job(mine))
    staff.page.evaluate(WATCH)
    post(running, *told.job(mine, ended("cancelled", event_id="end"), hours=0))
    expect(staff.job(mine)).to_contain_text("Cancelled")
    assert any("Cancelled" in one for one in staff.page.evaluate("changes"))
