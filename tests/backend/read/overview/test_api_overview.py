"""``/overview``: what is going on, by a recount of events and by the jobs themselves."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.stand_in import Dynamo
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import declared, ledgers
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import recount
from tests.support.recounts.views import ATTEMPT, RESULTS, facts, reading_house

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.instants import MICROSECONDS, parse, text

ONE_FAILED = {
    "ended": 1,
    "succeeded": 0,
    "partial": 0,
    "failed": 1,
    "cancelled": 0,
    "timed_out": 0,
    "error_rate": 1.0,
    "duration_p50_seconds": None,
    "duration_p95_seconds": None,
}
MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}
SECOND, HOUR = MICROSECONDS, 3_600 * MICROSECONDS


def _ask(here: House, asking: Any = STAFF, **parameters: Any) -> Any:
    reply = here.get("/overview", asking, **parameters)
    assert reply.status == 200, reply.body
    assert reply.rounds <= 3
    return reply.json


def _job(number: int, client_id: str, at: str, **fields: Any) -> Envelope:
    return job_update(
        job_id=f"job-{number}",
        client_id=client_id,
        event_id="1",
        occurred_at=f"2026-11-{at}Z",
        **fields,
    )


@pytest.fixture
def here() -> House:
    """Give what two clients did since yesterday, and one that was only declared."""
    made = reading_house(
        [
            _job(1, "acme", "22T14:10:00", status="running", delta={"records_ok": 7, "odd": 1}),
            _job(2, "acme", "22T13:10:00", status="queued"),
            _job(3, "acme", "21T15:00:00", status="completed", result="failed"),
            _job(
                4,
                "acme",
                "21T14:59:59",
                status="completed",
                result="failed",
                delta={"records_ok": 2},
            ),
            _job(5, "globex", "22T15:59:00", status="completed", result="succeeded"),
            _job(6, "globex", "22T15:01:00", status="completed", result="cancelled"),
        ]
    )
    made.now = parse("2026-11-22T15:20:30Z")
    declared.declare(made.client, "acme", name="Acme")
    declared.declare(made.client, "initech", name="Initech")
    return made


def test_an_overview_whole(here: House) -> None:
    """Its figures over all and by client; hours in which nothing happened are there as well."""
    shown = _ask(here)
    assert [shown[name] for name in ("as_of", "period", "since", "previous_since")] == [
        "2026-11-22T15:20:00.000000Z",
        "24h",
        "2026-11-21T15:00:00.000000Z",
        "2026-11-20T15:00:00.000000Z",
    ]
    assert [(one["client_id"], one["name"]) for one in shown["clients"]] == [
        ("acme", "Acme"),
        ("globex", None),
        ("initech", "Initech"),
    ]
    acme, globex, initech = shown["clients"]
    hours = acme.pop("hours")
    assert [hour["at"] for hour in hours] == [
        text(parse(shown["since"]) + number * HOUR) for number in range(25)
    ]
    kinds = ("created", "started", "ended", "partial", "failed", "timed_out")
    nothing = dict.fromkeys(kinds, 0)
    assert hours[0] == {**nothing, "at": shown["since"], "created": 1, "ended": 1, "failed": 1}
    assert hours[1] == {**nothing, "at": "2026-11-21T16:00:00.000000Z"}
    assert acme == {
        "client_id": "acme",
        "name": "Acme",
        "running": 1,
        "queued": 1,
        "stalled": 1,
        "created": 3,
        **ONE_FAILED,
        "attempts": {"started": 1, **ONE_FAILED},
        "counters": {"records_ok": 7},
        "last_event_at": text(ledgers.NOW),
        "previous": {
            "created": 1,
            **ONE_FAILED,
            "attempts": {"started": 0, **ONE_FAILED},
            "counters": {"records_ok": 2},
        },
    }
    assert (globex["error_rate"], globex["ended"]) == (0.0, 2)
    assert (initech["error_rate"], initech["last_event_at"]) == (None, None)
    assert (initech["previous"]["ended"], initech["previous"]["error_rate"]) == (0, None)
    totals = shown["totals"]
    assert (totals["created"], totals["ended"], totals["error_rate"]) == (5, 3, 0.5)
    assert (totals["previous"]["ended"], totals["counters"]) == (1, {"records_ok": 7})
    assert totals["hours"][-1]["ended"] == 2


def test_a_retry_that_healed_is_no_failed_job() -> None:
    """Jobs count once, by their present result; what was tried before is among the attempts."""
    healed = [
        _job(1, "acme", f"22T14:0{attempt}:00", attempt=attempt, status="completed", result=result)
        | {"id": str(attempt)}
        for attempt, result in ((1, "failed"), (2, "succeeded"))
    ]
    for number, one in enumerate(healed):
        one["detail"]["event_id"] = f"e{number}"
    others = [
        _job(number, "acme", "22T14:30:00", status="completed", result="succeeded")
        for number in range(2, 21)
    ]
    here = reading_house([*others, *healed])
    here.now = parse("2026-11-22T15:20:30Z")
    totals = _ask(here)["totals"]
    assert (totals["ended"], totals["succeeded"], totals["failed"]) == (20, 20, 0)
    assert totals["error_rate"] == 0.0
    attempts = totals["attempts"]
    assert (attempts["ended"], attempts["failed"]) == (21, 1)
    assert attempts["error_rate"] == pytest.approx(1 / 21)
    assert sum(hour["failed"] for hour in totals["hours"]) == 0


def test_callers_see_their_clients_alone(here: House) -> None:
    """Everything is what it would be if there were no others."""
    here.grant("m-1", clients=["globex", "nobody"])
    staff = _ask(here)
    for asking, parameters, seen in (
        (client_user("globex"), {}, ["globex"]),
        (MACHINE, {}, ["globex"]),
        (MACHINE, {"client_id": "globex"}, ["globex"]),
        (STAFF, {"client_id": "globex"}, ["globex"]),
        (client_user("acme", "initech"), {}, ["acme", "initech"]),
        (client_user("acme"), {"client_id": "globex"}, []),
        (MACHINE, {"client_id": "acme"}, []),
        (client_user("nobody"), {}, []),
    ):
        shown = _ask(here, asking, **parameters)
        assert shown["clients"] == [one for one in staff["clients"] if one["client_id"] in seen]
        assert shown["totals"]["created"] == sum(one["created"] for one in shown["clients"])
        if len(seen) == 1:
            (only,) = shown["clients"]
            assert shown["totals"] == {
                name: value for name, value in only.items() if name not in ("client_id", "name")
            }
    nothing = _ask(here, client_user("nobody"))["totals"]
    assert (nothing["running"], nothing["stalled"], nothing["last_event_at"]) == (0, 0, None)


def test_the_answer_stays_while_nothing_happens(here: House) -> None:
    """Within a minute, a poll that shows the ETag gets a 304."""
    tag = here.get("/overview").headers["ETag"]
    here.now += 25 * SECOND
    assert here.get("/overview", headers={"If-None-Match": tag}).status == 304
    here.now += 60 * SECOND
    assert here.get("/overview", headers={"If-None-Match": tag}).status == 200


@pytest.mark.parametrize(
    ("parameters", "parameter"), [({"client_id": "a b"}, "client_id"), ({"limit": 5}, "limit")]
)
def test_a_wrong_parameter_is_named(here: House, parameters: Any, parameter: str) -> None:
    """And nothing is read for it."""
    reply = here.get("/overview", STAFF, **parameters)
    assert (reply.status, reply.json["parameter"], reply.calls) == (400, parameter, 0)


def test_of_too_many_clients_the_largest_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are named, are no part of the totals, and can be asked for."""
    monkeypatch.setattr("run_ledger.read.overview.MOST_CLIENTS", 2)
    clients = (0, 1, 2, 2, 1, 3)
    here = reading_house(
        [_job(n, f"client-{client}", "22T14:00:00") for n, client in enumerate(clients)]
    )
    shown = _ask(here)
    assert [one["client_id"] for one in shown["clients"]] == ["client-1", "client-2"]
    assert shown["totals"]["running"] == 4
    assert shown["left_out"] == {
        "count": 2,
        "clients": ["client-0", "client-3"],
        "projects": [],
        "after": None,
    }
    alone = _ask(here, client_id="client-0")
    assert (len(alone["clients"]), alone["left_out"]) == (1, None)


