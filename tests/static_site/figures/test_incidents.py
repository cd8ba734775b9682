"""What is wrong now, and what became of it: open incidents first, each with just its jobs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.static_site.every_view import open_view
from tests.support.events.hostile import HOSTILE
from tests.support.readers.example_jobs import ago, make_completed, make_incident, make_turn
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
    """Open ones come first; a closed one says why, and claims no list of jobs."""
    origin.incidents = [
        make_incident("one"),
        make_incident("gone", pipeline="crawl", closed_at=ago(hours=1)),
    ]
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    expect(cards.get_by_role("link", name="enrich")).to_have_count(1)
    expect(cards).to_have_count(1)
    page.get_by_label("State").select_option("all")
    expect(cards).to_have_count(2)
    page.get_by_label("State").select_option("closed")
    expect(cards).to_have_count(1)
    expect(cards.get_by_role("link", name="jobs failed")).to_have_count(0)
    cards.get_by_role("link", name="crawl").click()
    expect(page.get_by_text("3 jobs failed until a later job ran well.")).to_be_visible()
    expect(page.locator(".incident-turns li")).to_have_count(2)


def opened(page: Page) -> list[str]:
    """Return the incidents that are listed, by the address that their titles lead to."""
    found = page.locator(".incident-card__head strong a").evaluate_all(
        "links => links.map(link => link.hash.slice('#/incidents/'.length))"
    )
    return sorted(found)


def test_every_filter_is_in_the_address_and_counts_what_it_names(
    page: Page, origin: FakeOrigin
) -> None:
    """Chosen by its field or opened by its address, a list has just these incidents."""
    origin.person_claims = {"cognito:groups": ["staff"]}
    origin.incidents = [
        make_incident("usual", opened_at=ago(days=9)),
        make_incident("missed", what="missed", opened_at=ago(days=9)),
        make_incident("crawl", pipeline="crawl", opened_at=ago(days=9)),
        make_incident("of-project", project_id="p-1", opened_at=ago(days=9)),
        make_incident("twin", of_staff=True, opened_at=ago(days=9)),
        make_incident("gone", closed_at=ago(days=1), opened_at=ago(days=9)),
        make_incident("other", client_id="globex", opened_at=ago(days=9)),
        make_incident("new", opened_at=ago(hours=-1)),
    ]
    every = sorted(one["incident_id"] for one in origin.incidents if one["state"] == "open")
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    expect(cards).to_have_count(len(every))
    page.get_by_text("More filters").click()
    choices = (
        ("What is wrong", "missed", "what=missed", ["missed"]),
        ("State", "closed", "state=closed", ["gone"]),
        ("State", "all", "state=all", sorted([*every, "gone"])),
        ("Rules", "true", "of_staff=true", ["twin"]),
        ("Rules", "false", "of_staff=false", [one for one in every if one != "twin"]),
        ("Opened", "1", "days=1", ["new"]),
        ("Opened", "7", "days=7", ["new"]),
        ("Opened", "30", "days=30", every),
        ("Project", "p-1", "project_id=p-1", ["of-project"]),
        ("Pipeline", "crawl", "pipeline=crawl", ["crawl"]),
        ("Client", "globex", "client_id=globex", ["other"]),
    )
    for label, value, address, found in choices:
        field = page.get_by_label(label, exact=True)
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
            field.press("Enter")
        expect(page).to_have_url(re.compile(f"#/incidents\\?{re.escape(address)}$"))
        expect(cards).to_have_count(len(found))
        assert opened(page) == found, address
        open_view(page, "#/incidents")
        expect(cards).to_have_count(len(every))
        open_view(page, f"#/incidents?{address}")
        expect(cards).to_have_count(len(found))
        assert opened(page) == found, address
        page.get_by_role("button", name="Clear filters").click()
        expect(cards).to_have_count(len(every))
    expect(page.locator("nav [aria-current]")).to_have_text("Incidents")


def test_a_day_and_a_number_of_days_exclude_each_other(page: Page, origin: FakeOrigin) -> None:
    """The one that was chosen last is meant."""
    origin.incidents = [make_incident("new", opened_at=ago(hours=-1)), make_incident("old")]
    sign_in(page, origin, "#/incidents?days=7")
    page.get_by_text("More filters").click()
    page.get_by_label("Up to").fill(ago(days=900)[:10])
    expect(page).to_have_url(re.compile(r"#/incidents\?to=20"))
    expect(page.get_by_text("No incident is open")).to_be_visible()
    page.get_by_label("Opened", exact=True).select_option("7")
    expect(page).to_have_url(re.compile(r"#/incidents\?days=7$"))
    expect(page.locator(".incident-card")).to_have_count(2)


def test_staff_s_rules_are_told_apart(page: Page, origin: FakeOrigin) -> None:
    """On all three pages; who is not of staff has no filter for them."""
    origin.person_claims = {"cognito:groups": ["staff"]}
    origin.incidents = [make_incident("twin", of_staff=True), make_incident("own")]
    origin.jobs = [make_completed("fine", "succeeded")]
    origin.overview["totals"]["last_event_at"] = ago(seconds=9)
    sign_in(page, origin, "#/overview")
    lines = page.locator(".card--incidents li")
    expect(lines.filter(has_text="Staff’s rule")).to_have_count(1)
    expect(lines.filter(has_text="acme")).to_have_count(2)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Incidents").click()
    expect(page.locator(".incident-card").filter(has_text="Staff’s rule")).to_have_count(1)
    expect(page.get_by_label("Rules")).to_be_visible()
    open_view(page, "#/incidents/twin")
    expect(page.locator(".facts")).to_contain_text("Staff’s rule")
    open_view(page, "#/incidents/own")
    expect(page.locator(".facts")).not_to_contain_text("Staff’s rule")


def test_others_than_staff_have_no_filter_of_staff(page: Page, origin: FakeOrigin) -> None:
    """But where their address has it, they can take it back."""
    origin.incidents = [make_incident("own")]
    sign_in(page, origin, "#/incidents")
    expect(page.locator(".incident-card")).to_have_count(1)
    expect(page.get_by_label("Rules")).to_be_hidden()
    open_view(page, "#/incidents?of_staff=true")
    expect(page.get_by_text("No incident is open")).to_be_visible()
    page.get_by_label("Rules").select_option("")
    expect(page.locator(".incident-card")).to_have_count(1)


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


def test_a_number_leads_to_jobs_only_where_a_list_has_just_these(
    page: Page, origin: FakeOrigin
) -> None:
    """Lists have results, and tags; what else is wrong has no list."""
    origin.incidents = [make_incident(what, what=what) for what in WORDS]
    origin.incidents.append(make_incident("tagged", pipeline="tagged", tag="team:search"))
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    expect(cards).to_have_count(len(WORDS) + 1)
    found = cards.get_by_role("link", name="3 jobs")
    expect(found).to_have_count(1)
    address = found.get_attribute("href")
    assert address is not None
    assert "tag=team%3Asearch" in address


def test_what_concerns_staff_names_no_client_and_no_job(page: Page, origin: FakeOrigin) -> None:
    """A row of totals is no job, its pipeline none of theirs; a job that differs has its link."""
    drift = {"what": "differs", "client_id": "*", "pipeline": "proof", "jobs": 1}
    origin.incidents = [
        make_incident("row", last_job_id="row all today", **drift),
        make_incident("job", last_job_id="job-1", **drift),
    ]
    origin.jobs = [make_completed("fine", "succeeded")]
    origin.overview["totals"]["last_event_at"] = ago(seconds=9)
    sign_in(page, origin, "#/overview")
    expect(page.locator(".card--incidents")).to_contain_text("All clients (staff)")
    page.locator(".card--incidents").get_by_role(
        "link", name="Differs from its entries"
    ).first.click()
    expect(page.get_by_role("heading", name="row all today")).to_be_visible()
    main = page.locator(".incident")
    expect(main).to_contain_text("All clients (staff)")
    expect(main.get_by_role("link")).to_have_count(0)
    open_view(page, "#/incidents/job")
    expect(main.get_by_role("link")).to_have_count(1)
    expect(main.get_by_role("link", name="job-1")).to_have_attribute("href", "#/jobs/job-1")


def test_a_history_says_who_did_what(page: Page, origin: FakeOrigin) -> None:
    """With the words they wrote, as text; an overdue project is called by its id."""
    mute = {"by": "ada@acme.example", "until": ago(hours=-5), "event_id": "e-1"}
    note = {"by": "bob@acme.example", "text": HOSTILE[0], "event_id": "e-2"}
    turns = [
        make_turn(ago(hours=3), "opened", None, 1),
        make_turn(ago(hours=2), "changed", "muted", 2, **mute),
        make_turn(ago(hours=1), "changed", "noted", 2, **note),
        make_turn(ago(hours=1), "changed", "noted", 2, **{**note, "event_id": "e-3"}),
        make_turn(ago(minutes=9), "closed", "withdrawn", 2),
    ]
    told = {"what": "overdue", "pipeline": None, "project_id": "catalogue", "history": turns}
    known = {"muted": True, "muted_until": ago(hours=-5), "acknowledged_by": "eve@acme.example"}
    origin.incidents = [make_incident("one", last_job_id=None, **told, **known)]
    sign_in(page, origin, "#/incidents/one")
    expect(page.get_by_role("heading", name="catalogue")).to_be_visible()
    shown = page.locator(".incident-turns li")
    expect(shown).to_have_count(5)
    expect(shown.nth(0)).to_contain_text("Opened")
    expect(shown.nth(0)).not_to_contain_text("job")
    expect(shown.nth(1)).to_contain_text("Muted by ada@acme.example until")
    expect(shown.nth(2)).to_contain_text("Note by bob@acme.example")
    expect(shown.nth(2)).to_contain_text(HOSTILE[0])
    expect(shown.nth(4)).to_contain_text("Closed: no longer wrong, by what is known now")
    facts = page.locator(".incident .facts")
    expect(facts).to_contain_text("eve@acme.example")
    expect(facts).to_contain_text("Muted until")
    expect(facts).not_to_contain_text("Jobs of the pipeline")
    assert page.evaluate("window.broken") is None


@pytest.mark.parametrize(
    ("what", "counted", "because"),
    [
        ("missed", "2 runs", "withdrawn"),
        ("failed", "2 jobs", "withdrawn"),
        ("budget", "", "month_over"),
    ],
)
def test_an_end_is_told_in_words(
    page: Page, origin: FakeOrigin, what: str, counted: str, because: str
) -> None:
    """Runs are not called jobs, and no word of the API's stands for why it is over."""
    words = {
        "withdrawn": "no longer wrong, by what is known now",
        "month_over": "the month is over",
    }
    turns = [make_turn(ago(hours=1), "opened", None, 2)]
    told = {"what": what, "jobs": 2, "history": turns, "closed_because": because}
    origin.incidents = [make_incident("one", closed_at=ago(minutes=9), **told)]
    sign_in(page, origin, "#/incidents/one")
    expect(page.locator(".incident__state")).to_contain_text(
        f"the incident is closed: {words[because]}."
    )
    turn = page.locator(".incident-turns li")
    expect(turn).to_have_count(1)
    assert turn.locator(".quiet").inner_text() == counted


def test_a_long_error_leaves_room_for_other_incidents(page: Page, origin: FakeOrigin) -> None:
    """The list shows its first lines, the incident all of it."""
    error = {"type": "Timeout", "message": "no answer from the supplier " * 36}
    origin.incidents = [make_incident(one, error=error) for one in ("one", "two", "three")]
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, origin, "#/incidents")
    cards = page.locator(".incident-card")
    expect(cards).to_have_count(3)
    heights = [box["height"] for one in cards.all() if (box := one.bounding_box()) is not None]
    assert max(heights) < 844 / 3
    open_view(page, "#/incidents/one")
    expect(page.locator(".incident .error-text")).to_contain_text(error["message"].strip())
    whole = page.locator(".incident .error-text").bounding_box()
    assert whole is not None
    assert whole["height"] > 844 / 3
