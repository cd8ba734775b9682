"""What a stakeholder comes for, on the running system's site, in the fewest clicks.

Each test says who wants what, and within how many steps: clicks, choices and typed texts, from the
overview on. The right answer is a recount of the events, or the API's own answer.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.support.events.builders import Envelope
from tests.support.readers.ledger_http import Stack, all_items, get
from tests.support.site import site_seed
from tests.support.site import stakeholder_events as told
from tests.support.site.errand import Errand
from tests.support.site.site_visit import visiting
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

Job = dict[str, Any]
FAILURES = ("failed", "timed_out")
DONE = ("succeeded", "partial")


def moment(text: str) -> datetime:
    """Read a time of the API or of a recount."""
    return datetime.fromisoformat(text)


def ids_of(jobs: list[Job]) -> list[str]:
    """Give the ids of jobs."""
    return [job["job_id"] for job in jobs]


def overview(stack: Stack, token: str, client_id: str = told.ALDER) -> dict[str, Any]:
    """Ask the API for a client's figures of the day."""
    answer = get(stack, "/overview", token, client_id=client_id)
    answer.raise_for_status()
    return dict(answer.json())


def test_is_all_well(errand: Errand, stack: Stack, token: str) -> None:
    """Somebody of Alder asks whether all is well; the first sentence tells, without a click.

    It is no "All is well", as one job failed within the day, and one is silent.
    """
    totals = overview(stack, token)["totals"]
    failed = totals["failed"] + totals["timed_out"]
    judged = totals["ended"] - totals["cancelled"]
    assert failed > 0
    verdict = errand.page.locator(".verdict")
    expect(verdict).to_contain_text(f"{failed} of {judged} job")
    expect(verdict).to_contain_text(f"{totals['stalled']} job stalled")
    expect(verdict).not_to_contain_text("All is well")
    assert errand.steps == 0


