"""Incidents in the analysts' app: open first, each with its history and just its jobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from dashboard_app import words
from dashboard_app.frames.incidents import counted_jobs, error_of, incidents, turns
from msgspec import structs
from tests.dashboard_app.conftest import NOW, Open, person, words_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.app.dashboard_data import text
from tests.support.events.builders import job_update
from tests.support.events.hostile import HOSTILE
from tests.support.readers.example_jobs import ago, make_incident, make_turn
from tests.support.readers.reading import House
from tests.support.recounts.told_incidents import (
    AT_ONCE,
    ended,
    keep_incidents,
    tell,
    tell_rulings,
)
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants
from run_ledger.domain.incidents.alert_rules import ALERT_WHATS, rulings_on
from run_ledger.domain.incidents.alert_rules import STAFF as OF_STAFF
from run_ledger.domain.incidents.drift import DIFFERS, DRIFT_SCOPE, Drifting, drift_rulings

BEGAN = NOW - timedelta(hours=2)


def failing(house: House, number: int, at: Any, *, pipeline: str = "enrich", fp: str = "fp") -> str:
    """Post a job that has failed, and return its id."""
    job_id = f"{pipeline}-{fp}-{number}"
    house.post(
        job_update(
            job_id=job_id,
            client_id="acme",
            project_id="p",
            pipeline=pipeline,
            status="completed",
            result="failed",
            occurred_at=f"{at:%Y-%m-%dT%H:%M:%S.%f}Z",
            event_id="1",
            error={"type": "Timeout", "message": "after 30 s", "fingerprint": fp},
        )
    )
    return job_id


@pytest.fixture
def served() -> Iterator[Api]:
    """Serve a ledger with three failures that are told, and four that are others'."""
    house = reading_house([])
    house.now = instants.parse(text(NOW))
    began = BEGAN.replace(microsecond=600_000)
    for number in range(3):
        at = began + timedelta(minutes=number)
        job_id = failing(house, number, at)
        moment = instants.parse(f"{at:%Y-%m-%dT%H:%M:%S.%f}Z")
        tell(house.client, moment, [ended("acme", "enrich", job_id, moment, fingerprint="fp")])
    failing(house, 9, began - timedelta(microseconds=300_000))
    failing(house, 1, NOW - timedelta(hours=1), fp="other-one")
    failing(house, 1, NOW - timedelta(hours=1), pipeline="crawl")
    with serving(house) as api:
        yield api


def table_of(app: Any, name: str) -> Any:
    """Return the one table that has a column."""
    (found,) = [one.value for one in app.dataframe if name in one.value]
    return found


def test_from_what_is_wrong_to_just_its_jobs(served: Api, open_page: Open) -> None:
    """The number leads to as many jobs, to the microsecond at which the first of them ended."""
    app = open_page(served, "incidents")
    assert not app.exception
    shown = table_of(app, "about")
    (row,) = shown.to_dict("records")
    assert (row["about"], row["what"], row["jobs"]) == ("enrich", "Failed", 3)
    app = open_page(served, "incidents", incident=row["incident_id"])
    assert not app.exception
    assert "Open" in words_of(app)
    (jobs, last) = [one.proto for one in app.get("page_link")]
    assert jobs.label == "3 jobs: failed"
    assert parse_qsl(last.query_string) == [("job", "enrich-fp-2")]
    app = open_page(served, "jobs", **dict(parse_qsl(jobs.query_string)))
    assert not app.exception
    assert not app.warning
    assert {*table_of(app, "job_id")["job_id"]} == {f"enrich-fp-{number}" for number in range(3)}
    (asked,) = {one for one in served.asked if one.startswith("/jobs?")}
    assert "ended_from=2026-11-22T13%3A20%3A00.600000Z" in asked


