"""The site in a real browser, against an origin with the strictest headers."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from tests.static_site.conftest import fill_sign_in, let_pass, sign_in
from tests.support.example_jobs import ago, make_completed, make_entry, make_job
from tests.support.fake_site_origin import EMAIL, FakeOrigin

pytestmark = pytest.mark.browser

HOSTILE = [
    "<script>window.broken = 1</script><img src=x onerror='window.broken = 1'>",
    "\u202egnirts desrever \u2067\u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\U0001f52c\U0001f9ec" * 40,
    "W" * 1024,
    "Z\u0351\u0343\u036b\u0363" * 200,
    "javascript:window.broken=1",
]


def row(page: Page, job_id: str):  # noqa: ANN201 - a locator
    """Find the row of a job."""
    return page.locator(f'tr[data-job-id="{job_id}"]')


def test_signing_in_opens_the_jobs(page: Page, origin: FakeOrigin) -> None:
    """A signed-out visitor is asked to sign in, then sees the jobs; no code is left behind."""
    origin.jobs = [make_job("job-1", name="Translate manuals")]

    page.goto(origin.site_url)
    expect(page.get_by_role("heading", name="Sign in to see your jobs")).to_be_focused()
    page.get_by_role("button", name="Sign in").click()
    fill_sign_in(page)

    expect(page.get_by_role("link", name="Translate manuals")).to_be_visible()
    expect(page.get_by_text(EMAIL)).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/")
    expect(page).to_have_title("Jobs · Run Ledger")


def test_a_deep_link_survives_signing_in(page: Page, origin: FakeOrigin) -> None:
    """What was asked for before signing in is shown after it."""
    origin.jobs = [make_completed("job/ü 1", "failed", error={"type": "Boom", "message": "why"})]

    sign_in(page, origin, "#/jobs/job%2F%C3%BC%201")

    expect(page.get_by_role("heading", name="job/ü 1")).to_be_visible()
    expect(page.get_by_text("Boom")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs/job%2F%C3%BC%201")


def test_a_reload_asks_for_no_password(page: Page, origin: FakeOrigin) -> None:
    """The refresh token lasts as long as the tab, and is the only token in the storage."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    page.reload()

    expect(row(page, "job-1")).to_be_visible()
    assert origin.token_requests == ["authorization_code", "refresh_token"]
    assert page.evaluate("Object.keys(sessionStorage)") == ["run-ledger.refresh-token"]
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]


def test_a_forged_answer_of_the_sign_in_pages_is_refused(page: Page, origin: FakeOrigin) -> None:
    """A code that this tab didn't ask for is never sent on."""
    page.goto(f"{origin.site_url}/?code=stolen&state=forged")

    expect(page.get_by_text("Signing in did not work")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/")
    assert origin.token_requests == []


def test_an_id_token_of_another_sign_in_is_refused(page: Page, origin: FakeOrigin) -> None:
    """The nonce ties the token to this sign-in."""
    origin.nonce_in_token = "another"

    sign_in(page, origin)

    expect(page.get_by_text("belongs to another sign-in")).to_be_visible()
    assert origin.api_requests == []


def test_signing_out_ends_every_session(page: Page, origin: FakeOrigin) -> None:
    """The sign-in pages' session ends, too, and a reload stays signed out."""
    sign_in(page, origin)
    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_hidden()


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

    expect(row(page, "job-2")).to_be_visible()
    expect(row(page, "job-1")).to_contain_text("Partly done")
    expect(row(page, "job-1")).to_contain_text("90 of 100")
    expect(link).to_be_focused()
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
    page.get_by_label("Client").fill("globex")
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?client_id=globex&result=failed")

    page.reload()
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page.get_by_label("Client")).to_have_value("globex")
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
    page.get_by_role("button", name="Load older jobs").click()
    expect(page.locator("[data-job-id]")).to_have_count(100)
    let_pass(page)
    expect(row(page, "job-new")).to_be_visible()
    page.get_by_role("button", name="Load older jobs").click()

    expect(page.locator("[data-job-id]")).to_have_count(121)
    expect(page.get_by_role("button", name="Load older jobs")).to_be_hidden()
    expect(page.get_by_text("121 jobs, that is all")).to_be_visible()


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
    for text in ("1,500 of 2,000", "75%", "1,234,567", "US$2.50", "nadia", "Attempt 1", "fetch"):
        expect(page.get_by_text(text).first).to_be_visible()
    utc = created_at.replace("T", " ").replace("Z", " UTC")
    expect(page.get_by_title(utc).first).to_be_visible()
    logs = page.get_by_role("link", name="Open the logs")
    expect(logs).to_have_attribute("href", "https://logs.example.com/x")
    expect(logs).to_have_attribute("rel", "noopener noreferrer")

    job["counters"] = {**job["counters"], "records_ok": 1999}
    origin.entries["job-1"].append(make_entry("e2", detail={"delta": {"records_ok": 499}}))
    let_pass(page)
    expect(page.get_by_text("+499 records ok")).to_be_visible()
    expect(page.get_by_text("99%")).to_be_visible()
    page.locator("summary").last.click()
    expect(page.locator("pre").last).to_contain_text('"records_ok": 499')


