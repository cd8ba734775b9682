"""Errors, projects, clients, the filters of jobs and what a job has started, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import let_pass, row, sign_in
from tests.support.readers.example_jobs import (
    ago,
    make_client,
    make_completed,
    make_error_group,
    make_job,
    make_project,
    make_totals,
)
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser


def test_errors_are_grouped_and_lead_to_their_jobs(page: Page, origin: FakeOrigin) -> None:
    """Count, sample and times stand there; one click leads to a job, the filters are in the URL."""
    origin.errors = [
        make_error_group("f1", count=12, clients=["acme", "globex"], job_ids=["job-1", "job-2"]),
        make_error_group("none", type=None, message=None, clients=["hooli"]),
    ]
    origin.jobs = [make_completed("job-1", "failed")]
    sign_in(page, origin, "#/errors")
    expect(page.get_by_text("12 jobs")).to_be_visible()
    expect(page.get_by_text("429 from the model")).to_be_visible()
    expect(page.get_by_text("No reason given")).to_be_visible()

    with page.expect_request(re.compile(r"/api/errors\?.*from=20\d\d-")) as request:
        page.get_by_label("Time", exact=True).select_option("30")
    assert "client_id" not in request.value.url
    expect(page).to_have_url(f"{origin.site_url}/#/errors?days=30")
    page.get_by_label("Client").fill("acme")
    expect(page.locator(".error-group")).to_have_count(1)

    page.get_by_role("link", name="job-1").click()
    expect(page.get_by_role("heading", name="job-1")).to_be_focused()


def test_a_client_is_found_by_name(page: Page, origin: FakeOrigin) -> None:
    """All clients that the person may see are offered, with their names; ids work as before."""
    origin.clients = [
        make_client("acme", name="Acme GmbH"),
        make_client("mueller-1", name="Müller & Söhne"),
    ]
    origin.jobs = [make_job("job-1", client_id="mueller-1"), make_job("job-2", client_id="acme")]
    sign_in(page, origin, "#/jobs")
    field = page.get_by_label("Client", exact=True)
    field.focus()
    offered = page.locator("#known-client_id option")
    expect(offered).to_have_count(2)
    assert offered.evaluate_all("options => options.map(one => [one.value, one.label])") == [
        ["acme", "Acme GmbH"],
        ["mueller-1", "Müller & Söhne"],
    ]

    field.fill("müller & söhne")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?client_id=mueller-1")
    expect(page.locator("[data-job-id]")).to_have_count(1)

    field.fill("gmb")
    field.press("Enter")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?client_id=acme")

    field.fill("nobody & co")
    field.press("Enter")
    expect(page).to_have_url(f"{origin.site_url}/#/jobs?client_id=acme")
    assert "No single client" in field.evaluate("field => field.validationMessage")


def test_errors_are_live(page: Page, origin: FakeOrigin) -> None:
    """A count grows in place, so that focus stays where it is."""
    group = make_error_group("f1", count=12)
    origin.errors = [group]
    sign_in(page, origin, "#/errors")
    page.get_by_role("link", name="job-1").focus()

    group |= {"count": 13, "jobs": 13}
    let_pass(page)

    expect(page.get_by_text("13 jobs")).to_be_visible()
    expect(page.get_by_role("link", name="job-1")).to_be_focused()


def test_projects_say_how_far_they_are(page: Page, origin: FakeOrigin) -> None:
    """Jobs by outcome, what is expected and when it is due; its jobs are one click away."""
    origin.projects = [
        make_project(
            "catalogue",
            name="Catalogue",
            status="active",
            jobs_expected=12,
            due_at=ago(days=1),
            overdue=True,
            owner="ana@acme.example",
            counters={"cost_microusd": 2_500_000},
            jobs=make_totals(running=1, succeeded=8, failed=2),
        ),
        make_project("other", client_id="globex", status="paused"),
    ]
    sign_in(page, origin, "#/projects")
    figures = "1 running · 8 succeeded · 2 failed"
    for text in (figures, "8 of 12 expected, 67%", "overdue by 1 day", "$2.50"):
        expect(page.get_by_text(text)).to_be_visible()
    ends = (
        page.locator(".totals-bar")
        .first.locator("rect")
        .evaluate_all(
            "parts => parts.map(part => Number(part.getAttribute('x')) + part.width.baseVal.value)"
        )
    )
    assert round(max(ends)) == round(100 * 11 / 12), "one job has not been reported yet"

    page.get_by_label("Status").select_option("active")
    expect(page.locator(".project")).to_have_count(1)
    page.get_by_role("link", name="8 of 12 expected").click()
    expect(page).to_have_url(
        f"{origin.site_url}/#/jobs?client_id=acme&result=succeeded%2Cpartial&project_id=catalogue"
    )


def test_clients_show_their_configuration_and_how_many_secrets_it_has(
    page: Page, origin: FakeOrigin
) -> None:
    """A client's page has its parameters, and says what it leaves out."""
    origin.clients = [
        make_client("acme", name="Acme Tools", contact="data@acme.example"),
        make_client("hooli", declared=False, jobs=make_totals(failed=3)),
    ]
    parameter = {
        "name": "model",
        "value": "medium",
        "description": "Which one.",
        "updated_at": None,
    }
    origin.configs["acme"] = {"client_id": "acme", "parameters": [parameter], "secrets_omitted": 2}
    sign_in(page, origin, "#/clients")
    expect(page.get_by_text("Only reported so far")).to_be_visible()

    page.get_by_role("link", name="Acme Tools").click()

    expect(page.get_by_role("heading", name="Acme Tools", level=1)).to_be_visible()
    expect(page.get_by_text("data@acme.example")).to_be_visible()
    expect(page.get_by_text("medium")).to_be_visible()
    expect(page.get_by_text("2 secret parameters are left out")).to_be_visible()
    expect(page).to_have_title("Acme Tools · Run Ledger")
    page.get_by_role("link", name="Show errors").click()
    expect(page).to_have_url(f"{origin.site_url}/#/errors?client_id=acme")