def test_the_failed_jobs_of_yesterday(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder wants all jobs that failed yesterday, also one begun before: 5 steps."""
    errand.go_to("Jobs")
    errand.choose("Result", "Failed or timed out")
    errand.choose("Time", "Yesterday")
    errand.unfold_filters()
    errand.choose("Time of", "End")
    begin, end = told.yesterday(0), told.today()
    failed = [
        job for job in jobs if job["result"] in FAILURES and begin <= moment(job["ended_at"]) < end
    ]
    assert {"alder-overnight", "alder-mismatch", "alder-waited"} <= {*ids_of(failed)}
    by_end = sorted(failed, key=lambda job: (job["ended_at"], job["job_id"]), reverse=True)
    errand.sees_jobs(ids_of(by_end))
    assert errand.steps <= 5


def test_why_a_job_failed(errand: Errand, stack: Stack, token: str) -> None:
    """Somebody of Alder sees a failed job on the overview and asks why: 1 click."""
    error = get(stack, "/jobs/alder-failed", token).json()["error"]
    attention = errand.card("Needs attention")
    expect(attention).to_contain_text(error["message"])
    errand.click(attention.get_by_role("link", name="Describe the summer list"))
    wrong = errand.card("What went wrong")
    expect(wrong).to_contain_text(error["type"])
    expect(wrong).to_contain_text(error["message"])
    assert errand.steps <= 1


def test_a_job_by_part_of_its_name(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder remembers that a job was about winter: 2 steps, in any case of letters."""
    errand.go_to("Jobs")
    errand.type("Search", "winter")
    named = [job for job in jobs if "winter" in (job["name"] or "").lower()]
    assert len(named) == 2
    errand.sees_jobs(ids_of(named))
    assert errand.steps <= 2


def test_jobs_by_tag(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder wants the jobs that Nadia owns: 3 steps."""
    errand.go_to("Jobs")
    errand.unfold_filters()
    errand.type("Tag", "owner:nadia")
    tagged = [job for job in jobs if job["tags"].get("owner") == "nadia"]
    assert len(tagged) == 2
    errand.sees_jobs(ids_of(tagged))
    assert errand.steps <= 3


def test_what_runs_and_how_far_it_is(
    errand: Errand, jobs: list[Job], events: list[Envelope]
) -> None:
    """Somebody of Alder asks what runs now, how far it is and when it will end: 1 click.

    How far it is stands on the overview; its end on its own page.
    """
    (job,) = [one for one in jobs if one["job_id"] == "alder-running"]
    counters = job["counters"]
    done = counters["records_ok"] + counters["records_failed"]
    running = errand.card("Running now")
    expect(running).to_contain_text(f"{100 * done // job['records_total']}% done")
    errand.click(running.get_by_role("link", name=job["name"]))
    progress = errand.card("Progress")
    expect(progress).to_contain_text(f"{done} of {job['records_total'] // 1000},000 records")
    # its records came after its first event, up to the last one: so fast it goes on
    mine = [one["detail"] for one in events if one["detail"].get("job_id") == job["job_id"]]
    first, *_, last = (moment(one["occurred_at"]) for one in mine)
    end = last + (job["records_total"] - done) * (last - first) / done
    time = errand.card("Time")
    expect(time).to_contain_text(
        f"About {60 * done / (last - first).total_seconds():.1f} records a"
    )
    expect(time).to_contain_text(f"{end.astimezone(told.ZONE):%H:%M}")
    assert errand.steps <= 1


def test_what_stalls(errand: Errand, stack: Stack, token: str) -> None:
    """Somebody of Alder asks which jobs have fallen silent: 1 click."""
    errand.click(errand.page.get_by_role("link", name=re.compile("^Stalled")))
    stalled = [*all_items(stack, "/jobs", token, client_id=told.ALDER, stalled="true")]
    assert ids_of(stalled) == ["alder-silent"]
    errand.sees_jobs(ids_of(stalled))
    assert errand.steps <= 1


def test_a_time_in_utc_by_touch(
    browser: Browser, running: LocalStack, person: dict[str, str], jobs: list[Job]
) -> None:
    """Somebody of Alder, on a phone, asks when a job ended in UTC, to the minute: a tap."""
    (job,) = [one for one in jobs if one["job_id"] == "alder-overnight"]
    phone = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
    with visiting(browser, running.document["site_url"], **phone) as visit:
        visit.sign_in(person, f"#/jobs/{job['job_id']}")
        main = visit.page.get_by_role("main")
        ended = moment(job["ended_at"])
        own, utc = (f"{ended.astimezone(zone):%H:%M}" for zone in (told.ZONE, UTC))
        fact = main.locator(".fact").filter(has_text=re.compile("^Ended"))
        expect(fact).to_contain_text(own)
        visit.page.get_by_role("button", name="Show UTC").tap()
        expect(fact).to_contain_text(utc)


def test_the_slowest_twenty_of_the_week(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder wants the slowest 20 of the last 7 days: 3 steps, from more than 20."""
    errand.go_to("Jobs")
    errand.choose("Time", "Last 7 days")
    errand.choose("Order", "Longest first")
    since = datetime.now(UTC) - timedelta(days=7)
    timed = [
        job
        for job in jobs
        if job["duration_seconds"] is not None and moment(job["created_at"]) >= since
    ]
    assert 20 < len(timed) < len(jobs)
    slowest = sorted(timed, key=lambda job: job["duration_seconds"], reverse=True)
    errand.sees_jobs(ids_of(slowest[:20]), most=20)
    assert errand.steps <= 3


def test_the_dearest_job(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder wants the dearest job and what it cost: 3 steps."""
    errand.go_to("Jobs")
    errand.choose("Order", "Dearest first")
    dearest = max(jobs, key=lambda job: job["counters"].get("cost_microusd", 0))
    errand.sees_jobs([dearest["job_id"]], most=1)
    errand.click(errand.page.get_by_role("link", name=dearest["job_id"], exact=True))
    cost = dearest["counters"]["cost_microusd"] / 1_000_000
    expect(errand.card("Counters")).to_contain_text(f"{cost:.2f}")
    assert errand.steps <= 3


def test_the_error_that_began_yesterday(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder asks which errors are new since yesterday, and in which jobs: 3 steps."""
    errand.go_to("Errors")
    day = told.yesterday(0).date()
    errand.type("New since (UTC)", day.isoformat())
    failed = [job for job in jobs if job["result"] in FAILURES]
    before = {job["error"]["type"] for job in failed if job["error"] and _day(job) < day}
    fresh = {
        job["error"]["type"]: job["job_id"]
        for job in failed
        if job["error"] and job["error"]["type"] not in before
    }
    assert told.NEW_ERROR["type"] in fresh
    assert before
    main = errand.page.get_by_role("main")
    for name in fresh:
        expect(main).to_contain_text(name)
    for name in before:
        expect(main).not_to_contain_text(name)
    group = main.get_by_role("listitem").filter(has_text=told.NEW_ERROR["type"])
    errand.click(group.get_by_role("link", name="1 job", exact=True))
    errand.sees_jobs(["alder-mismatch"])
    assert errand.steps <= 3


def _day(job: Job) -> Any:
    return moment(job["ended_at"]).astimezone(UTC).date()


def test_a_shared_link_in_a_fresh_session(
    browser: Browser, errand: Errand, person: dict[str, str], jobs: list[Job]
) -> None:
    """Somebody of Alder opens a colleague's link elsewhere: signing in leads to what it names.

    One click, then the form of the sign-in pages.
    """
    errand.go_to("Jobs")
    errand.choose("Result", "Partial")
    partial = ids_of([job for job in jobs if job["result"] == "partial"])
    assert partial
    errand.sees_jobs(partial)
    link = errand.page.url
    with visiting(browser, errand.visit.site_url) as other:
        other.page.goto(link)
        other.page.get_by_role("button", name="Sign in").click()
        other.fill_sign_in(person)
        expect(other.page.get_by_role("rowheader")).to_have_count(len(partial))
        assert other.job_ids() == partial
        assert other.page.url == link


def test_a_shared_link_in_a_second_tab(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder, signed in, opens a link in another tab and is signed in: no click."""
    (job,) = [one for one in jobs if one["job_id"] == "alder-overnight"]
    second = errand.page.context.new_page()
    try:
        second.goto(f"{errand.visit.site_url}/#/jobs/{job['job_id']}")
        expect(second.get_by_role("heading", level=1)).to_have_text(job["name"])
        expect(second.get_by_role("main")).to_contain_text(job["error"]["message"])
    finally:
        second.close()
    assert errand.steps == 0


def test_how_far_a_project_is(errand: Errand, stack: Stack, token: str, jobs: list[Job]) -> None:
    """Somebody of Alder asks whether the autumn catalogue will be done in time: 3 clicks.

    What is done day by day, of how many, that it is overdue, and when it ends at this pace.
    """
    project = get(stack, "/projects/autumn", token, client_id=told.ALDER).json()
    assert project["overdue"]
    errand.go_to("Projects")
    errand.click(errand.page.get_by_role("link", name=project["name"]))
    main = errand.page.get_by_role("main")
    expect(main.get_by_role("heading", level=1)).to_have_text(project["name"])
    expect(main.get_by_text("Overdue", exact=True)).to_be_visible()
    done = [job for job in jobs if job["project_id"] == "autumn" and job["result"] in DONE]
    assert len(done) == project["jobs_done"] > 0
    expect(main).to_contain_text(f"{len(done)} of {told.EXPECTED_JOBS} expected")
    expect(main).to_contain_text(re.compile("At this pace, all are done on .* after the due date"))
    errand.click(main.get_by_text("Day by day"))
    rows = main.get_by_role("table").get_by_role("row")
    expect(rows.last).to_contain_text(str(len(done)))
    days = sorted({moment(job["ended_at"]).astimezone(told.ZONE).date() for job in done})
    for day in days:
        count = sum(moment(job["ended_at"]).astimezone(told.ZONE).date() == day for job in done)
        row = rows.filter(has_text=re.compile(f"^{day.day} {day:%b}"))
        expect(row.get_by_role("cell").first).to_have_text(str(count))
    assert errand.steps <= 3


def test_my_configuration(errand: Errand, stack: Stack, token: str) -> None:
    """Somebody of Alder asks how their pipelines are set up: 2 clicks; secrets stay out."""
    known = get(stack, f"/clients/{told.ALDER}/config", token).json()
    assert known["parameters"]
    errand.go_to("Clients")
    errand.click(errand.page.get_by_role("link", name="Alder Books"))
    card = errand.card("Configuration")
    for parameter in known["parameters"]:
        expect(card).to_contain_text(parameter["name"])
        expect(card).to_contain_text(parameter["value"])
    expect(card.get_by_role("term")).to_have_count(len(known["parameters"]))
    expect(card).to_contain_text("1 secret parameter is left out")
    assert errand.steps <= 2


def test_a_healed_retry_alarms_nobody(
    browser: Browser, running: LocalStack, events: list[Envelope], token: str
) -> None:
    """Somebody of Birch, whose only failure a second attempt has healed, reads that all is well."""
    assert events
    totals = overview(running.document, token, told.BIRCH)["totals"]
    assert totals["attempts"]["failed"] == 1
    with visiting(browser, running.document["site_url"]) as visit:
        visit.sign_in(site_seed.invite_to(running, told.BIRCH))
        errand = Errand(visit)
        expect(errand.page.locator(".verdict")).to_contain_text("All is well")
        expect(errand.page.locator(".verdict-box")).to_have_attribute("data-tone", "good")
        expect(errand.card("Needs attention")).to_contain_text("No job is stalled")
        expect(errand.page.get_by_role("link", name=re.compile("^Failed"))).to_contain_text("0")
        assert errand.steps == 0
