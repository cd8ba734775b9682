"""The overview in a real browser, which answers whether all is well."""

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import ask_again, let_pass, sign_in
from tests.support.readers.example_jobs import (
    ago,
    make_completed,
    make_error_group,
    make_figures,
    make_job,
    make_overview,
    make_period,
    make_project,
    make_proof,
)
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.under_way import wait_until_answered

pytestmark = pytest.mark.browser

BOOM = {"type": "Boom", "message": "it broke", "fingerprint": "f"}


def fill(origin: FakeOrigin) -> None:
    """Let something run, stall and fail."""
    origin.jobs = [
        make_job("job-run", name="Running well"),
        make_job("job-mute", name="Gone silent", stalled=True, last_seen_at=ago(hours=1)),
        make_completed("job-bad", "failed", name="Went wrong", error=BOOM),
        make_completed("job-old", "failed", name="Long ago", ended_at=ago(days=9)),
    ]
    origin.overview = make_overview(
        {"acme": make_figures(name="Acme Tools", running=2, stalled=1, failed=1)},
        running=2,
        stalled=1,
        ended=40,
        failed=1,
        error_rate=0.025,
        previous=make_period(ended=20, failed=1, error_rate=0.05),
        last_event_at=ago(minutes=3),
    )


def test_the_answer_stands_first(page: Page, origin: FakeOrigin) -> None:
    """One sentence says how things are; figures, trend and jobs say what it rests on."""
    fill(origin)

    sign_in(page, origin, "")

    said = (
        "1 of 40 jobs failed in the last 24 hours (2.5%, 5% in the previous 24 hours); "
        "1 job stalled."
    )
    expect(page.get_by_text(said)).to_be_visible()
    expect(page.get_by_text("Newest event 3 min ago")).to_be_visible()
    for name, figure in {
        "Running": 2,
        "Stalled": 1,
        "Failed in 24 h": "1 2.5% of jobs",
        "Partial in 24 h": 0,
        "Ended in 24 h": 40,
    }.items():
        expect(page.get_by_role("link", name=f"{name} {figure}", exact=True)).to_be_visible()
    look = page.get_by_role("region", name="Needs attention")
    expect(look.get_by_role("listitem")).to_have_count(2)
    expect(look.get_by_role("listitem").first).to_contain_text("Gone silent")
    expect(look).to_contain_text("Boom: it broke")
    expect(page.get_by_role("region", name="Running now")).to_contain_text("Running well")
    expect(page.get_by_role("img", name="Ended hour by hour")).to_be_visible()
    expect(page.get_by_role("row", name="Acme Tools")).to_be_visible()


def test_overdue_projects_need_attention(page: Page, origin: FakeOrigin) -> None:
    """Below the jobs: which, since when and how far; a name is text, and leads to the project."""
    fill(origin)
    late = make_project(
        "spring",
        name="<b>Spring</b>",
        due_at=ago(days=3),
        jobs_expected=40,
        jobs_done=12,
        overdue=True,
    )
    jobs = origin.jobs[1:3]
    origin.overview["attention"] = [
        *({"why": "failed", "job": job, "project": None} for job in jobs),
        {"why": "overdue", "job": None, "project": late},
    ]

    sign_in(page, origin, "")

    look = page.get_by_role("region", name="Needs attention")
    expect(look.get_by_role("listitem")).to_have_count(3)
    line = look.get_by_role("listitem").last
    expect(line).to_contain_text("Overdue")
    expect(line).to_contain_text("acme · 12 of 40 jobs are done")
    expect(line).to_contain_text(re.compile("due 3 d.* ago"))
    line.get_by_role("link", name="<b>Spring</b>").click()
    expect(page).to_have_url(f"{origin.site_url}/#/projects/spring?client_id=acme")


def test_figures_lead_to_the_jobs_that_they_count(page: Page, origin: FakeOrigin) -> None:
    """A figure is a link to the list with its filters."""
    fill(origin)
    sign_in(page, origin, "")

    page.get_by_role("link", name="Stalled 1").click()

    expect(page).to_have_url(f"{origin.site_url}/#/jobs?status=stalled")
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page.get_by_label("Status")).to_have_value("stalled")


def test_it_is_live_and_a_poll_without_news_touches_nothing(page: Page, origin: FakeOrigin) -> None:
    """While nothing moves, only the figures are asked for; then all is brought up to date."""
    fill(origin)
    sign_in(page, origin, "")
    expect(page.get_by_text("Gone silent")).to_be_visible()
    page.evaluate("""() => {
      window.changes = [];
      new MutationObserver((all) => window.changes.push(
        ...all.map((one) => one.target.textContent))).observe(
        document.querySelector('.tiles'),
        {subtree: true, childList: true, characterData: true, attributes: true});
    }""")
    origin.api_requests.clear()

    with page.expect_response("**/api/overview") as response:
        let_pass(page)
    assert response.value.status == 304
    expect(page.get_by_text("Updated just now")).to_be_visible()
    assert page.evaluate("window.changes") == []
    assert {path for path, _ in origin.api_requests} == {"/api/overview"}

    origin.jobs.append(make_completed("job-2", "failed", name="Broke, too", error=BOOM))
    totals = {**origin.overview["totals"], "failed": 2, "error_rate": 0.05, "stalled": 0}
    origin.overview = {**origin.overview, "totals": totals}
    let_pass(page)

    expect(
        page.get_by_text(
            "2 of 40 jobs failed in the last 24 hours (5%, as in the previous 24 hours)."
        ).first
    ).to_be_visible()
    expect(page.get_by_text("Broke, too")).to_be_visible()
    expect(page.locator("#live")).to_have_text(
        "2 of 40 jobs failed in the last 24 hours (5%, as in the previous 24 hours)."
    )


