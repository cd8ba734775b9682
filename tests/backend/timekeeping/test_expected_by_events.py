"""A schedule that lives with the code that has it: what events expect is judged as any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.backend.timekeeping import test_who_is_told
from tests.backend.timekeeping.test_who_is_told import Told
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.stand_in import Call, Dynamo, Fault, client_error
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import PROJECT_ID, job_update
from tests.support.readers import ledgers

from run_ledger.domain import instants
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.expectations import MOST_EXPECTATIONS, Announcement, Expectation
from run_ledger.domain.instants import DAY, MICROSECONDS, Instant
from run_ledger.store.clients import announced_reads
from run_ledger.store.clients.announced_reads import read_announced

NOW = Instant(ledgers.NOW)
HOURLY = {"cron": "0 * * * *", "grace": "5m"}
stage = test_who_is_told.stage


def apply(stage: Told, *alerts: AlertRule) -> None:
    """Declare the client with its channels and these rules, and no expectation."""
    stage.apply(*alerts)
    stage.declare(alerts=alerts)


def run(stage: Told, job_id: str, **fields: Any) -> None:
    """Let a run begin, and end at once."""
    stage.report(job_id, "hourly", status="completed", result="succeeded", **fields)


def test_a_missed_run_is_told_and_healed(stage: Told) -> None:
    """To all channels, without a rule, in words that name the source; the next run closes it."""
    apply(stage)
    run(stage, "a", expect=HOURLY)
    stage.pass_minutes(59)
    run(stage, "b", expect=HOURLY)
    stage.pass_minutes(69)
    ((kind, told),) = stage.told
    assert (kind, told["what"], told["pipeline"]) == ("opened", "missed", "hourly")
    assert told["error"]["message"].endswith("by cron 0 * * * * in UTC, as its events say")
    assert [one["channel"] for one in stage.deliveries] == ["ops", "chat"]
    run(stage, "c", expect=HOURLY)
    stage.pass_minutes(5)
    assert stage.words[1:] == [("closed", "missed", "healed")]


def test_a_client_that_nobody_has_declared(stage: Told) -> None:
    """It has no channels: the bus has it, and so have staff."""
    run(stage, "a", expect=HOURLY)
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]
    assert not stage.deliveries


def test_a_run_that_takes_too_long(stage: Told) -> None:
    """Of the very job that says how long it may take."""
    apply(stage)
    stage.report("a", "slow", expect={"max_duration": "30m"})
    stage.pass_minutes(28)
    assert not stage.told
    stage.pass_minutes(8)
    ((kind, told),) = stage.told
    assert (kind, told["what"], told["last_job_id"]) == ("opened", "too_long", "a")
    assert told["error"]["message"] == "a job has run for longer than 30m, as its events say"
    assert {one["channel"] for one in stage.deliveries} == {"ops", "chat"}


def test_the_rules_of_the_client_count(stage: Told) -> None:
    """As for what it declares itself: a rule about another pipeline takes the default's place."""
    apply(stage, AlertRule("missed", pipeline="another", grace_seconds=0), AlertRule("late"))
    run(stage, "a", expect=HOURLY)
    stage.pass_minutes(80)
    assert not stage.told


def test_it_is_taken_back(stage: Told) -> None:
    """By an empty one: what was open is withdrawn, and nothing is missed any more."""
    apply(stage)
    run(stage, "a", expect=HOURLY)
    stage.pass_minutes(70)
    run(stage, "b", expect={})
    stage.pass_minutes(130)
    assert stage.words == [("opened", "missed", None), ("closed", "missed", "withdrawn")]


def test_what_the_client_declares_takes_its_place(stage: Told) -> None:
    """And gives it back when the file has it no more."""
    apply(stage)
    run(stage, "a", expect={"every": "1h", "grace": "0s"})
    daily = Expectation("hourly", every_seconds=86_400)
    stage.declare(daily)
    stage.pass_minutes(180)
    assert not stage.told
    stage.declare()
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]


def test_a_pipeline_that_is_gone_is_forgotten(stage: Told) -> None:
    """Thirty days after the last event that says what to expect of it: withdrawn, once."""
    apply(stage)
    run(stage, "a", expect=HOURLY)
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]
    for _ in range(31):
        stage.now = Instant(stage.now + DAY)
        for _ in range(6):
            stage.pass_minutes(1)
    assert stage.words[1:] == [("closed", "missed", "withdrawn")]


def test_each_project_may_have_its_own(stage: Told) -> None:
    """A run of another project is none of it."""
    apply(stage)
    run(stage, "a", expect={"every": "1h", "project": PROJECT_ID})
    stage.pass_minutes(30)
    run(stage, "b", project_id="another")
    stage.pass_minutes(40)
    ((_, told),) = stage.told
    assert (told["what"], told["project_id"]) == ("missed", PROJECT_ID)


def announced(store: Dynamo, now: Instant = NOW) -> Mapping[str, list[Announcement]]:
    """Return what is kept of what events say, by client."""
    client: Any = ScriptedQuerying(store)
    return read_announced(client, NAMES.entries, now, lambda: 60.0)


def announce(stage: Told, client_id: str, pipelines: int) -> None:
    """Let each of so many pipelines say what to expect of it."""
    ledger = ledgers.make_ledger(stage.store)
    at = instants.text(stage.now)
    for first in range(0, pipelines, 100):
        report = ledgers.post(
            ledger,
            [
                job_update(
                    job_id=f"{client_id}-{number}",
                    client_id=client_id,
                    pipeline=f"p{number:04}",
                    occurred_at=at,
                    time=at,
                    expect={"max_duration": "1h"},
                )
                for number in range(first, min(first + 100, pipelines))
            ],
        )
        assert not report.failures