def test_a_client_that_alone_is_too_much_is_left_out() -> None:
    """A client with a pipeline for each job takes the overview from nobody, not even from staff."""
    events = [
        job_update(
            job_id=f"noisy-{number}",
            client_id="noisy",
            pipeline=f"p-{number:04d}",
            event_id="1",
            occurred_at="2026-11-22T14:00:00Z",
        )
        for number in range(300)
    ]
    here = reading_house([_job(0, "acme", "22T14:00:00"), *events], page_bytes=4_000)
    here.now = parse("2026-11-22T14:30:00Z")
    shown = _ask(here)
    assert [one["client_id"] for one in shown["clients"]] == ["acme"]
    assert shown["totals"]["running"] == 1
    assert shown["left_out"]["clients"] == ["noisy"]
    own = here.get("/overview", client_user("acme", "x"))
    assert own.json["left_out"] is None
    alone = here.get("/overview", client_user("noisy", "x"))
    assert (alone.status, alone.json["parameter"]) == (400, "client_id")


def test_more_running_jobs_than_can_be_looked_through() -> None:
    """Stalled is null then, over all as well; other clients' figures are not touched."""
    events = [_job(n, "acme", "22T14:00:00") for n in range(30)]
    here = reading_house([*events, _job(40, "globex", "22T14:00:00")], page_bytes=1_500)
    here.now = ledgers.NOW + 2 * HOUR
    acme, globex = _ask(here)["clients"]
    assert (acme["running"], acme["stalled"]) == (30, None)
    assert (globex["running"], globex["stalled"]) == (1, 1)
    assert _ask(here)["totals"]["stalled"] is None


