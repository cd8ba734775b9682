"""The list of jobs and one job, live, in a real browser."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import let_pass, row, sign_in
from tests.support.readers.example_jobs import ago, make_completed, make_entry, make_job
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser


def test_jobs_appear_and_change_in_place(page: Page, origin: FakeOrigin) -> None:
    """A row is brought up to date without being made anew, so that focus stays on it."""
    origin.jobs = [make_job("job-1", records_total=100, counters={"records_ok": 10})]
    sign_in(page, origin)
    link = row(page, "job-1").get_by_role("link")
    link.focus()
    page.evaluate("document.querySelector('[data-job-id=job-1]').marked = true")

    origin.jobs = [
        make_completed("job-1", "partial", records_total=100, counters={"records_ok": 90}),
        make_job("job-2", created_at=ago(seconds=1)),
    ]
    let_pass(page)

    expect(row(page, "job-1")).to_contain_text("Partial")
    expect(row(page, "job-1")).to_contain_text("90 of 100")
    expect(link).to_be_focused()
    page.get_by_role("button", name="Show 1 new job").click()
    expect(row(page, "job-2")).to_be_visible()
    assert page.evaluate("document.querySelector('[data-job-id=job-1]').marked")
    ids = page.locator("[data-job-id]").evaluate_all("rows => rows.map(r => r.dataset.jobId)")
    assert ids == ["job-2", "job-1"]


def test_a_poll_that_changes_nothing_is_answered_304(page: Page, origin: FakeOrigin) -> None:
    """The ETag goes back to the API, and the age of the data is young again after a 304."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    expect(page.get_by_text("Updated just now")).to_be_visible()
    with page.expect_response("**/api/jobs?*") as response:
        let_pass(page)
    assert response.value.status == 304
    expect(page.get_by_text("Updated just now")).to_be_visible()

    assert [status for _, status in origin.api_requests][:2] == [200, 304]


def test_filters_live_in_the_address(page: Page, origin: FakeOrigin) -> None:
    """A choice changes address and list, a copied address and the way back give the same list."""
    origin.jobs = [
        make_completed("job-1", "failed"),
        make_completed("job-2", "succeeded"),
        make_completed("job-3", "failed", client_id="globex"),
        make_job("job-4"),
    ]
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(4)

    page.get_by_label("Result").select_option("failed")
    expect(page.locator("[data-job-id]")).to_have_count(2)
    page.get_by_label("Client", exact=True).fill("globex")
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?client_id=globex&result=failed")

    page.reload()
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page.get_by_label("Client", exact=True)).to_have_value("globex")
    expect(page.get_by_label("Result")).to_have_value("failed")

    page.get_by_label("Status").select_option("running")
    expect(page.get_by_role("heading", name="No job matches these filters")).to_be_visible()
    page.go_back()
    expect(row(page, "job-3")).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.locator("[data-job-id]")).to_have_count(4)