def test_a_client_with_too_many_holds_up_nobody(
    stage: Told, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The first fifty count, the rest is said in the log; others are read past it."""
    monkeypatch.setattr(announced_reads, "MOST_ROWS", 60)
    monkeypatch.setattr(announced_reads, "_ROWS_A_PAGE", 50)
    announce(stage, "a-greedy", 400)
    announce(stage, "modest", 2)
    found = announced(stage.store, stage.now)
    assert {name: len(said) for name, said in found.items()} == {"a-greedy": 60, "modest": 2}
    watched = stage.keeper.sweep(lambda *_: None, 60.0)
    assert watched == []
    (line,) = (one for one in caplog.records if one.message == "too many expectations")
    assert vars(line)["left_out"] == 60 - MOST_EXPECTATIONS


def test_a_wrong_clock_has_not_the_last_word(stage: Told) -> None:
    """An event of the year 9999 counts as of when the bus had it."""
    apply(stage)
    ledger, at = ledgers.make_ledger(stage.store), instants.text(stage.now)
    later = instants.text(Instant(stage.now + 60 * MICROSECONDS))
    wrong = {"occurred_at": "9999-12-31T00:00:00Z", "expect": {"max_duration": "1s"}}
    ledgers.post(ledger, [job_update(pipeline="slow", event_id="1", time=at, **wrong)])
    right = {"occurred_at": later, "expect": {}}
    ledgers.post(ledger, [job_update(pipeline="slow", event_id="2", time=later, **right)])
    (one,) = announced(stage.store, stage.now)["client-1"]
    assert one.expectation is None


def test_a_wrong_clock_has_not_the_last_word_by_the_bus(stage: Told) -> None:
    """Who puts an event may say when: what the bus and the event both say is no more than that."""
    apply(stage)
    ledger = ledgers.make_ledger(stage.store, now=lambda: stage.now)
    far = "9999-12-31T00:00:00Z"
    for number, expect in enumerate([{"max_duration": "1s"}, {"max_duration": "2s"}]):
        wrong = {"occurred_at": far, "time": far, "event_id": f"{number}", "expect": expect}
        ledgers.post(ledger, [job_update(pipeline="slow", **wrong)])
        stage.pass_minutes(1)
        (one,) = announced(stage.store, stage.now)["client-1"]
        assert one.expectation is not None
        assert one.expectation.max_duration_seconds == number + 1
        assert one.said_at <= stage.now
    right = {"occurred_at": instants.text(stage.now), "event_id": "right", "expect": {}}
    ledgers.post(ledger, [job_update(pipeline="slow", time=far, **right)])
    (one,) = announced(stage.store, stage.now)["client-1"]
    assert one.expectation is None


class Failing:
    """Lets the puts of what is expected fail, while it is asked to."""

    is_on = True

    def __call__(self, call: Call) -> Fault | None:
        """Return what becomes of a call."""
        item = call.request.get("Item", {})
        if self.is_on and item.get("pk") == {"S": "announced"}:
            return refused
        return None


def refused(call: Call) -> Any:
    """Refuse a call for a moment."""
    raise client_error("ThrottlingException", "injected", call.operation)


def test_what_could_not_be_kept_comes_again() -> None:
    """Its message fails though the event is posted; delivered again, it is kept and counts once."""
    store, failing = ledgers.empty_store(), Failing()
    ledger = ledgers.make_ledger(store, failing)
    event = job_update(event_id="1", delta={"records_ok": 1}, expect=HOURLY)
    other = job_update(job_id="other", event_id="2")
    report = ledgers.post(ledger, [event, other])
    assert report.failed_message_ids == {"m0"}
    assert "what is expected of a pipeline could not be kept" in report.failures[0]
    failing.is_on = False
    assert not ledgers.post(ledger, [event]).failures
    assert announced(store)
    assert ledgers.stored_jobs(store)["job-1"].job.counters == {"records_ok": 1}


def test_an_event_that_is_rejected_says_nothing() -> None:
    """Another client's word about a job is none, and changes nothing."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    ledgers.post(ledger, [job_update(event_id="1")])
    report = ledgers.post(ledger, [job_update(event_id="2", client_id="evil", expect=HOURLY)])
    assert [one.reason for one in report.rejected] == ["identity_mismatch"]
    assert not announced(store)


def units_of(*events: Mapping[str, Any]) -> int:
    """Return the write units that a batch costs when its jobs are known."""
    store, meter = ledgers.empty_store(), Meter()
    begun = [
        job_update(job_id=job_id, event_id="1", pipeline="hourly", status="running")
        for job_id in ("a", "b")
    ]
    ledgers.post(ledgers.make_ledger(store), begun)
    ledger = ledgers.make_ledger(store, meter.script)
    assert not ledgers.post(ledger, [dict(event) for event in events]).failures
    return sum(meter.write_units.values())


def test_what_it_costs() -> None:
    """One unit for each batch and pipeline; what says nothing of it pays nothing for it."""
    deltas = [
        job_update(job_id=job_id, event_id="2", pipeline="hourly", delta={"records_ok": 1})
        for job_id in ("a", "b")
    ]
    saying = [{**one, "detail": {**one["detail"], "expect": HOURLY}} for one in deltas]
    assert units_of(*saying) == units_of(*deltas) + 1
