"""Every view of the site on the running system, as staff and as a client's user see it."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect
from tests.support.site.site_events import HOSTILE, LONG_HISTORY, NORTH, SOUTH, SOUTHERN
from tests.support.site.site_visit import Visit

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

OTHERS = (SOUTH, SOUTHERN, "south-plant", HOSTILE, "site-bulk", "acme", "globex", "initech")
"""What somebody of North must never meet."""
LISTS = ("#/overview", "#/jobs", "#/errors", "#/projects", "#/costs", "#/clients")
OF_SOUTH = (
    "#/overview",
    f"#/jobs?client_id={SOUTH}",
    f"#/errors?client_id={SOUTH}",
    f"#/projects?client_id={SOUTH}",
    "#/clients",
    f"#/clients/{SOUTH}",
    "#/jobs/south-failed",
)


def test_somebody_of_a_client_meets_no_trace_of_another(north: Visit) -> None:
    """Not on any view, not in any answer: neither its ids nor its names, texts or totals."""
    texts: list[str] = []
    for hash_ in (*LISTS, f"#/clients/{NORTH}", "#/jobs/north-parent"):
        texts += answers_of(north, hash_)
        seen = north.page.content()
        assert "north" in seen.lower(), hash_
        assert [word for word in OTHERS if word in seen] == [], hash_
    assert len(texts) > len(LISTS)
    assert [word for word in OTHERS for text in texts if word in text] == []


def answers_of(visit: Visit, hash_: str) -> list[str]:
    """Open a view and return what was answered, again where the browser has dropped some of it."""
    for _ in range(5):
        visit.answers.clear()
        visit.open(hash_)
        with suppress(Error):
            return [answer.text() for answer in visit.answers if answer.status == 200]
    raise AssertionError(f"the browser keeps no answers of {hash_}")


def test_the_staff_sees_the_very_same_things_of_all_clients(staff: Visit) -> None:
    """So there is something to leave out on each view."""
    for hash_ in OF_SOUTH:
        staff.open(hash_)
        assert SOUTHERN in staff.page.content(), hash_


def test_what_is_anothers_looks_like_what_is_not_there(north: Visit) -> None:
    """Ids of another client lead where unknown ids lead, and its filters find nothing."""
    page = north.page
    north.expected = {"404"}
    for job_id in ("south-failed", "nobody-knows"):
        page.goto(f"{north.site_url}/#/jobs/{job_id}")
        expect(page.get_by_role("heading", name="There is no such job")).to_be_visible()
    for client_id in (SOUTH, "nobody"):
        page.goto(f"{north.site_url}/#/clients/{client_id}")
        expect(page.get_by_role("heading", name="There is no such thing here")).to_be_visible()
        north.open(f"#/jobs?client_id={client_id}")
        expect(page.get_by_role("heading", name="No job matches")).to_be_visible()
    assert SOUTHERN not in page.content()


def test_the_overview_says_what_runs_failed_and_stalls(north: Visit) -> None:
    """The verdict, the figures, who needs a look and what runs, and the way to the jobs."""
    north.open("#/overview")
    page = north.page
    expect(
        page.get_by_text(
            re.compile(r"3 of 7 jobs failed .* 1 job ended partial.*; 1 job stalled\.")
        )
    ).to_be_visible()
    tiles = {
        "Running": ("5", "status=running"),
        "Queued": ("1", "status=queued"),
        "Stalled": ("1", "status=stalled"),
        "Failed in 24 h": ("3", "result=failed"),
        "Partial in 24 h": ("1", "result=partial"),
        "Ended in 24 h": ("8", "status=completed"),
    }
    for label, (figure, filter_) in tiles.items():
        tile = page.get_by_role("main").get_by_role("link", name=re.compile(f"^{label}"))
        expect(tile.locator(".tile__figure")).to_have_text(figure)
        expect(tile).to_have_attribute("href", re.compile(re.escape(filter_)))
    expect(page.get_by_role("link", name="north-stalled")).to_be_visible()
    expect(page.get_by_role("link", name="Describe the spring catalogue")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Ended hour by hour: 8 in all"))).to_be_visible()
    client = page.get_by_role("row", name=re.compile("Northern Goods"))
    expect(client).to_contain_text("42.9%")  # 3 of 7
    expect(page.get_by_text(re.compile("^Newest event .* ago$"))).to_be_visible()


def test_a_jobs_page_tells_all_of_a_job_that_runs(north: Visit) -> None:
    """Progress, counters with units and money, tags, times with exact UTC, and its logs."""
    north.open("#/jobs/north-running")
    page = north.page
    expect(page.get_by_role("heading", level=1)).to_have_text("Describe the spring catalogue")
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("250 of 1,000")).to_be_visible()
    for text in ("25%", "10 failed", "1,234,567", "$2.50", "nadia", "matching"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    logs = page.get_by_role("link", name="Open the logs")
    expect(logs).to_have_attribute("href", "https://logs.north.example/north-running?tail=1")
    expect(logs).to_have_attribute("rel", "noopener noreferrer")
    expect(
        page.get_by_title(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC$")).first
    ).to_be_visible()
    expect(page.locator(".history__entry")).to_have_count(2)
    page.get_by_text("Details").first.click()
    expect(page.locator("pre").first).to_contain_text('"cost_microusd": 2500000')


def test_a_jobs_page_tells_attempts_and_errors(north: Visit) -> None:
    """Each attempt with its result and error; a failed job with what went wrong."""
    north.open("#/jobs/north-retried")
    page = north.page
    attempts = page.get_by_role("table", name="Attempts and stages").get_by_role("rowheader")
    attempts = attempts.filter(has_text=re.compile(r"^Attempt \d"))
    expect(attempts).to_have_count(2)
    expect(attempts.first).to_contain_text("Attempt 2")
    expect(attempts.first).to_contain_text("Succeeded")
    expect(attempts.last).to_contain_text("Crash: worker 7 went away")

    north.open("#/jobs/north-failed")
    error = page.get_by_role("region", name="What went wrong")
    expect(error).to_contain_text("RateLimit")
    expect(error).to_contain_text("429 from the model after 7 tries")


def test_parents_and_children_lead_to_each_other(north: Visit) -> None:
    """A job shows its parts with how they stand, in the list, too; a part shows its whole."""
    north.open("#/jobs/north-parent")
    page = north.page
    parts = page.get_by_role("region", name="Parts of this job")
    expect(parts).to_contain_text("3 jobs, 1 failed")
    parts.get_by_role("link", name="north-part-2").click()
    expect(page.get_by_role("heading", level=1, name="north-part-2")).to_be_focused()
    page.get_by_role("link", name="north-parent").click()
    expect(page.get_by_role("heading", level=1, name="Refresh everything")).to_be_focused()
    page.get_by_role("link", name="Show them in the list of jobs").click()
    north.wait_until_live("#/jobs?parent_job_id=north-parent")
    assert north.job_ids() == ["north-part-3", "north-part-2", "north-part-1"]


def test_a_long_history_comes_by_pages(north: Visit) -> None:
    """The newest hundred events first, then the others, each once."""
    north.open("#/jobs/north-talkative")
    entries = north.page.locator(".history__entry")
    expect(entries).to_have_count(100)
    north.page.get_by_role("button", name="Load earlier events").click()
    expect(entries).to_have_count(LONG_HISTORY)
    expect(entries.first).to_contain_text(f"step-{LONG_HISTORY - 2}")


def test_projects_say_how_far_they_are(north: Visit) -> None:
    """What is expected and due, what was reported, and what became of the jobs."""
    north.open("#/projects")
    page = north.page
    project = (
        page.get_by_role("main").get_by_role("listitem").filter(has_text="Catalogue of spring")
    )
    for text in ("overdue", "of 40 expected", "ana@north.example", "$7.25", "Q2", "Active"):
        expect(project).to_contain_text(text)
    page.get_by_label("Status").select_option("paused")
    north.wait_until_live("#/projects?status=paused")
    expect(page.get_by_role("heading", name="Returns")).to_be_visible()
    expect(project).to_have_count(0)
    page.get_by_role("link", name="Returns").click()
    north.wait_until_live(f"#/projects/returns?client_id={NORTH}")
    expect(page.get_by_text("0 jobs are done.")).to_be_visible()
    page.get_by_role("link", name="Show jobs").click()
    north.wait_until_live(f"#/jobs?client_id={NORTH}&project_id=returns")
    assert north.job_ids() == ["north-queued"]


def test_a_client_shows_its_configuration_and_how_much_is_left_out(north: Visit) -> None:
    """Every plain parameter; secrets are counted, their names and references nowhere."""
    north.open("#/clients")
    page = north.page
    page.get_by_role("link", name="Northern Goods").click()
    north.wait_until_live(f"#/clients/{NORTH}")
    for text in ("Household goods", "data@north.example", "gold", "languages", "en, de", "(empty)"):
        expect(page.get_by_text(text, exact=True)).to_be_visible()
    expect(page.get_by_text("2 secret parameters are left out")).to_be_visible()
    answers = [answer.text() for answer in north.answers if "/config" in answer.url]
    for text in (page.content(), *answers):
        assert [word for word in ("warehouse", "model_api_key", "arn:") if word in text] == []
    assert answers


def test_errors_are_grouped_and_one_click_leads_to_the_jobs(north: Visit) -> None:
    """Failures that differ in numbers alone are one group, with count, times and jobs."""
    north.open("#/errors")
    page = north.page
    group = page.get_by_role("main").get_by_role("listitem").filter(has_text="RateLimit")
    expect(group).to_have_count(1)
    expect(group).to_contain_text("2 jobs")
    expect(group.locator("time")).to_have_count(2)
    expect(page.get_by_text("the vendor did not answer")).to_be_visible()
    expect(group.get_by_role("link", name="north-part-2")).to_be_visible()
    group.get_by_role("link", name="north-failed").click()
    expect(page.get_by_role("heading", level=1, name="north-failed")).to_be_focused()
    north.open("#/errors?days=30")
    expect(group).to_have_count(1)