@given(data=st.data())
def test_stalled_is_what_the_jobs_themselves_say(data: st.DataObject) -> None:
    """At any moment, with any heartbeats, whoever asks; rows alone tell but for the edge."""
    heartbeats = data.draw(
        st.lists(st.sampled_from((None, 1, 60, 299, 300, 301, 900, 86_400)), min_size=1, max_size=6)
    )
    store: Dynamo = ledgers.empty_store()
    events = [
        _job(number, f"client-{number % 2}", "22T14:00:00", **_with(heartbeat))
        for number, heartbeat in enumerate(heartbeats)
    ]
    ledgers.post(ledgers.make_ledger(store), events)
    here = House(Querying(store))  # type: ignore[arg-type]
    here.now = (
        ledgers.NOW
        + data.draw(
            st.sampled_from((0, 1, 60, 61, 298, 300, 301, 599, 600, 900, 901, 1_199, 1_201, 90_000))
        )
        * SECOND
        + data.draw(st.sampled_from((-1, 0, 1)))
    )
    asking, seen = data.draw(
        st.sampled_from(
            ((STAFF, {"client-0", "client-1"}), (client_user("client-1"), {"client-1"}))
        )
    )
    expected: Counter[str] = Counter()
    for stored in ledgers.stored_jobs(store).values():
        expected[stored.job.client_id] += stored.job.is_stalled(stored.last_seen_at, here.now)
    shown = _ask(here, asking)
    found = {one["client_id"]: one["stalled"] for one in shown["clients"]}
    assert found == {name: expected[name] for name in expected if name in seen}
    assert shown["totals"]["stalled"] == sum(found.values())


def _with(heartbeat: int | None) -> dict[str, Any]:
    return {} if heartbeat is None else {"heartbeat_seconds": heartbeat}


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_figures_are_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """For any ledger, written by several writers, at some hour of it, whoever asks."""
    here = reading_house(envelopes, page_bytes=data.draw(st.sampled_from((900, 1_000_000))))
    here.now = parse("2026-11-22T01:20:00Z")
    since = parse("2026-11-21T01:00:00Z")
    asking, seen = data.draw(
        st.sampled_from(
            ((STAFF, {"client-1", "client-2"}), (client_user("client-2", "x"), {"client-2"}))
        )
    )
    now: dict[str, Counter[str]] = {}
    for job in recount.recount_jobs(envelopes).values():
        outcome = job["result"] or job["status"]
        now.setdefault(job["client_id"], Counter())[outcome] += 1
    done: dict[str, Counter[str]] = {name: Counter() for name in now}
    before: dict[str, Counter[str]] = {name: Counter() for name in now}
    for fact in facts(envelopes):
        if since <= fact.at < since + 25 * HOUR:
            done[fact.client_id][fact.name] += fact.amount
        if since - 24 * HOUR <= fact.at < since:
            before[fact.client_id][fact.name] += fact.amount
    reply = here.get("/overview", asking)
    if reply.status == 400:
        # What three rounds can't add up is refused where it is all there is, and never cut.
        assert "more was counted" in reply.json["detail"]
        return
    shown = reply.json["clients"]
    without = (reply.json["left_out"] or {"clients": []})["clients"]
    there = sorted((now.keys() & seen) - {*without})
    assert [one["client_id"] for one in shown] == there
    for one in [*shown, reply.json["totals"]]:
        mine = [one["client_id"]] if "client_id" in one else there
        counted = _sum(done, mine)
        states = sum((now[name] for name in mine), Counter[str]())
        assert (one["running"], one["queued"]) == (states["running"], states["queued"])
        _assert_period(one, counted)
        _assert_period(one["previous"], _sum(before, mine))
        for name in ("created", "started", "partial", "failed"):
            assert sum(hour[name] for hour in one["hours"]) == counted[name]
        assert one["last_event_at"] == (text(ledgers.NOW) if mine else None)


def _sum(counts: dict[str, Counter[str]], names: list[str]) -> Counter[str]:
    total: Counter[str] = Counter()
    for name in names:
        total.update(counts[name])
    return total


def _assert_period(shown: dict[str, Any], counted: Counter[str]) -> None:
    """Jobs and attempts, by result, and the counters that the contract names."""
    assert shown["created"] == counted["created"]
    for figures, kind in ((shown, ""), (shown["attempts"], ATTEMPT)):
        results = {result: counted[f"{kind}{result}"] for result in RESULTS}
        assert {result: figures[result] for result in RESULTS} == results
        assert figures["ended"] == sum(results.values())
    assert shown["attempts"]["started"] == counted["started"]
    assert shown["counters"] == {
        name: counted[f"c_{name}"] for name in sorted(KNOWN_COUNTERS) if counted[f"c_{name}"]
    }