def test_what_is_called_alike_hides_nothing(page: Page, origin: FakeOrigin) -> None:
    """A tag named like a fact of the project or client stands beside it, not in its place."""
    origin.projects = [make_project("p", owner="ana@acme.example", tags={"Owner": "mallory"})]
    origin.clients = [make_client("acme", contact="data@acme.example", tags={"Contact": "mallory"})]
    origin.configs["acme"] = {"client_id": "acme", "parameters": [], "secrets_omitted": 0}
    sign_in(page, origin, "#/projects")
    for hash_, owner in (
        ("#/projects", "ana@acme.example"),
        ("#/clients/acme", "data@acme.example"),
    ):
        page.evaluate("hash => { location.hash = hash }", hash_)
        expect(page.get_by_text(owner)).to_be_visible()
        expect(page.get_by_text("mallory")).to_be_visible()


def test_a_span_of_errors_that_is_none_is_explained(page: Page, origin: FakeOrigin) -> None:
    """An odd link leads to what exists, with what was asked; a refusal of the API is shown."""
    origin.bad_parameter = "from"
    sign_in(page, origin, "#/errors")
    expect(page.get_by_role("heading", name="This filter can’t be used")).to_be_visible()
    origin.bad_parameter = None
    for days, first in (("1e99", ago(days=399)), ("week", ago(days=6))):
        page.goto(f"{origin.site_url}/#/errors?days={days}")
        with page.expect_request(re.compile(rf"/api/errors\?from={first[:10]}")):
            page.reload()
        expect(page.locator(".banner:visible")).to_contain_text(days)


def test_the_days_of_errors_go_on_with_the_calendar(page: Page, origin: FakeOrigin) -> None:
    """A page that is left open over night shows the errors of the new day."""
    origin.errors = [make_error_group("f1", count=12)]
    sign_in(page, origin, "#/errors?days=1")
    expect(page.get_by_text("12 jobs")).to_be_visible()
    tomorrow = ago(days=-1)[:10]

    with page.expect_request(re.compile(rf"/api/errors\?from={tomorrow}")):
        let_pass(page, seconds=86_400)
    expect(page.get_by_role("link", name="All jobs with")).to_have_attribute(
        "href", re.compile(rf"ended_from={tomorrow}")
    )


