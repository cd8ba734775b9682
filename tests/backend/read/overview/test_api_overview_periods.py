"""``/overview`` of 7 and 30 days, its error groups, and the jobs that it names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.querying import Querying
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts.views import RESULTS, facts, reading_house

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.instants import DAY, HOUR, MICROSECONDS, day, floor, parse, text
from run_ledger.store.overview.kept_pages import KeptPages

NOW = parse("2026-11-22T15:20:30Z")
SPANS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}


def _at(days: float) -> str:
    """Give the time so many days ago."""
    return text(NOW - round(days * DAY))


def _job(job_id: str, days: float, client_id: str = "acme", **fields: Any) -> Envelope:
    return job_update(
        job_id=job_id, client_id=client_id, event_id="1", occurred_at=_at(days), **fields
    )


def _failed(job_id: str, days: float, kind: str, client_id: str = "acme") -> Envelope:
    error = {"type": kind, "message": "no", "fingerprint": kind.lower()}
    return _job(job_id, days, client_id, status="completed", result="failed", error=error)


def _house(events: list[Envelope]) -> House:
    here = reading_house(events)
    here.now = NOW
    return here


def _ask(here: House, asking: Any = STAFF, **parameters: Any) -> Any:
    reply = here.get("/overview", asking, **parameters)
    assert reply.status == 200, reply.body
    assert reply.rounds <= 3
    return reply.json


@given(
    envelopes=strategies.ledgers(max_jobs=4),
    period=st.sampled_from(sorted(SPANS)),
    hours=st.integers(min_value=0, max_value=90 * 24),
)
def test_a_period_and_the_one_before_are_a_recount(
    envelopes: list[Envelope], period: str, hours: int
) -> None:
    """Whatever its length, and wherever it ends; the days of it are as the whole."""
    here = reading_house(envelopes)
    here.now = parse("2026-11-20T00:20:00Z") + hours * HOUR
    since = floor(here.now, HOUR) - SPANS[period]
    shown = _ask(here, period=period)
    assert (shown["since"], shown["previous_since"]) == (text(since), text(since - SPANS[period]))
    counted: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    by_day: dict[str, Counter[str]] = {}
    for fact in facts(envelopes):
        if since - SPANS[period] <= fact.at < floor(here.now, HOUR) + HOUR:
            counted[fact.at >= since][fact.name] += fact.amount
            if fact.at >= since:
                by_day.setdefault(day(fact.at), Counter())[fact.name] += fact.amount
    for figures, sums in (
        (shown["totals"], counted[True]),
        (shown["totals"]["previous"], counted[False]),
    ):
        assert {name: figures[name] for name in RESULTS} == {name: sums[name] for name in RESULTS}
        assert figures["created"] == sums["created"]
        assert figures["counters"] == {
            name: sums[f"c_{name}"] for name in sorted(KNOWN_COUNTERS) if sums[f"c_{name}"]
        }
    if period == "24h":
        assert (shown["days"], len(shown["totals"]["hours"])) == ([], 25)
    else:
        assert shown["totals"]["hours"] == []
        assert shown["days"][0]["at"] == shown["since"]
        assert {one["at"][:10]: one["created"] for one in shown["days"]} == {
            one["at"][:10]: by_day.get(one["at"][:10], Counter())["created"]
            for one in shown["days"]
        }
        assert sum(one["created"] for one in shown["days"]) == shown["totals"]["created"]


def test_error_groups_count_jobs_and_tell_what_is_new() -> None:
    """By whole days in UTC; a group is new where nothing of it failed in the days before."""
    healed = _failed("job-5", 0.1, "Healed")
    again = _job("job-5", 0.05, status="completed", result="succeeded", attempt=2)
    again["detail"]["event_id"] = "2"
    here = _house(
        [
            _failed("job-1", 0.1, "Boom"),
            _failed("job-2", 0.2, "Boom", "globex"),
            _failed("job-3", 3, "Boom"),
            _failed("job-4", 0.1, "Fresh"),
            _failed("job-6", 45, "Fresh"),
            _failed("job-7", 20, "Rare"),
            _failed("job-8", 0.1, "Rare"),
            healed,
            again,
        ]
    )
    shown = _ask(here)["errors"]
    assert (shown["since"], shown["more"], shown["left_out"]) == (
        "2026-11-21T00:00:00.000000Z",
        0,
        None,
    )
    assert [(one["fingerprint"], one["jobs"], one["is_new"]) for one in shown["groups"]] == [
        ("boom", 2, False),
        ("fresh", 1, True),
        ("rare", 1, False),
    ]
    assert shown["groups"][0]["clients"] == ["acme", "globex"]
    month = _ask(here, period="30d")["errors"]["groups"]
    assert [(one["fingerprint"], one["jobs"], one["is_new"]) for one in month] == [
        ("boom", 3, True),
        ("rare", 2, True),
        ("fresh", 1, False),
    ]
    own = _ask(here, client_user("globex"))["errors"]["groups"]
    assert [(one["fingerprint"], one["jobs"], one["is_new"]) for one in own] == [("boom", 1, True)]
    for group in _ask(here)["errors"]["groups"]:
        listed = here.get(
            "/jobs", STAFF, fingerprint=group["fingerprint"], ended_from=shown["since"]
        ).json["items"]
        assert len(listed) == group["jobs"]


def test_more_error_groups_than_are_shown_are_counted() -> None:
    """The ones with most jobs are there."""
    events = [_failed(f"job-{n}", 0.1, f"Kind{n:02d}") for n in range(12)]
    errors = _ask(_house([*events, _failed("job-x", 0.1, "Kind11")]))["errors"]
    assert (len(errors["groups"]), errors["more"]) == (10, 2)
    assert errors["groups"][0]["fingerprint"] == "kind11"


def test_jobs_to_look_at_say_why() -> None:
    """Stalled, failed and partial ones of the period; running ones apart."""
    events = [
        _job("mute", 0.5, status="running"),
        _failed("bad", 0.2, "Boom"),
        _job("late", 0.3, status="completed", result="timed_out"),
        _job("part", 0.1, "globex", status="completed", result="partial"),
        _failed("old", 5, "Boom"),
        _job("fine", 0.1, status="completed", result="succeeded"),
    ]
    here = _house(events)
    here.post(_job("live", 0.0, status="running"), at=NOW)
    shown = _ask(here)
    assert [(one["why"], one["job"]["job_id"]) for one in shown["attention"]] == [
        ("stalled", "mute"),
        ("failed", "bad"),
        ("failed", "late"),
        ("partial", "part"),
    ]
    assert [one["job_id"] for one in shown["running_jobs"]] == ["live"]
    assert shown["attention"][1]["job"] == here.get("/jobs/{job_id}", path={"job_id": "bad"}).json
    week = _ask(here, period="7d")["attention"]
    assert ("failed", "old") in {(one["why"], one["job"]["job_id"]) for one in week}
    own = _ask(here, client_user("globex"))
    assert [one["job"]["job_id"] for one in own["attention"]] == ["part"]
    assert own["running_jobs"] == []


def test_five_jobs_are_named_for_each_reason() -> None:
    """The answer stays small, however much has failed; each client's are among its own."""
    events = [_failed(f"job-{n:02d}", 0.1 + n / 100, "Boom", f"client-{n % 3}") for n in range(30)]
    here = _house(events)
    assert [one["job"]["job_id"] for one in _ask(here)["attention"]] == [
        f"job-{n:02d}" for n in range(5)
    ]
    own = _ask(here, client_user("client-1"))["attention"]
    assert [one["job"]["job_id"] for one in own] == [f"job-{n:02d}" for n in (1, 4, 7, 10, 13)]


