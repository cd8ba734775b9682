"""``/incidents``: what was told, as it is now, exactly once each, for whoever may see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.support.dynamo.querying import PAGE_BYTES
from tests.support.events.builders import job_update
from tests.support.events.hostile import HOSTILE
from tests.support.readers.reading import NOW, STAFF, House, client_user
from tests.support.recounts.told_incidents import ended, tell, tell_rulings
from tests.support.recounts.views import reading_house

from run_ledger.domain.incidents.alert_rules import ALERT_WHATS, AlertRule, IncidentScope, Ruling
from run_ledger.domain.incidents.drift import DIFFERS, DRIFT_SCOPE, Drifting, drift_rulings
from run_ledger.domain.instants import HOUR, MICROSECONDS, Instant, later, text

MOST_ROUNDS = 3
MINUTE = 60 * MICROSECONDS
CLIENTS = ("acme", "globex", "initech")
MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}
START = later(NOW, -10 * HOUR)
Shown = dict[str, Any]


@pytest.fixture
def here() -> House:
    """Give a ledger without incidents."""
    return reading_house([])


@pytest.fixture(scope="module")
def full() -> House:
    """Give sixty incidents of three clients, one a minute, of which many were healed."""
    made = reading_house([])
    made.grant("m-1", clients=["acme", "initech"])
    for number in range(60):
        client_id, pipeline = CLIENTS[number % 3], f"p-{number % 4}"
        at = later(START, number * MINUTE)
        rule = AlertRule("failed", project="p" if number % 2 else None, grace_seconds=0)
        fails = [
            ended(client_id, pipeline, f"job-{number}-{one}", at, fingerprint=f"fp-{number}")
            for one in range(1 + number % 5)
        ]
        told = tell(made.client, at, fails, rule)
        assert [one.kind for one in told] == ["incident_opened"]
        if number % 3 == 0:
            good = ended(client_id, pipeline, f"good-{number}", at, result="succeeded")
            tell(made.client, later(at, MICROSECONDS), [good], rule)
    return made


def pages(
    here: Any, asking: Mapping[str, Any] | None = None, **query: Any
) -> Iterator[list[Shown]]:
    """Yield the items of each page that cursors lead to."""
    cursor = None
    for _ in range(200):
        reply = here.get("/incidents", asking, cursor=cursor, **query)
        assert reply.status == 200, reply.body
        assert reply.rounds <= MOST_ROUNDS + (here.client.page_bytes < PAGE_BYTES)
        yield reply.json["items"]
        cursor = reply.json["next_cursor"]
        if cursor is None:
            return
    raise AssertionError("the list has no end")


def walked(here: House, asking: Mapping[str, Any] | None = None, **query: Any) -> list[Shown]:
    """Return all items of a list."""
    return [one for page in pages(here, asking, **query) for one in page]


def ids(items: list[Shown]) -> list[str]:
    """Return the incidents' ids."""
    return [one["incident_id"] for one in items]


def show(here: House, incident_id: str) -> Shown:
    """Return one incident."""
    reply = here.get("/incidents/{incident_id}", path={"incident_id": incident_id})
    assert reply.status == 200
    return dict(reply.json)


def test_what_is_open_and_closed(full: House) -> None:
    """By a count of what was told: of sixty, those whose pipeline ran well are closed."""
    everything = walked(full)
    assert len({*ids(everything)}) == len(everything) == 60
    opened = [one["opened_at"] for one in everything]
    assert opened == sorted(opened, reverse=True)
    still, closed = walked(full, state="open"), walked(full, state="closed")
    assert ids(still) + ids(closed) != ids(everything)
    assert sorted(ids(still) + ids(closed)) == sorted(ids(everything))
    assert all(one["closed_at"] is None and one["closed_because"] is None for one in still)
    assert all(one["closed_because"] == "healed" for one in closed)
    assert len(closed) >= 20