def test_a_refused_filter_says_why(page: Page, origin: FakeOrigin) -> None:
    """What the API says of a parameter is shown, with a way out."""
    origin.bad_parameter = "client_id"

    sign_in(page, origin, "#/jobs?client_id=a%20b")

    expect(page.get_by_text("client_id is not a known client")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()


def test_older_jobs_come_by_cursor_and_stay(page: Page, origin: FakeOrigin) -> None:
    """The list goes on to its end, with no gap and no repeat, while new jobs arrive."""
    origin.jobs = [
        make_completed(f"job-{number:03}", "succeeded", created_at=ago(hours=number))
        for number in range(120)
    ]
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(50)

    origin.jobs.append(make_job("job-new", created_at=ago(seconds=1)))
    # By its event: to scroll to the button, as a click does, loads older jobs, too.
    page.get_by_role("button", name="Load older jobs").dispatch_event("click")
    expect(row(page, "job-099")).to_be_attached()
    let_pass(page)
    expect(page.get_by_role("button", name="Show 1 new job")).to_be_visible()
    page.keyboard.press("End")
    expect(row(page, "job-119")).to_be_attached()

    expect(page.locator("[data-job-id]")).to_have_count(120)
    expect(page.get_by_role("button", name="Load older jobs")).to_be_hidden()
    expect(page.get_by_text("121 jobs. There are no more.")).to_be_visible()
    let_pass(page)
    page.get_by_role("button", name="Show 1 new job").click()
    expect(row(page, "job-new")).to_be_in_viewport()
    expect(page.locator("[data-job-id]")).to_have_count(121)


def test_nobody_loses_the_row_that_is_looked_at(page: Page, origin: FakeOrigin) -> None:
    """What is new waits, what has left the list is struck out, until the reader asks for it."""
    origin.jobs = [make_job(f"job-{at}", created_at=ago(minutes=9 - at)) for at in range(5)]
    sign_in(page, origin, "#/jobs?status=running")
    expect(row(page, "job-0")).to_be_visible()
    places = "rows => rows.map(row => [row.dataset.jobId, row.getBoundingClientRect().top])"
    before = page.locator("[data-job-id]").evaluate_all(places)

    origin.jobs += [make_job("job-a", created_at=ago(minutes=7.5)), make_job("job-b")]
    origin.jobs[3] |= {"status": "completed", "result": "failed"}
    let_pass(page)

    button = page.get_by_role("button", name="Show 2 new jobs, drop 1")
    expect(button).to_be_visible()
    assert page.locator("[data-job-id]").evaluate_all(places) == before
    struck = "link => getComputedStyle(link).textDecorationLine"
    assert row(page, "job-3").locator("a").evaluate(struck) == "line-through"
    let_pass(page, seconds=21)  # a sentence was said a moment ago: the next one waits
    expect(page.locator("#live")).to_have_text("2 new jobs")
    button.click()
    expect(page.locator("[data-job-id]")).to_have_count(6)
    expect(row(page, "job-3")).to_have_count(0)
    expect(button).to_be_hidden()


def test_the_way_back_leads_to_the_same_place(page: Page, origin: FakeOrigin) -> None:
    """Filters, scroll and focus are as they were before a job was opened."""
    origin.jobs = [
        make_completed(f"job-{number:02}", "failed", created_at=ago(hours=number))
        for number in range(40)
    ]
    sign_in(page, origin, "#/jobs?result=failed")
    row(page, "job-30").get_by_role("link").click()
    expect(page.get_by_role("heading", name="job-30")).to_be_focused()

    page.get_by_role("link", name="All jobs").click()

    expect(page).to_have_url(f"{origin.site_url}/#/jobs?result=failed")
    expect(row(page, "job-30").get_by_role("link")).to_be_focused()
    expect(row(page, "job-30")).to_be_in_viewport()


def test_a_row_says_the_cost_by_which_jobs_are_ordered(page: Page, origin: FakeOrigin) -> None:
    """With how it is only a lower bound; in another order a row says no cost."""
    told = {"job-1": {"cost_microusd": 2_500_000, "llm_calls_unpriced": 3}}
    told |= {"job-2": {"cost_microusd": 40_000}, "job-3": {}}
    origin.jobs = [make_completed(name, "succeeded", counters=told[name]) for name in told]
    sign_in(page, origin, "#/jobs?sort=cost")
    expect(row(page, "job-1")).to_contain_text("at least $2.50 · took 1 min 50 s")
    expect(row(page, "job-2")).to_contain_text("$0.0400 · took")
    expect(row(page, "job-3")).to_contain_text("no cost · took")
    page.get_by_label("Order", exact=True).select_option("Longest first")
    expect(row(page, "job-1")).not_to_contain_text("$")
    expect(row(page, "job-1")).to_contain_text("took 1 min 50 s")


def test_a_job_shows_all_there_is_to_it(page: Page, origin: FakeOrigin) -> None:
    """Counters with units and money, attempts, tags, logs and history, brought up to date live."""
    created_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.250Z")
    job = make_job(
        "job-1",
        name="Enrich",
        attempt=2,
        records_total=2000,
        created_at=created_at,
        counters={"records_ok": 1500, "input_tokens": 1234567, "cost_microusd": 2500000},
        tags={"owner": "nadia"},
        log_url="https://logs.example.com/x",
        attempts=[
            {"attempt": 1, "status": "completed", "result": "failed"},
            {"attempt": 2, "status": "running", "result": None},
        ],
    )
    origin.jobs = [job]
    origin.entries["job-1"] = [make_entry("e1", detail={"status": "running", "stage": "fetch"})]
    sign_in(page, origin, "#/jobs/job-1")

    expect(page.get_by_role("progressbar")).to_be_visible()
    for text in ("1,500 of 2,000", "75%", "1,234,567", "$2.50", "nadia", "Attempt 1", "fetch"):
        expect(page.get_by_text(text).first).to_be_visible()
    utc = created_at.replace("T", " ").replace("Z", " UTC")
    expect(page.get_by_title(utc).first).to_be_visible()
    logs = page.get_by_role("link", name="Open the logs")
    expect(logs).to_have_attribute("href", "https://logs.example.com/x")
    expect(logs).to_have_attribute("rel", "noopener noreferrer")

    job["counters"] = {**job["counters"], "records_ok": 1999}
    origin.entries["job-1"].append(make_entry("e2", detail={"delta": {"records_ok": 499}}))
    let_pass(page)
    expect(page.get_by_text("+499 records done")).to_be_visible()
    expect(page.get_by_text("99%")).to_be_visible()
    page.locator(".history__entry summary").first.click()
    expect(page.locator("pre").first).to_contain_text('"records_ok": 499')


def test_a_job_tells_its_counters_by_model(page: Page, origin: FakeOrigin) -> None:
    """The dearest first, names as text, what no event told so, and which cost lacks calls."""
    name = "<b>big</b>"
    origin.jobs = [
        make_job(
            "job-1",
            counters={
                "records_ok": 90,
                "llm_calls": 7,
                "cost_microusd": 3_250_000,
                "llm_calls_unpriced": 2,
            },
            counters_by_model={
                "small": {"llm_calls": 3, "cost_microusd": 500_000},
                name: {"llm_calls": 2, "cost_microusd": 2_500_000, "llm_calls_unpriced": 2},
            },
        ),
        make_job("job-2"),
    ]
    sign_in(page, origin, "#/jobs/job-1")

    card = page.locator(".card--models")
    expect(card.get_by_role("heading", level=3)).to_have_text([name, "small", "Without a model"])
    expect(card.get_by_text("at least $2.50")).to_be_visible()
    expect(card.get_by_text("$0.50", exact=True)).to_be_visible()
    rest = card.locator(".counters__group").last
    expect(rest.locator(".fact")).to_have_text(["Model calls2", "Cost$0.25"])
    origin.jobs[0]["counters"] = {"llm_calls": 5, "cost_microusd": 3_000_000, "records_ok": 90}
    page.reload()
    expect(card.get_by_role("heading", level=3)).to_have_text([name, "small"])

    page.goto(page.url.replace("job-1", "job-2"))
    expect(page.get_by_role("heading", name="job-2")).to_be_visible()
    expect(page.get_by_role("heading", name="By model")).to_be_hidden()


def test_a_superseded_attempt_and_an_id_used_twice_are_told(page: Page, origin: FakeOrigin) -> None:
    """No attempt seems to run for ever, and a second run under one id is said in words."""
    ended_at = ago(hours=12)
    superseded = {"attempt": 1, "status": "superseded", "result": None, "started_at": ago(hours=13)}
    second = {"attempt": 2, "status": "completed", "result": "failed", "first_ended_at": ended_at}
    origin.jobs = [
        make_completed(
            "job-1",
            "failed",
            attempt=2,
            attempts=[{**superseded, "ended_at": ended_at, "duration_seconds": 3600}, second],
            restarted_at=ago(hours=1),
        )
    ]
    sign_in(page, origin, "#/jobs/job-1")

    attempts = page.get_by_role("table", name="Attempts and stages")
    expect(attempts.get_by_text("Superseded")).to_be_visible()
    expect(attempts.get_by_text("followed by a later attempt after 1 h")).to_be_visible()
    expect(attempts.get_by_text("Running")).to_have_count(0)
    again = page.get_by_role("region", name="This job id was used again")
    expect(again).to_contain_text("another was running at")


def test_a_long_history_comes_page_by_page(page: Page, origin: FakeOrigin) -> None:
    """The newest events come first, earlier ones when asked for; the first page stays live."""
    origin.jobs = [make_job("job-1")]
    origin.entries["job-1"] = [
        make_entry(f"e{number}", detail={"stage": f"stage-{number}"}) for number in range(130)
    ]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.locator(".history__entry")).to_have_count(100)

    expect(page.locator(".history__entry").first).to_contain_text("stage-129")

    page.get_by_role("button", name="Load earlier events").click()
    expect(page.locator(".history__entry")).to_have_count(130)

    origin.entries["job-1"].append(make_entry("e-new", detail={"stage": "the-newest"}))
    origin.jobs[0]["last_seen_at"] = ago(seconds=0)
    let_pass(page)
    expect(page.locator(".history__entry").first).to_contain_text("the-newest")
    expect(page.locator(".history__entry")).to_have_count(131)