def test_closed_ones_are_those_of_the_period(api: Api, open_page: Open) -> None:
    """What is open is shown whenever it opened; what has closed, by when it opened."""
    app = open_page(api, "incidents", span="24h")
    open_, closed = [one.value for one in app.dataframe]
    clients = ["acme", "globex", "initech"]
    assert sorted(open_["incident_id"]) == [f"{one}-open" for one in clients]
    assert sorted(closed["incident_id"]) == [f"{one}-closed" for one in clients]
    assert {*closed["closed_because"]} == {"well again"}
    app = open_page(api, "incidents", span="Days", days=["2026-11-10", "2026-11-12"])
    (open_,) = [one.value for one in app.dataframe]
    assert len(open_) == 3
    assert "No incident that opened in this period has closed." in words_of(app)


def test_filters_and_other_clients(api: Api, open_page: Open) -> None:
    """A person of one client sees no other's, by no filter and no link."""
    app = open_page(api, "incidents", person("client-acme"))
    assert {*app.dataframe[0].value["client_id"]} == {"acme"}
    for incident_id in ("globex-open", "nothing", "a b/<c>"):
        app = open_page(api, "incidents", person("client-acme"), incident=incident_id)
        assert not app.exception
        assert "There is no such incident." in words_of(app)
    next(one for one in app.button if one.label == "All incidents").click().run()
    assert "incident" not in app.query_params
    app = open_page(api, "incidents", what="Missed run")
    assert not app.dataframe
    assert [one.value for one in app.success] == ["No incident is open."]


def test_calm_and_without_telling(empty_api: Api, open_page: Open) -> None:
    """None open is calm; where nobody is told, an empty table does not look like it."""
    failing(empty_api.house, 1, BEGAN)
    app = open_page(empty_api, "incidents")
    assert [one.value for one in app.success] == ["No incident is open."]
    assert not app.warning
    settings = empty_api.house.settings
    empty_api.house.settings = structs.replace(settings, is_telling=False)
    app = open_page(empty_api, "incidents")
    assert not app.success
    assert "Incidents are turned off for this ledger." in words_of(app)