def test_a_client_that_is_not_there_leads_back(page: Page, origin: FakeOrigin) -> None:
    """What the API doesn't know, or doesn't tell, is said plainly."""
    sign_in(page, origin, "#/clients/nobody")

    expect(page.get_by_role("heading", name="There is no such thing here")).to_be_visible()
    expect(page.get_by_text("Loading …")).to_be_hidden()
    page.get_by_role("link", name="All clients", exact=True).click()
    expect(page.get_by_role("heading", name="No clients yet")).to_be_visible()


@pytest.mark.parametrize("view", ["errors", "projects", "clients"])
def test_long_lists_come_page_by_page(page: Page, origin: FakeOrigin, view: str) -> None:
    """More is fetched when asked for, and a page that fails can be asked for again."""
    origin.errors = [make_error_group(f"f{number:03}") for number in range(60)]
    origin.projects = [make_project(f"p{number:03}") for number in range(60)]
    origin.clients = [make_client(f"c{number:03}") for number in range(60)]
    sign_in(page, origin, f"#/{view}")
    cards = page.locator("main .card")
    expect(cards.filter(visible=True)).to_have_count(50)

    origin.api_status = 503
    page.get_by_role("button", name="Load more").click()
    expect(page.get_by_text("More could not be fetched")).to_be_visible()
    origin.api_status = None
    page.get_by_role("button", name="Load more").click()

    expect(cards.filter(visible=True)).to_have_count(60)
    expect(page.get_by_role("button", name="Load more")).to_be_hidden()


def test_every_filter_of_jobs_is_in_the_address(page: Page, origin: FakeOrigin) -> None:
    """Id, project, pipeline and days narrow the list; a reload shows the same."""
    origin.jobs = [
        make_job("enrich-1", project_id="p1", pipeline="texts", created_at=ago(days=3)),
        make_job("enrich-2", project_id="p1", pipeline="texts"),
        make_job("enrich-3", project_id="p2", pipeline="texts"),
        make_job("match-1", project_id="p1", pipeline="match"),
    ]
    sign_in(page, origin)
    page.get_by_label("Search").fill("enrich")
    expect(page.locator("[data-job-id]")).to_have_count(3)
    page.get_by_text("More filters").click()
    page.get_by_label("Project").fill("p1")
    expect(page.locator("[data-job-id]")).to_have_count(2)
    page.get_by_label("Pipeline").fill("texts")
    page.get_by_label("From", exact=True).fill(ago(days=1)[:10])
    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(row(page, "enrich-2")).to_be_visible()
    expect(page).to_have_url(
        re.compile(r"q=enrich&project_id=p1&pipeline=texts&from=20.*T23%3A00%3A00Z")
    )

    page.reload()

    expect(page.locator("[data-job-id]")).to_have_count(1)
    expect(page.get_by_label("From", exact=True)).to_have_value(ago(days=1)[:10])
    expect(page.get_by_label("Pipeline")).to_have_value("texts")