FILTERS = st.fixed_dictionaries(
    {"limit": st.integers(1, 60)},
    optional={
        "client_id": st.sampled_from((*CLIENTS, "hooli")),
        "project_id": st.sampled_from(("p", "q")),
        "pipeline": st.sampled_from(("p-0", "p-1", "p-9")),
        "what": st.sampled_from(("failed", "partial")),
        "state": st.sampled_from(("open", "closed")),
        "from": st.integers(0, 60).map(lambda one: text(later(START, one * MINUTE))),
        "to": st.integers(61, 70).map(lambda one: text(later(START, one * MINUTE))),
    },
)
CALLERS = {
    "staff": (STAFF, CLIENTS),
    "one client": (client_user("globex"), ("globex",)),
    "two clients": (client_user("acme", "globex"), ("acme", "globex")),
    "machine": (MACHINE, ("acme", "initech")),
    "nobody's": (client_user("hooli"), ()),
}


@settings(max_examples=60)
@given(asked=FILTERS, who=st.sampled_from(sorted(CALLERS)), is_whole=st.booleans())
def test_any_filters_give_what_they_name(
    full: House, asked: dict[str, Any], who: str, is_whole: bool
) -> None:
    """Each incident that matches, once, in order; of too many open ones just so."""
    asking, visible = CALLERS[who]
    with pytest.MonkeyPatch.context() as patch:
        if not is_whole:
            patch.setattr("run_ledger.store.incidents.incident_reads._ANSWERS_OF_OPEN", 1)
            patch.setattr(full.client, "page_bytes", 600)
        found = walked(full, asking, **asked)
    wanted = [
        one
        for one in walked(full, limit=100)
        if one["client_id"] in visible
        and asked.get("from", "") <= one["opened_at"] < asked.get("to", "9")
        and all(
            asked.get(name) in (None, one[name])
            for name in ("client_id", "project_id", "pipeline", "what", "state")
        )
    ]
    assert found == wanted


def test_order_by_jobs(full: House) -> None:
    """Those with most jobs first, of equal ones the newest; open ones alone."""
    found = [one for page in pages(full, sort="jobs", limit=7) for one in page]
    wanted = sorted(
        walked(full, state="open"), key=lambda one: (one["jobs"], one["opened_at"]), reverse=True
    )
    assert found == wanted
    assert len({one["jobs"] for one in found}) > 2
    refused = full.get("/incidents", sort="jobs", state="closed")
    assert (refused.status, refused.json["parameter"]) == (400, "sort")