def test_a_longer_period_is_a_click_away(page: Page, origin: FakeOrigin) -> None:
    """It stands in the address, is asked of the API, and a figure goes back as far."""
    fill(origin)
    sign_in(page, origin, "")
    expect(page.get_by_role("link", name="24 hours")).to_have_attribute("aria-current", "true")
    axis = page.locator(".hour-chart__axis span")
    expect(axis).to_have_count(5)  # of 25 hours: the first, and each sixth after it
    days = [
        {"at": f"2026-11-{number:02d}T00:00:00Z", "ended": number, "partial": 0, "failed": 0}
        for number in range(11, 19)
    ]
    origin.overview = {**origin.overview, "since": ago(days=8), "days": days}
    with page.expect_request("**/api/overview?period=7d"):
        page.get_by_role("link", name="7 days").click()

    expect(page.get_by_text("1 of 40 jobs failed in the last 7 days")).to_be_visible()
    expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    expect(page).to_have_url(f"{origin.site_url}/#/overview?period=7d")
    expect(axis).to_have_text([re.compile(r"\b11\b"), re.compile(r"\b18\b")])
    expect(page.get_by_role("img", name="Ended day by day (UTC): 116 in all")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Failed in 7 d 1").click()
    expect(page).to_have_url(re.compile("ended_from=" + quote(origin.overview["since"], safe="")))


def test_what_was_processed_is_compared_with_the_period_before(
    page: Page, origin: FakeOrigin
) -> None:
    """Records, tokens and cost; a cost without that of some calls is a lower bound."""
    counters = {"records_ok": 110, "records_failed": 10, "input_tokens": 70, "output_tokens": 20}
    counters |= {"cost_microusd": 2_500_000, "llm_calls_unpriced": 1}
    before = {"records_ok": 100, "input_tokens": 100, "cost_microusd": 2_500_000}
    origin.overview = make_overview(
        ended=3,
        counters=counters,
        previous=make_period(counters=before),
        last_event_at=ago(hours=1),
    )
    sign_in(page, origin, "")

    sums = page.locator(".tiles--sums .tile")
    expect(sums).to_have_text(
        [
            "Records in 24 h120+20% from the previous 24 hours",
            "Tokens in 24 h90−10% from the previous 24 hours",
            "Cost in 24 hat least $2.50as in the previous 24 hours",
        ]
    )


def test_error_groups_count_jobs_and_mark_what_is_new(page: Page, origin: FakeOrigin) -> None:
    """Whatever their producers call them is text; the rest is a click away."""
    fill(origin)
    evil = "<img src=x onerror=alert(1)>"
    origin.errors = [
        make_error_group("f1", type="openai.errors.RateLimitError", count=3, is_new=True),
        make_error_group("f2", type=evil, message=evil, count=2),
        *(make_error_group(f"more-{n}") for n in range(9)),
    ]
    sign_in(page, origin, "")

    groups = page.get_by_role("region", name="Error groups")
    rows = groups.get_by_role("listitem")
    expect(rows).to_have_count(10)
    expect(rows.nth(0)).to_have_text("3 jobsNewRateLimitError (openai.errors)429 from the model")
    expect(rows.nth(1)).to_contain_text(f"{evil}{evil}")
    expect(groups.get_by_text("New", exact=True).filter(visible=True)).to_have_count(1)
    expect(groups.get_by_role("link", name="and 1 more error group")).to_be_visible()
    rows.nth(0).get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"fingerprint=f1&?|ended_from=\d{4}-\d\d-\d\dT00"))


def test_a_refresh_is_one_request(still: Page, origin: FakeOrigin) -> None:
    """Also where something has happened: the answer names the jobs itself."""
    wait_until_answered(still)
    origin.api_requests.clear()
    origin.jobs.append(make_completed("job-2", "failed", name="Broke, too", error=BOOM))

    ask_again(still)

    expect(still.get_by_text("Broke, too")).to_be_visible()
    assert origin.api_requests == [("/api/overview", 200)]


def test_all_well_is_said(page: Page, origin: FakeOrigin) -> None:
    """Where nothing is wrong, the page says so and shows no alarm."""
    origin.overview = make_overview(running=1, ended=3, last_event_at=ago(seconds=9))
    origin.jobs = [make_job("job-1")]

    sign_in(page, origin, "")

    expect(page.get_by_text("All is well: 1 job running")).to_be_visible()
    expect(page.get_by_text("No job is stalled, partial, failed or timed out.")).to_be_visible()


def test_a_first_visit_finds_a_page_that_explains_itself(page: Page, origin: FakeOrigin) -> None:
    """Before anything was reported, there are no rows of noughts."""
    sign_in(page, origin, "")

    expect(page.get_by_role("heading", name="Nothing has been reported yet")).to_be_visible()
    expect(page.locator(".tiles").first).to_be_hidden()


def test_the_proof_is_told(page: Page, origin: FakeOrigin) -> None:
    """Until when, in how many jobs, and what differs; it is asked for beside the figures."""
    fill(origin)
    origin.proof = make_proof(differences=2)
    sign_in(page, origin, "")

    line = page.locator(".verdict__proof")
    expect(line).to_contain_text(": 2 differences in 18,204 jobs")
    expect(line).to_have_attribute("data-trouble", "true")
    expect(line).to_have_attribute("title", re.compile("^Jobs were recounted from their events"))


def test_a_proof_that_can_not_be_had_hides_nothing(page: Page, origin: FakeOrigin) -> None:
    """The line says so, and the figures are there."""
    fill(origin)
    page.route("**/api/proof", lambda route: route.fulfill(status=503, body="{}"))
    sign_in(page, origin, "")

    expect(page.get_by_text("Gone silent")).to_be_visible()
    expect(page.locator(".verdict__proof")).to_contain_text("is not known now")