def test_jobs_are_found_by_name_tag_and_time(page: Page, origin: FakeOrigin) -> None:
    """By creation or by end; the address has it all, and what pipelines say stays text."""
    hostile = "<b>Nightly</b>"
    origin.jobs = [
        make_job("job-1", name="Straße of Berlin", tags={"aws:queue": hostile}),
        make_job("job-2", name="STRASSE of Rome", created_at=ago(hours=5)),
        make_completed("job-3", "failed", created_at=ago(days=9), ended_at=ago(minutes=5)),
        make_completed("job-4", "failed", created_at=ago(hours=6), ended_at=ago(hours=5)),
    ]
    sign_in(page, origin)
    jobs = page.locator("[data-job-id]")
    expect(jobs).to_have_count(4)
    page.get_by_label("Search").fill("strasse")
    expect(jobs).to_have_count(2)
    page.get_by_text("More filters").click()
    page.get_by_label("Tag", exact=True).fill(f"aws:queue:{hostile}")
    expect(jobs).to_have_count(1)
    page.reload()
    expect(row(page, "job-1")).to_be_visible()
    expect(page.get_by_label("Tag", exact=True)).to_have_value(f"aws:queue:{hostile}")

    page.get_by_role("button", name="Clear filters").click()
    expect(jobs).to_have_count(4)
    page.get_by_label("Time", exact=True).select_option("Last 2 hours")
    expect(jobs).to_have_count(1)
    expect(row(page, "job-1")).to_be_visible()
    page.get_by_label("Time of", exact=True).select_option("End")
    expect(jobs).to_have_count(1)
    expect(row(page, "job-3")).to_be_visible()
    expect(page).to_have_url(re.compile(r"#/jobs\?time=2h&by=ended$"))


def test_the_longest_and_dearest_of_all_jobs_come_first(page: Page, origin: FakeOrigin) -> None:
    """Of all that match, though the API looks through some of them for each page."""
    origin.jobs = [
        make_completed(
            f"job-{number:03}",
            "succeeded",
            created_at=ago(hours=number + 1),
            duration_seconds=float(number * 37 % 200),
            counters={"cost_microusd": number * 53 % 200},
        )
        for number in range(200)
    ]

    def first(sort: str) -> list[str]:
        values = {
            job["job_id"]: job["duration_seconds"]
            if sort == "duration"
            else job["counters"]["cost_microusd"]
            for job in origin.jobs
        }
        return sorted(values, key=lambda one: -values[one])[:50]

    sign_in(page, origin, "#/jobs")
    jobs = page.locator("[data-job-id]")
    expect(jobs).to_have_count(50)
    for sort, word in (("duration", "Longest first"), ("cost", "Dearest first")):
        page.get_by_label("Order", exact=True).select_option(word)
        how = "longest" if sort == "duration" else "dearest"
        expect(page.locator(".jobs-view__span")).to_have_text(
            f"50 jobs: the {how} of all that match."
        )
        expect(jobs.first).to_have_attribute("data-job-id", first(sort)[0])
        shown = jobs.evaluate_all("rows => rows.map(row => row.dataset.jobId)")
        assert shown == first(sort)
        expect(page).to_have_url(f"{origin.site_url}/#/jobs?sort={sort}")
    page.reload()
    expect(jobs.first).to_have_attribute("data-job-id", first("cost")[0])
    expect(page.get_by_label("Order", exact=True)).to_have_value("cost")


def test_scrolling_on_fetches_older_jobs(page: Page, origin: FakeOrigin) -> None:
    """Who reaches the end of the list finds more, without a click."""
    origin.jobs = [
        make_completed(f"job-{number:03}", "succeeded", created_at=ago(hours=number))
        for number in range(80)
    ]
    sign_in(page, origin)
    expect(page.locator("[data-job-id]")).to_have_count(50)

    page.mouse.wheel(0, 20_000)

    expect(page.locator("[data-job-id]")).to_have_count(80)


def test_a_job_shows_what_it_has_started(page: Page, origin: FakeOrigin) -> None:
    """Parent and children lead to each other, and to the list of all of them."""
    origin.jobs = [
        make_job("job-1", name="The whole"),
        make_completed("job-2", "failed", name="A part", parent_job_id="job-1"),
    ]
    sign_in(page, origin, "#/jobs/job-1")
    parts = page.get_by_role("region", name="Parts of this job")
    expect(parts).to_contain_text("1 job, 1 failed")

    parts.get_by_role("link", name="A part").click()
    expect(page.get_by_role("heading", name="A part")).to_be_visible()
    expect(page.get_by_role("region", name="Parts of this job")).to_be_hidden()
    page.get_by_role("link", name="job-1").click()
    parts.get_by_role("link", name="Show them in the list").click()

    expect(page).to_have_url(f"{origin.site_url}/#/jobs?parent_job_id=job-1")
    expect(row(page, "job-2")).to_be_visible()