def test_a_wrong_period_is_named() -> None:
    """With those that are allowed."""
    reply = _house([]).get("/overview", STAFF, period="1y")
    assert (reply.status, reply.json["parameter"]) == (400, "period")
    assert "24h, 7d, 30d" in reply.json["detail"]


@given(
    data=st.data(),
    envelopes=strategies.ledgers(max_jobs=4),
    period=st.sampled_from(sorted(SPANS)),
)
def test_what_a_reader_keeps_changes_no_answer(
    data: st.DataObject, envelopes: list[Envelope], period: str
) -> None:
    """Events come late, early and again; each answer is what a reader without memory gives."""
    store = empty_store()
    warm = House(Querying(store), kept=KeptPages())  # type: ignore[arg-type]
    cold = House(Querying(store))  # type: ignore[arg-type]
    at = parse("2026-11-22T00:50:00Z")
    for envelope in envelopes:
        at += data.draw(st.sampled_from((1, 25, 700, 3_600, 40_000))) * MICROSECONDS
        warm.post(envelope, at=at)
        for wait in (1, 30):
            warm.now = cold.now = at + wait * MICROSECONDS
            asked = warm.get("/overview", STAFF, period=period)
            assert asked.json == cold.get("/overview", STAFF, period=period).json


def test_an_idle_overview_of_many_clients_reads_little() -> None:
    """However many clients there are; what belongs to others is not read for one of them."""
    events = [
        event
        for n in range(30)
        for event in (
            _job(f"job-{n}", 0.5, f"client-{n}", status="completed", result="succeeded"),
            _failed(f"bad-{n}", 0.4, "Boom", f"client-{n}"),
        )
    ]
    here = _house(events)
    here.kept = KeptPages()
    first = here.get("/overview")
    second = here.get("/overview")
    assert second.body == first.body
    assert second.calls <= 10 < first.calls
    own = client_user("client-3")
    assert here.get("/overview", own).status == 200
    before = here.get("/overview", own).calls
    here.post(_job("other", 0.0, "client-4", status="running"), at=NOW)
    assert here.get("/overview", own).calls == before


@pytest.mark.parametrize("late", [False, True])
def test_an_error_that_takes_the_place_of_another_is_seen(late: bool) -> None:
    """It changes no count but that of its group."""
    days = 2.0 if late else 0.01
    here = _house([_failed("job-1", days, "Boom")])
    here.kept = KeptPages()
    assert _ask(here, period="7d")["errors"]["groups"][0]["fingerprint"] == "boom"
    other = _failed("job-1", days - 1e-6, "Bang")
    other["detail"]["event_id"] = "2"
    here.post(other, at=NOW)
    here.now += 60 * MICROSECONDS
    shown = _ask(here, period="7d")["errors"]["groups"]
    assert [one["fingerprint"] for one in shown] == ["bang"]