def test_a_long_history_comes_page_by_page(page: Page, origin: FakeOrigin) -> None:
    """Later events are fetched when asked for, and the last page stays live."""
    origin.jobs = [make_job("job-1")]
    origin.entries["job-1"] = [
        make_entry(f"e{number}", detail={"stage": f"stage-{number}"}) for number in range(130)
    ]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.locator(".history__entry")).to_have_count(100)

    page.get_by_role("button", name="Load later events").click()
    expect(page.locator(".history__entry")).to_have_count(130)

    origin.entries["job-1"].append(make_entry("e-new", detail={"stage": "the-newest"}))
    origin.jobs[0]["last_seen_at"] = ago(seconds=0)
    let_pass(page)
    expect(page.get_by_text("the-newest")).to_be_visible()
    expect(page.locator(".history__entry")).to_have_count(131)


def test_a_job_that_is_not_there_yet_appears(page: Page, origin: FakeOrigin) -> None:
    """An unknown job is said to be unknown, and shown as soon as it reports."""
    sign_in(page, origin, "#/jobs/job-late")
    expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()

    origin.jobs = [make_job("job-late", name="Late job")]

    let_pass(page)
    expect(page.get_by_role("heading", name="Late job")).to_be_visible()


def test_a_page_that_is_not_there_leads_on(page: Page, origin: FakeOrigin) -> None:
    """An address that means nothing says so."""
    sign_in(page, origin, "#/nowhere")

    expect(page.get_by_role("heading", name="There is no such page")).to_be_focused()
    page.get_by_role("link", name="All jobs").click()
    expect(page.get_by_role("heading", name="No jobs yet")).to_be_visible()
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_focused()


def test_an_expired_token_is_renewed_unseen(page: Page, origin: FakeOrigin) -> None:
    """A 401 costs a renewal, not a sign-in."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    origin.end_access_tokens()
    origin.jobs = [make_job("job-2")]
    let_pass(page)

    expect(row(page, "job-2")).to_be_visible()
    assert origin.token_requests == ["authorization_code", "refresh_token"]


def test_a_session_that_ended_leads_back_to_the_same_place(page: Page, origin: FakeOrigin) -> None:
    """A 401 that no renewal helps goes to the sign-in pages and returns to where it was."""
    origin.jobs = [make_completed("job-1", "failed")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()
    page.reload()  # from here on the session doesn't count as fresh
    expect(row(page, "job-1")).to_be_visible()
    page.get_by_label("Result").select_option("failed")
    expect(page).to_have_url(re.compile("result=failed"))

    origin.end_sessions()
    let_pass(page)
    page.wait_for_url(f"{origin.identity_url}/**")
    fill_sign_in(page)

    expect(row(page, "job-1")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?result=failed")


def test_an_api_that_refuses_a_fresh_sign_in_makes_no_loop(page: Page, origin: FakeOrigin) -> None:
    """Somebody who has just signed in is told, not sent round and round."""
    origin.api_status = 401

    sign_in(page, origin)

    expect(page.get_by_text("accept it")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_reader_without_a_group_is_told_whom_to_ask(page: Page, origin: FakeOrigin) -> None:
    """A 403 gives a page that names the way in; a new sign-in finds it open."""
    origin.api_status = 403
    origin.jobs = [make_job("job-1")]

    sign_in(page, origin)

    expect(page.get_by_role("heading", name="You have no access yet")).to_be_focused()
    expect(page.get_by_text(f"You are signed in as {EMAIL}")).to_be_visible()
    origin.api_status = None
    page.get_by_role("button", name="Try again").click()
    fill_sign_in(page)
    expect(row(page, "job-1")).to_be_visible()


def test_groups_that_a_renewed_token_lacks_are_asked_for(page: Page, origin: FakeOrigin) -> None:
    """A 403 in an older session leads through the sign-in pages once, and back to the place."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.get_by_role("heading", name="job-1")).to_be_visible()

    origin.api_status = 403
    page.reload()
    page.wait_for_url(f"{origin.identity_url}/**")
    origin.api_status = None
    fill_sign_in(page)

    expect(page.get_by_text("enrich")).to_be_visible()
    expect(page).to_have_url(f"{origin.site_url}/#/jobs/job-1")


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