def test_a_ledger_without_jobs_may_have_incidents(empty_api: Api, open_page: Open) -> None:
    """A first run that never came is no first use."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    app = open_page(empty_api, "incidents")
    assert not app.exception
    assert [*app.dataframe[0].value["incident_id"]] == ["acme-open"]


def test_what_concerns_staff_alone(empty_api: Api, open_page: Open) -> None:
    """It names what differs, no client and no job where it is none."""
    now = empty_api.house.now
    differing = [Drifting("row all 2026-11-18", HOSTILE[0])]
    (told,) = tell_rulings(
        empty_api.house.client, now, DRIFT_SCOPE, drift_rulings(differing, [], now)
    )
    app = open_page(empty_api, "incidents")
    (row,) = app.dataframe[0].value.to_dict("records")
    assert row["about"] == "row all 2026-11-18"
    assert row["client_id"] == "All clients (staff)"
    app = open_page(empty_api, "incidents", incident=told.incident.incident_id)
    assert not app.exception
    assert not app.get("page_link")
    assert HOSTILE[0] in app.code[0].value


def of_twins(api: Api) -> list[str]:
    """Keep an incident of a client and one of staff, of the same failure; return their ids."""
    now = api.house.now
    end, told = ended("acme", "enrich", "job-1", now), []
    for owner in (None, OF_STAFF):
        ((scope, ruling),) = rulings_on([AT_ONCE], end, owner).items()
        told += tell_rulings(api.house.client, now, scope, [ruling])
    return [one.incident.incident_id for one in told]


def test_staff_s_rules_are_told_apart(empty_api: Api, open_page: Open) -> None:
    """In the table, by a filter and on the page of one; to others there is one incident."""
    own, staffs = of_twins(empty_api)
    shown = open_page(empty_api, "incidents").dataframe[0].value
    rules = dict(zip(shown["incident_id"], shown["rule"], strict=True))
    assert rules[staffs] == "Staff’s rule"
    assert not isinstance(rules[own], str)
    for word, left in (("Staff’s", staffs), ("Clients’ own", own)):
        app = open_page(empty_api, "incidents", rules=word)
        assert [*app.dataframe[0].value["incident_id"]] == [left]
    app = open_page(empty_api, "incidents", incident=staffs)
    assert "Staff’s rule" in words_of(app)
    app = open_page(empty_api, "incidents", person("client-acme"))
    assert [*app.dataframe[0].value["incident_id"]] == [own]
    assert "Rules" not in [one.label for one in app.selectbox]
    app = open_page(empty_api, "incidents", person("client-acme"), incident=staffs)
    assert "There is no such incident." in words_of(app)


def test_an_open_one_leads_to_where_it_is_answered(api: Api, open_page: Open) -> None:
    """The app only reads; on the site people acknowledge, mute and resolve."""
    for incident_id, links in (
        ("acme-open", ["https://s/#/incidents/acme-open"]),
        ("acme-closed", []),
    ):
        app = open_page(api, "incidents", incident=incident_id)
        assert not app.exception
        found = [one.proto.url for one in app.get("link_button")]
        assert [one for one in found if "#" in one] == links


@pytest.mark.parametrize(
    ("word", "heads", "ids"),
    [
        ("Open", ["Open now"], ["acme-open"]),
        ("Closed", ["Opened in this period, and closed"], ["acme-closed"]),
    ],
)
def test_open_or_closed_ones_alone(
    empty_api: Api, open_page: Open, word: str, heads: list[str], ids: list[str]
) -> None:
    """By a filter that the address has; the other table is neither asked for nor shown."""
    keep_incidents(empty_api.house.client, "acme", empty_api.house.now)
    empty_api.asked.clear()
    app = open_page(empty_api, "incidents", state=word)
    assert not app.exception
    assert [one.value for one in app.subheader] == [*heads, "Notices to people"]
    assert [*app.dataframe[0].value["incident_id"]] == ids
    asked = [one for one in empty_api.asked if one.startswith("/incidents?") and "from" in one]
    assert bool(asked) is (word == "Closed")


def test_a_kind_that_is_told_is_not_repeated() -> None:
    """What time decides has words of ours in the place of an error."""
    missed = {"type": "missed", "message": "No run began."}
    assert error_of(make_incident("one", what="missed", error=missed)) == "No run began."
    assert error_of(make_incident("one", error=missed)) == "missed: No run began."


def test_words_for_all_that_can_be_wrong() -> None:
    """Each has words and a filter; lists of jobs are claimed of results alone."""
    assert {*words.WHATS} == {*ALERT_WHATS, DIFFERS}
    made = [make_incident(what, what=what) for what in words.WHATS]
    assert [*incidents(made)["what"]] == [*words.WHATS.values()]
    listed = [one["what"] for one in made if counted_jobs(one) is not None]
    assert listed == ["failed", "timed_out", "partial"]
    assert counted_jobs(make_incident("one", fingerprint="other")) is None
    assert counted_jobs(make_incident("one", closed_at=ago(hours=1))) is None


def test_who_did_what() -> None:
    """The history says it, with the words that were written."""
    act = {"by": "ada@acme.example", "text": HOSTILE[0], "until": ago(hours=-5), "event_id": "e"}
    history = [
        make_turn(ago(hours=3), "opened", None, 1),
        make_turn(ago(hours=2), "changed", "muted", 2, **act),
        make_turn(ago(hours=1), "changed", "noted", 2, **act),
        make_turn(ago(hours=1), "closed", "resolved", 2, **act),
    ]
    shown = turns(make_incident("one", history=history))
    assert [*shown["happened"]] == ["Opened", "Muted", "Note", "Closed: resolved"]
    assert [*shown["text"].dropna()] == [HOSTILE[0]] * 3
    assert [*shown["by"].dropna()] == ["ada@acme.example"] * 3


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_words_are_text(empty_api: Api, open_page: Open, number: int) -> None:
    """What a producer wrote stands in a table or a block of text, and in no Markdown."""
    hostile, now = HOSTILE[number], empty_api.house.now
    bad = ended("acme", "enrich", "job-1", now, error=(hostile, hostile))
    (told,) = tell(empty_api.house.client, now, [bad])
    app = open_page(empty_api, "incidents", incident=told.incident.incident_id)
    assert not app.exception
    assert app.code[0].value.strip() == f"{hostile}: {hostile}".strip()
    assert hostile not in words_of(app) or hostile.strip().isalnum()
