"""Staff hear of all clients what time decides, by rules and channels of their own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.backend.timekeeping import test_who_is_told
from tests.backend.timekeeping.test_time_keeper import HOURLY, LONG
from tests.backend.timekeeping.test_who_is_told import Told
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.tables import NAMES

from run_ledger.domain import instants
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule, AlertWhat
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.watched_clients import watched_item
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.keys import CLIENT_DIRECTORY, WATCHED
from run_ledger.store.timed.level_reads import LevelReads

stage = test_who_is_told.stage


def staff(stage: Told, *alerts: AlertRule) -> None:
    """Let staff declare these rules, each with a channel of theirs."""
    rules = [rule for rule in alerts if rule.is_timed]
    item = watched_item(STAFF, (), rules)
    if item is None:
        item = to_item({"pk": WATCHED, "sk": STAFF, "expect": [], "alerts": []})
    client: Any = stage.store.client()
    client.put_item(TableName=NAMES.clients, Item=item)


def asks(what: AlertWhat, **options: Any) -> AlertRule:
    """Return a rule of staff's for their desk."""
    return AlertRule(what, **{"grace_seconds": 0, "to": ("desk",), **options})


def told(stage: Told, *, of_staff: bool) -> list[tuple[str, str, str | None]]:
    """Return what was told to staff, or to the client's people: kind, what, and why it closed."""
    return [
        (kind, one["what"], one["closed_because"])
        for kind, one in stage.told
        if one["of_staff"] is of_staff
    ]


def miss(stage: Told) -> None:
    """Let a run be missed."""
    stage.declare(HOURLY)
    stage.pass_minutes(70)


def be_late(stage: Told) -> None:
    """Let a run begin after its grace."""
    miss(stage)
    stage.report("a", "hourly")
    stage.pass_minutes(5)


def take_long(stage: Told) -> None:
    """Let a job run for longer than it may."""
    stage.declare(LONG)
    stage.report("a", "slow")
    stage.pass_minutes(40)


def stall(stage: Told) -> None:
    """Let a job of a client say nothing more that has declared nothing but its name."""
    client: Any = stage.store.client()
    item = to_item({"pk": CLIENT_DIRECTORY, "sk": "client-1", "name": "Client"})
    client.put_item(TableName=NAMES.clients, Item=item)
    stage.report("a", "slow", heartbeat_seconds=600)
    stage.pass_minutes(20)


def stall_undeclared(stage: Told) -> None:
    """Let a job of a client say nothing more that nobody has declared."""
    stage.report("a", "slow", heartbeat_seconds=600)
    stage.pass_minutes(20)


def be_due(stage: Told) -> None:
    """Let a project of a client that has declared nothing be due."""
    due_at = instants.text(Instant(stage.now + 600 * MICROSECONDS))
    stage.project("p", client_id="client-1", due_at=due_at)
    stage.pass_minutes(20)


GOING_WRONG = {
    "missed": miss,
    "late": be_late,
    "too_long": take_long,
    "stalled": stall,
    "overdue": be_due,
}


@pytest.mark.parametrize("what", GOING_WRONG)
def test_staff_hear_of_each(stage: Told, what: AlertWhat) -> None:
    """Once, by their channel, as an incident of their own."""
    staff(stage, asks(what))
    GOING_WRONG[what](stage)
    assert told(stage, of_staff=True) == [("opened", what, None)]
    mine = [one for one in stage.deliveries if one["detail"]["of_staff"]]
    assert [(one["client_id"], one["channel"]) for one in mine] == [(STAFF, "desk")]


def test_staff_hear_of_stalled_jobs_of_clients_that_nobody_has_declared(stage: Told) -> None:
    """And of their end, and of the next; a client of which nothing runs is not looked at."""
    staff(stage, asks("stalled"))
    stall_undeclared(stage)
    assert told(stage, of_staff=True) == [("opened", "stalled", None)]
    stage.report("a", "slow", status="completed", result="succeeded")
    stage.pass_minutes(3)
    assert told(stage, of_staff=True)[1:] == [("closed", "stalled", "healed")]
    client: Any = ScriptedQuerying(stage.store)
    reads = LevelReads(client, NAMES, lambda: 60.0)
    assert reads.clients_at_work() == []
    stage.report("b", "slow")
    assert reads.clients_at_work() == ["client-1"]


def test_clients_are_looked_at_however_many_there_are(stage: Told) -> None:
    """Also where DynamoDB gives more answers of them than are read to list clients."""
    names = [f"client-{number}" for number in range(10, 22)]
    for name in names:
        stage.report(f"job-of-{name}", "slow", client_id=name)
    client: Any = ScriptedQuerying(stage.store, page_bytes=1)
    assert LevelReads(client, NAMES, lambda: 60.0).clients_at_work() == names


@pytest.mark.parametrize("what", GOING_WRONG)
def test_without_a_rule_staff_hear_nothing(stage: Told, what: AlertWhat) -> None:
    """Not even what a client hears of without one."""
    staff(stage, AlertRule("failed"), asks(what, pipeline="another", project="another"))
    GOING_WRONG[what](stage)
    assert not told(stage, of_staff=True)


def test_neither_silences_the_other(stage: Told) -> None:
    """Each has its own number of runs to wait for, and both close with the next run."""
    staff(stage, asks("missed", after=2))
    miss(stage)
    assert told(stage, of_staff=False) == [("opened", "missed", None)]
    assert not told(stage, of_staff=True)
    stage.pass_minutes(60)
    assert told(stage, of_staff=True) == [("opened", "missed", None)]
    stage.report("a", "hourly")
    stage.pass_minutes(5)
    for of_staff in (False, True):
        assert told(stage, of_staff=of_staff)[1:] == [("closed", "missed", "healed")]


@pytest.mark.parametrize("what", GOING_WRONG)
def test_a_rule_that_is_taken_away_withdraws_its_incident(stage: Told, what: AlertWhat) -> None:
    """That of staff alone: what the client's people heard of stays open."""
    staff(stage, asks(what))
    GOING_WRONG[what](stage)
    before = told(stage, of_staff=False)
    staff(stage)
    stage.pass_minutes(3)
    assert told(stage, of_staff=True)[1:] == [("closed", what, "withdrawn")]
    assert told(stage, of_staff=False) == before


def test_what_is_no_longer_expected_closes_both(stage: Told) -> None:
    """As nobody waits for the run any more."""
    staff(stage, asks("missed"))
    miss(stage)
    stage.declare()
    stage.pass_minutes(3)
    for of_staff in (False, True):
        assert told(stage, of_staff=of_staff)[1:] == [("closed", "missed", "withdrawn")]


def test_what_events_expect_is_staffs_matter_too(stage: Told) -> None:
    """Of a client that nobody has declared, only staff have a channel."""
    staff(stage, asks("missed"))
    stage.report("a", "hourly", expect={"cron": "0 * * * *"})
    stage.pass_minutes(70)
    assert told(stage, of_staff=True) == [("opened", "missed", None)]
    assert [one["channel"] for one in stage.deliveries] == ["desk"]