def test_a_token_is_renewed_before_it_expires(page: Page, origin: FakeOrigin) -> None:
    """No request is ever refused, however long the page stays open."""
    origin.jobs = [make_job("job-1")]
    sign_in(page, origin)
    expect(row(page, "job-1")).to_be_visible()

    with page.expect_response("**/oauth2/token"):
        let_pass(page, seconds=3550)
    origin.jobs = [make_job("job-2")]
    let_pass(page)

    expect(row(page, "job-2")).to_be_visible()
    assert {status for _, status in origin.api_requests} <= {200, 304}


def test_histories_of_different_jobs_are_kept_apart(page: Page, origin: FakeOrigin) -> None:
    """Two jobs may use the same event ids."""
    origin.jobs = [make_job("job-1"), make_job("job-2", parent_job_id="job-1")]
    for job_id in ("job-1", "job-2"):
        origin.entries[job_id] = [make_entry("e1", detail={"stage": f"stage-of-{job_id}"})]
    sign_in(page, origin, "#/jobs/job-2")
    expect(page.get_by_text("stage-of-job-2")).to_be_visible()

    page.get_by_role("link", name="job-1").click()

    expect(page.get_by_text("stage-of-job-1")).to_be_visible()
    expect(page.get_by_text("stage-of-job-2")).to_be_hidden()


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_and_breaks_no_layout(
    page: Page, origin: FakeOrigin, width: int
) -> None:
    """Whatever a producer sends is shown as text, inside the page's width, and leads nowhere."""
    page.set_viewport_size({"width": width, "height": 800})
    error = {"type": HOSTILE[3], "message": HOSTILE[0], "fingerprint": "x"}
    for number, text in enumerate(HOSTILE):
        fields = {
            "name": text,
            "client_id": text[:128],
            "project_id": text[:128],
            "pipeline": text[:128],
            "parent_job_id": text[:128],
            "stage": text,
            "status": text,
            "error": error,
            "log_url": text,
            "tags": {text: text},
            "counters": {text[:40]: 2**53},
            "records_total": 2**53,
            "attempts": [
                {"attempt": each, "status": text, "result": text, "error": error} for each in (1, 2)
            ],
        }
        origin.jobs.append(make_job(f"job-{number}", **fields))
        detail = {"stage": text, "status": "running", "error": error, "delta": {text: 1}}
        origin.entries[f"job-{number}"] = [make_entry("e1", detail=detail)]
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(len(HOSTILE))
    expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
    assert_nothing_sticks_out(page)

    for number, text in enumerate(HOSTILE):
        page.goto(f"{origin.site_url}/#/jobs/job-{number}")
        expect(page.get_by_role("heading", level=1)).to_have_text(text)
        expect(page.locator(".history__entry")).to_have_count(1)
        page.locator("summary").click()
        assert_nothing_sticks_out(page)
        hrefs = page.locator("a[href]").evaluate_all("links => links.map(a => a.protocol)")
        assert set(hrefs) == {"http:"}
    assert page.evaluate("window.broken") is None


def assert_nothing_sticks_out(page: Page) -> None:
    """Check that the page is no wider than its window."""
    widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert widths[0] <= widths[1]


def test_demo_data_is_marked_as_such(page: Page, origin: FakeOrigin) -> None:
    """Simulated jobs can't be taken for a client's."""
    page.goto(origin.site_url)
    expect(page.get_by_text("Demo data.")).to_be_hidden()

    origin.demo = True
    page.reload()

    expect(page.get_by_text("Demo data.")).to_be_visible()


def test_the_sign_in_asks_for_what_cognito_wants(page: Page, origin: FakeOrigin) -> None:
    """The request names the scope of the API and the one redirect address that is registered."""
    page.goto(f"{origin.site_url}/#/jobs?status=running")
    with page.expect_request("**/oauth2/authorize?*") as request:
        page.get_by_role("button", name="Sign in").click()

    query = parse_qs(urlsplit(request.value.url).query)
    assert query["scope"] == ["openid email run-ledger/read"]
    assert query["redirect_uri"] == [f"{origin.site_url}/"]
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["state"][0]) >= 32
    assert len(query["nonce"][0]) >= 32
