"""What is wrong now, and what became of it: open incidents first, each with just its jobs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.static_site.every_view import open_view
from tests.support.events.hostile import HOSTILE
from tests.support.readers.example_jobs import ago, make_completed, make_incident
from tests.support.site.fake_site_origin import FakeOrigin

from run_ledger.domain.incidents.alert_rules import ALERT_WHATS
from run_ledger.domain.incidents.drift import DIFFERS

pytestmark = pytest.mark.browser
ERROR = {"type": "Timeout", "message": "after 30 s", "fingerprint": "timeout"}


def test_from_the_overview_to_the_jobs_that_are_counted(page: Page, origin: FakeOrigin) -> None:
    """What, how often and since when; the number leads to as many jobs, and to no others."""
    began = ago(hours=2)
    for number in range(4):
        origin.jobs.append(
            make_completed(
                f"late-{number}", "failed", pipeline="enrich", ended_at=ago(hours=1), error=ERROR
            )
        )
    strange = {**ERROR, "fingerprint": "other one"}
    for name, more in (
        ("of-another-error", {"error": strange}),
        ("of-another-pipeline", {"pipeline": "crawl"}),
        ("before-it-began", {"ended_at": ago(hours=3)}),
    ):
        fields = {"pipeline": "enrich", "ended_at": ago(hours=1), "error": ERROR, **more}
        origin.jobs.append(make_completed(name, "failed", **fields))
    origin.incidents = [
        make_incident("one", jobs=4, began_at=began),
        make_incident("gone", pipeline="crawl", closed_at=ago(hours=3)),
    ]
    origin.overview["totals"]["last_event_at"] = ago(seconds=9)
    sign_in(page, origin, "#/overview")
    card = page.locator(".card--incidents")
    expect(card.get_by_role("listitem")).to_have_count(1)
    expect(page.locator(".verdict")).to_contain_text("1 incident is open")
    card.get_by_role("link", name="4 jobs failed").click()
    expect(page.get_by_role("heading", name="enrich")).to_be_visible()
    expect(page.locator(".incident-turns li")).to_have_count(1)
    page.get_by_role("link", name="4 jobs failed").click()
    expect(page.get_by_text("late-0").first).to_be_visible()
    open_view(page, page.evaluate("location.hash"))
    shown = page.locator("main").inner_text()
    assert [f"late-{number}" in shown for number in range(4)] == [True] * 4
    assert "of-another" not in shown
    assert "before-it-began" not in shown


def test_filters_and_a_closed_incident(page: Page, origin: FakeOrigin) -> None:
    """The list tells open from closed; a closed one says why, and claims no list of jobs."""
    origin.incidents = [
        make_incident("one"),
        make_incident("gone", pipeline="crawl", closed_at=ago(hours=1)),
    ]
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    expect(cards).to_have_count(2)
    page.get_by_label("State").select_option("closed")
    expect(cards).to_have_count(1)
    expect(cards.get_by_role("link", name="jobs failed")).to_have_count(0)
    cards.get_by_role("link", name="crawl").click()
    expect(page.get_by_text("3 jobs failed until a later job ran well.")).to_be_visible()
    expect(page.locator(".incident-turns li")).to_have_count(2)


WORDS = {
    "new_error": "3 jobs failed by a new error",
    "error_rate": "3 jobs failed, which is too often",
    "missed": "3 runs missed",
    "late": "3 runs late",
    "too_long": "3 jobs running too long",
    "stalled": "3 jobs stalled",
    "overdue": "Overdue",
    "budget": "Budget reached",
    "differs": "Differs from its entries",
}


def test_whatever_is_wrong_is_said_in_words(page: Page, origin: FakeOrigin) -> None:
    """Each kind in its own, with a name also where no pipeline is meant."""
    assert set(WORDS) == {*ALERT_WHATS, DIFFERS} - {"failed", "timed_out", "partial"}
    about_none = {"pipeline": None, "last_job_id": None}
    origin.incidents = [make_incident(what, what=what) for what in WORDS]
    origin.incidents.append(
        make_incident("project", what="overdue", project_id="p-1", **about_none)
    )
    origin.incidents.append(make_incident("whole", what="budget", **about_none))
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    for words in WORDS.values():
        expect(cards.filter(has_text=words).first).to_be_visible()
    expect(cards.get_by_role("link", name="p-1")).to_be_visible()
    open_view(page, "#/incidents/whole")
    expect(page.get_by_role("heading", name="acme")).to_be_visible()


def test_calm_and_without_telling(page: Page, origin: FakeOrigin) -> None:
    """None open is calm; where nobody is told, an empty list does not look like it."""
    origin.jobs = [make_completed("fine", "succeeded")]
    origin.overview["totals"]["last_event_at"] = ago(seconds=9)
    sign_in(page, origin, "#/overview")
    card = page.locator(".card--incidents")
    expect(card).to_contain_text("No incident is open.")
    origin.telling = False
    page.reload()
    expect(card).to_contain_text("Nobody is told of what fails")
    card.get_by_role("link", name="All incidents").click()
    expect(page.get_by_role("status").filter(has_text="Incidents are turned off")).to_be_visible()


def test_hostile_words_are_text(page: Page, origin: FakeOrigin) -> None:
    """Of an error and a pipeline, on all three pages."""
    for number, text in enumerate(HOSTILE):
        error = {"type": text, "message": text}
        origin.incidents.append(make_incident(f"h-{number}", pipeline=text, error=error))
    origin.jobs = [make_completed("fine", "succeeded")]
    origin.overview["totals"]["last_event_at"] = ago(seconds=9)
    sign_in(page, origin, "#/overview")
    expect(page.locator(".card--incidents li")).to_have_count(5)
    for hash_ in ("#/overview", "#/incidents", "#/incidents/h-0"):
        open_view(page, hash_)
        expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
        assert page.evaluate("window.broken") is None