def test_too_many_to_be_put_in_order(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to do, and of fewer it is an order again."""
    monkeypatch.setattr("run_ledger.read.incidents.MOST_SORTED", 3)
    refused = full.get("/incidents", sort="jobs")
    assert (refused.status, refused.json["parameter"]) == (400, "sort")
    assert "3" in refused.json["detail"]
    fewest = {"pipeline": "p-0", "client_id": "globex", "from": text(later(START, 50 * MINUTE))}
    assert full.get("/incidents", sort="jobs", **fewest).status == 200


def test_paging_while_incidents_open_and_close(here: House) -> None:
    """Who is there all the while comes once, whatever its state becomes, and none that is new."""
    for number in range(12):
        at = later(START, number * MINUTE)
        tell(here.client, at, [ended("acme", f"p-{number}", f"a-{number}", at)])
    before = walked(here)
    seen: list[Shown] = []
    for number, page in enumerate(pages(here, limit=2)):
        seen += page
        at = later(NOW, number * MINUTE)
        tell(here.client, at, [ended("acme", f"p-{number}", f"b-{number}", at, result="succeeded")])
        tell(here.client, at, [ended("acme", f"new-{number}", f"c-{number}", at)])
    assert ids(seen) == ids(before)


def test_how_many_jobs_is_of_now(here: House) -> None:
    """Failures since the last notice count, also in an incident that nobody hears of again."""
    rule = AlertRule("failed", grace_seconds=0)
    (opened,) = tell(here.client, START, [ended("acme", "n", "a", START)], rule)
    more = [ended("acme", "n", f"m-{number}", later(START, number)) for number in range(1, 31)]
    last = ended("acme", "n", "z", later(START, 99), error=("ValueError", "last"))
    assert tell(here.client, START, [*more, last]) == []
    incident_id = opened.incident.incident_id
    (listed,) = walked(here, state="open")
    shown = show(here, incident_id)
    assert shown == {**listed, "history": shown["history"]}
    assert (listed["jobs"], listed["last_job_id"]) == (32, "z")
    assert listed["error"] == {"type": "ValueError", "message": "last"}
    healed_at = later(START, MINUTE)
    tell(here.client, healed_at, [ended("acme", "n", "ok", healed_at, result="succeeded")])
    again_at = later(START, 2 * MINUTE)
    tell(here.client, again_at, [ended("acme", "n", "again", again_at)])
    closed = show(here, incident_id)
    assert (closed["state"], closed["jobs"], closed["last_job_id"]) == ("closed", 32, "z")
    assert [
        (turn["kind"], turn["jobs"], turn["because"], turn["at"]) for turn in closed["history"]
    ] == [
        ("opened", 1, None, text(START)),
        ("closed", 32, "healed", text(healed_at)),
    ]
    assert [(one["state"], one["jobs"]) for one in walked(here)] == [("open", 1), ("closed", 32)]


def test_what_waits_is_nowhere(here: House) -> None:
    """It may heal, and was told to nobody: no list, no id and no count knows of it."""
    slow = AlertRule("failed", after=3, grace_seconds=600)
    assert tell(here.client, START, [ended("acme", "n", "a", START)], slow) == []
    assert walked(here) == []
    assert here.get("/incidents", state="open").json["items"] == []


def test_without_telling_an_empty_list_says_so(here: House) -> None:
    """So that nobody takes it for a ledger in which all is well."""
    assert here.get("/incidents").json["telling"] is True
    here.settings = structs.replace(here.settings, is_telling=False)
    for query in ({}, {"state": "open"}, {"sort": "jobs"}):
        assert here.get("/incidents", **query).json["telling"] is False


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_producers_wrote_comes_as_they_wrote_it(here: House, hostile: str) -> None:
    """An error's words, and a fingerprint of any characters."""
    error = (hostile, hostile)
    named = ended("acme", "n", "a", START, fingerprint=f"#{hostile[:100]}", error=error)
    (told,) = tell(here.client, START, [named])
    shown = show(here, told.incident.incident_id)
    assert shown["error"] == {"type": hostile, "message": hostile}
    assert shown["fingerprint"] == f"#{hostile[:100]}"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"state": "muted"}, "state"),
        ({"what": "queued"}, "what"),
        ({"from": "2026-11-22", "to": "2026-11-22"}, "from"),
        ({"limit": "101"}, "limit"),
        ({"sort": "worst"}, "sort"),
        ({"of_staff": "yes"}, "of_staff"),
    ],
)
def test_what_it_refuses(here: House, query: dict[str, str], parameter: str) -> None:
    """It names the parameter, before any call."""
    reply = here.get("/incidents", **query)
    assert (reply.status, reply.json["parameter"], reply.calls) == (400, parameter, 0)


def test_an_incident_that_is_gone_leaves_no_gap(full: House) -> None:
    """Its row of an index may be there for a moment longer: the page is one shorter."""
    gone = walked(full)[10]["incident_id"]
    kept = full.counting
    kept.interfere = lambda _number, name, call: (
        _without(call(), gone) if name == "batch_get_item" else call()
    )
    try:
        assert len(walked(full, limit=9)) == 59
    finally:
        kept.interfere = None


def _without(answer: Any, gone: str) -> Any:
    for items in answer["Responses"].values():
        items[:] = [one for one in items if one["pk"]["S"] != f"incident#{gone}"]
    return answer


def test_a_machine_needs_no_more_rounds(full: House) -> None:
    """Its grant, an index, the incidents: of open ones as of all; one incident takes two."""
    reply = full.get("/incidents", MACHINE, state="open")
    assert (reply.rounds, reply.calls) == (3, 1 + 2 + 1)
    incident_id = reply.json["items"][0]["incident_id"]
    one = full.get("/incidents/{incident_id}", MACHINE, path={"incident_id": incident_id})
    assert (one.status, one.rounds, one.calls) == (200, 2, 3)
    staff = full.get("/incidents", state="open", limit="50")
    assert (staff.rounds, staff.calls) == (2, 2)