def test_events_without_an_id_are_marked(page: Page, origin: FakeOrigin) -> None:
    """Who looks at the job sees that its producer should give its events ids."""
    origin.jobs = [make_job("job-1")]
    origin.entries["job-1"] = [
        make_entry("bus-1", detail={"stage": "a"}),
        make_entry("own-1", detail={"stage": "b", "event_id": "own-1"}),
        make_entry("bus-2", detail={"stage": "c", "event_id": None}),
    ]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.locator(".history__entry")).to_have_count(3)
    marks = page.get_by_text("no event_id", exact=True)
    expect(marks).to_have_count(2)
    expect(marks.first).to_have_attribute("title", re.compile("counts again"))


def test_a_job_that_is_not_there_yet_appears(page: Page, origin: FakeOrigin) -> None:
    """An unknown job is said to be unknown, and shown as soon as it reports."""
    sign_in(page, origin, "#/jobs/job-late")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    expect(page.get_by_text("Loading …")).to_be_hidden()

    origin.jobs = [make_job("job-late", name="Late job")]

    let_pass(page)
    expect(page.get_by_role("heading", name="Late job")).to_be_visible()


def test_a_page_that_is_not_there_leads_on(page: Page, origin: FakeOrigin) -> None:
    """An address that means nothing says so."""
    sign_in(page, origin, "#/nowhere")

    expect(page.get_by_role("heading", name="There is no such page")).to_be_focused()
    page.get_by_role("link", name="Overview").last.click()
    expect(page.get_by_role("heading", name="Overview")).to_be_focused()


def test_histories_of_different_jobs_are_kept_apart(page: Page, origin: FakeOrigin) -> None:
    """Two jobs may use the same event ids."""
    origin.jobs = [make_job("job-1"), make_job("job-2", parent_job_id="job-1")]
    for job_id in ("job-1", "job-2"):
        origin.entries[job_id] = [make_entry("e1", detail={"stage": f"stage-of-{job_id}"})]
    sign_in(page, origin, "#/jobs/job-2")
    expect(page.locator(".history").get_by_text("stage-of-job-2")).to_be_visible()

    page.get_by_role("link", name="job-1").click()

    expect(page.locator(".history").get_by_text("stage-of-job-1")).to_be_visible()
    expect(page.locator(".history").get_by_text("stage-of-job-2")).to_be_hidden()


def test_demo_data_is_marked_as_such(page: Page, origin: FakeOrigin) -> None:
    """Simulated jobs can't be taken for a client's."""
    page.goto(origin.site_url)
    expect(page.get_by_text("Demo data.")).to_be_hidden()

    origin.demo = True
    page.reload()

    expect(page.get_by_text("Demo data.")).to_be_visible()