def test_the_overview_counts_what_is_open() -> None:
    """Of the caller's clients that have reported, in one call for all or one for each."""
    here = reading_house(
        [job_update(job_id=f"of-{one}", client_id=one, event_id="1") for one in CLIENTS]
    )
    for client_id, pipelines in (("acme", "abcdefg"), ("globex", "h")):
        for number, pipeline in enumerate(pipelines):
            at = later(START, number * MINUTE)
            tell(here.client, at, [ended(client_id, pipeline, f"{client_id}-{pipeline}", at)])
    tell(here.client, NOW, [ended("acme", "a", "ok", NOW, result="succeeded")])
    staff = here.get("/overview").json["incidents"]
    listed = walked(here, state="open")
    assert staff == {
        "telling": True,
        "open": 7,
        "of_staff": 0,
        "by_client": {"acme": 6, "globex": 1},
        "newest": listed[:5],
    }
    for asking, open_, newest in (
        (client_user("globex"), {"globex": 1}, walked(here, state="open", client_id="globex")),
        (client_user("initech"), {}, []),
        (client_user("acme", "globex"), {"acme": 6, "globex": 1}, listed[:5]),
    ):
        shown = here.get("/overview", asking).json["incidents"]
        assert (shown["by_client"], shown["newest"]) == (open_, newest)
        assert shown["open"] == sum(open_.values())
    for asking, calls in ((STAFF, 1), (client_user("acme", "globex"), 2)):
        here.get("/overview", asking)
        asked = [given for name, given in here.counting.requests if name == "query"]
        assert sum(one.get("IndexName") == "by_open" for one in asked) == calls


def test_what_differs_is_for_staff_alone(here: House) -> None:
    """The overview counts it beside the clients' incidents, and the list finds it by its word."""
    tell(here.client, START, [ended("acme", "n", "a", START)])
    differing = [Drifting("job-1", "One differs"), Drifting("row all 2026-11-18", "So does this")]
    tell_rulings(here.client, NOW, DRIFT_SCOPE, drift_rulings(differing, [], NOW))
    of_staff = here.get("/overview").json["incidents"]
    assert (of_staff["open"], of_staff["of_staff"]) == (2, 2)
    assert of_staff["by_client"] == {"*": 2}  # acme has not reported
    here.grant("m-1", clients=["acme"])
    here.grant("m-all", staff=True)
    every = {"username": "", "client_id": "m-all", "sub": "m-all"}
    for asking, found in ((STAFF, 2), (every, 2), (MACHINE, 0), (client_user("acme"), 0)):
        listed = walked(here, asking, what=DIFFERS)
        assert [one["client_id"] for one in listed] == ["*"] * found
        shown = here.get("/overview", asking).json["incidents"]
        assert (shown["by_client"] or {}).get("*", 0) == found
        assert len([one for one in shown["newest"] if one["what"] == DIFFERS]) == found
    narrowed = here.get("/overview", client_id="acme").json["incidents"]
    assert "*" not in narrowed["by_client"]


def test_every_word_of_what_is_wrong_narrows_the_list(here: House) -> None:
    """Whatever people are told of is found by its word, with the tag that its rule names."""
    for what in ALERT_WHATS:
        scope = IncidentScope("acme", f"p-{what}", None, "ended", "team:search")
        bad = Ruling(
            "bad", ended("acme", f"p-{what}", "a", START), AlertRule(what, grace_seconds=0)
        )
        tell_rulings(here.client, START, scope, [bad])
    for what in ALERT_WHATS:
        found = walked(here, what=what)
        assert [(one["what"], one["pipeline"], one["tag"]) for one in found] == [
            (what, f"p-{what}", "team:search")
        ]


def test_instants_are_those_of_jobs(here: House) -> None:
    """It began when the job ended, and opened when the teller heard of enough."""
    at = Instant(START)
    tell(here.client, later(at, MINUTE), [ended("acme", "n", "a", at)])
    (one,) = walked(here)
    assert (one["began_at"], one["opened_at"]) == (text(at), text(later(at, MINUTE)))
