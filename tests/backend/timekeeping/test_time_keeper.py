"""What time decides, from the schedule's call to the bus: watermark, runs, jobs and projects."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import structs
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.stand_in import Call, Fault, Script
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.events.builders import job_update, project_update
from tests.support.readers import ledgers, log_lines

from run_ledger import logs, teller
from run_ledger.domain import instants
from run_ledger.domain.contract.probes import Probe
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.clients.watched_clients import watched_item
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.keys import WATCHED
from run_ledger.store.posting.arrivals import keep_arrivals, keep_failing
from run_ledger.store.posting.ledger import Ledger, Timing
from run_ledger.timekeeping.intake_sweep import Queues
from run_ledger.timekeeping.time_keeper import TimeKeeper

HOUR = 3_600 * MICROSECONDS
START = Instant(ledgers.NOW // HOUR * HOUR)
HOURLY = Expectation("hourly", cron="0 * * * *", grace_seconds=300)
LONG = Expectation("slow", max_duration_seconds=1_800)


class Unhurried(Context):
    """A call whose time, which is real, doesn't run out on a busy machine."""

    def get_remaining_time_in_millis(self) -> int:
        """Give the longest time that Lambda gives."""
        return 900_000


class Stage:
    """A stage in memory: its writer works, or is stopped, and a schedule calls its teller."""

    def __init__(self) -> None:
        """Begin at a full hour, with nothing declared."""
        self.store = ledgers.empty_store()
        self.now = START
        self.is_stopped = False
        self.unposted: list[Any] = []
        self.dead = 0
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.probes = 0
        self.make()

    def make(self, script: Script | None = None) -> None:
        """Make teller and keeper, whose calls of DynamoDB go through *script*."""
        client: Any = ScriptedQuerying(self.store, script)
        incidents = IncidentLedger(client, NAMES.incidents, lambda: self.now, lambda _: None)
        rows, bus = RowKeeper(client, NAMES.incidents, 90), Bus(self, "bus")
        firsts = FirstFailures(client, NAMES.incidents, NAMES.rollups, lambda: self.now)
        self.teller = teller.Teller(client, NAMES.clients, incidents, rows, bus, firsts=firsts)
        queues = Queues(self.count, ("waiting",), ("dead",))
        self.keeper = TimeKeeper(client, NAMES, bus, queues, lambda: self.now)

    def count(self, urls: Any) -> int:
        """Return how many messages lie in a queue."""
        return self.dead if "dead" in urls else len(self.unposted)

    def put_events(self, *, Entries: Any) -> Any:  # noqa: N803 - botocore's name
        """Take entries; a probe goes to the writer."""
        for entry in Entries:
            detail = json.loads(entry["Detail"])
            if entry["DetailType"] == "probe":
                self.probes += 1
                self.give(Probe(detail["probe_id"], self.now))
            else:
                self.told.append((entry["DetailType"].removeprefix("incident_"), detail))
        return {"Entries": [{"EventId": "e"} for _ in Entries]}

    def declare(self, *expect: Expectation, alerts: tuple[AlertRule, ...] = ()) -> None:
        """Let the one client expect this, and hear of that."""
        item = watched_item("client-1", expect, alerts)
        client = self.store.client()
        if item is None:
            empty = to_item({"pk": WATCHED, "sk": "client-1", "expect": [], "alerts": []})
            client.put_item(TableName=NAMES.clients, Item=empty)
        else:
            client.put_item(TableName=NAMES.clients, Item=item)

    def give(self, what: Any) -> None:
        """Give an event or a probe to the writer."""
        self.unposted.append(what)
        if not self.is_stopped:
            self.work()

    def work(self) -> None:
        """Let the writer work on all that waits."""
        self.is_stopped = False
        for what in self.unposted:
            client: Any = self.store.client()
            if isinstance(what, Probe):
                keep_arrivals(client, NAMES.entries, [what], self.now)
            else:
                timing = Timing(now=lambda: self.now, dice=random.Random(0))
                ledger = Ledger(client, NAMES, ledgers.KEEPING, timing=timing)
                assert not ledgers.post(ledger, [what]).failures
        self.unposted.clear()

    def report(self, job_id: str, pipeline: str, **fields: Any) -> None:
        """Let a job report, now."""
        at = instants.text(self.now)
        event_id = f"{job_id}-{self.now}"
        values = {"status": "running", "pipeline": pipeline} | fields
        self.give(job_update(job_id=job_id, event_id=event_id, occurred_at=at, **values))

    def project(self, project_id: str, **fields: Any) -> None:
        """Let a project report, now."""
        at = instants.text(self.now)
        event_id = f"{project_id}-{self.now}"
        event = project_update(project_id=project_id, event_id=event_id, occurred_at=at, **fields)
        self.give(event)

    def pass_minutes(self, minutes: int) -> None:
        """Let time pass, with a call of the schedule each minute."""
        for _ in range(minutes):
            self.now = Instant(self.now + 60 * MICROSECONDS)
            self.sweep()

    def sweep(self) -> list[str]:
        """Let the schedule call, and return what went wrong."""
        return teller._keep_time(self.teller, Unhurried()).failures

    @property
    def words(self) -> list[tuple[str, str, str | None]]:
        """Return what was told: kind, what it is about, and why it closed."""
        return [(kind, one["what"], one["closed_because"]) for kind, one in self.told]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Give a stage whose keeper the handler finds."""
    made = Stage()
    monkeypatch.setattr(teller, "_time_keeper", lambda: made.keeper)
    with log_lines.restored():
        logs.configure("INFO", stage="test", function="teller")
        yield made


def test_two_lines_tell_of_a_missed_run(stage: Stage) -> None:
    """A pipeline and a schedule do: told once the grace is over, closed by the next run."""
    stage.declare(HOURLY)
    stage.pass_minutes(60)
    stage.report("a", "hourly")
    stage.pass_minutes(64)
    assert not stage.told
    stage.pass_minutes(4)
    ((kind, told),) = stage.told
    assert (kind, told["what"], told["pipeline"]) == ("opened", "missed", "hourly")
    assert told["began_at"] == instants.text(Instant(START + 2 * HOUR))
    assert told["last_job_id"] is None
    assert "no run began by" in told["error"]["message"]
    stage.pass_minutes(10)
    stage.report("b", "hourly")
    stage.pass_minutes(5)
    assert stage.words[1:] == [("closed", "missed", "healed")]


def resolve(stage: Stage, incident_id: str) -> None:
    """Let somebody resolve an incident, now."""
    row = stage.teller._rows.find(incident_id)
    assert row is not None
    act = IncidentAct(incident_id, "resolve", stage.now, "person#1", "kim")
    assert stage.teller._incidents.act(row, act, "0" * 32) == "taken"
    stage.teller.tell(row.scope, (), 60.0)


def test_a_run_that_is_missed_after_a_resolve_is_told(stage: Stage) -> None:
    """Its time may have been before: it is missed once its grace is over."""
    stage.declare(structs.replace(HOURLY, grace_seconds=1_800))
    stage.pass_minutes(125)
    ((kind, told),) = stage.told
    assert (kind, told["began_at"]) == ("opened", instants.text(Instant(START + HOUR)))
    resolve(stage, told["incident_id"])
    stage.pass_minutes(20)
    assert stage.words[1:] == [("closed", "missed", "resolved")]
    stage.pass_minutes(10)
    assert stage.words[2:] == [("opened", "missed", None)]
    _, again = stage.told[2]
    assert (again["began_at"], again["jobs"]) == (instants.text(Instant(START + 2 * HOUR)), 1)
    resolve(stage, again["incident_id"])
    stage.pass_minutes(20)
    assert stage.words[3:] == [("closed", "missed", "resolved")]


def test_late_intake_is_no_missed_run(stage: Stage) -> None:
    """A writer that is stopped for an hour: what began meanwhile is no miss."""
    stage.declare(HOURLY)
    stage.pass_minutes(59)
    stage.is_stopped = True
    stage.pass_minutes(1)
    stage.report("a", "hourly")
    stage.pass_minutes(60)
    stage.work()
    stage.report("b", "hourly")
    stage.pass_minutes(55)
    assert not stage.told


def test_a_true_miss_while_the_writer_was_stopped(stage: Stage) -> None:
    """It is told once, afterwards, and the run after it closes it at once."""
    stage.declare(HOURLY)
    stage.pass_minutes(30)
    stage.is_stopped = True
    stage.pass_minutes(90)
    stage.report("b", "hourly")
    stage.pass_minutes(20)
    assert not stage.told
    assert "the intake is behind" in stage.sweep()[0]
    stage.work()
    stage.pass_minutes(10)
    assert stage.words == [("opened", "missed", None), ("closed", "missed", "healed")]
    assert stage.told[0][1]["began_at"] == instants.text(Instant(START + HOUR))
    stage.pass_minutes(30)
    assert len(stage.told) == 2


@pytest.mark.parametrize("trouble", ["dead", "failing"])
def test_what_was_not_posted_holds_up(stage: Stage, trouble: str) -> None:
    """While dead letters lie, or messages fail, nothing is judged that they might tell of."""
    stage.declare(HOURLY)
    stage.pass_minutes(61)
    client: Any = stage.store.client()
    sent_at = stage.now
    for _ in range(5):
        if trouble == "dead":
            stage.dead = 1
        else:
            keep_failing(client, NAMES.entries, sent_at, stage.now)
        stage.pass_minutes(4)
    assert not stage.told
    stage.dead = 0
    stage.pass_minutes(12)
    assert stage.words == [("opened", "missed", None)]


def test_nothing_is_asked_where_nobody_expects_anything(stage: Stage) -> None:
    """No probe is sent, so an idle stage stays idle; and none any more once all is withdrawn."""
    stage.pass_minutes(3)
    assert (stage.probes, stage.store.items(NAMES.incidents)) == (0, [])
    stage.declare(HOURLY)
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]
    stage.declare()
    stage.pass_minutes(2)
    assert stage.words[1:] == [("closed", "missed", "withdrawn")]
    before = (stage.probes, stage.store.commits)
    stage.pass_minutes(2)
    assert (stage.probes, stage.store.commits) == before


def test_a_long_time_is_not_read_again_each_minute(stage: Stage) -> None:
    """A pipeline that is gone for good costs no more each day: only the last minutes are read."""
    stage.declare(HOURLY)
    stage.pass_minutes(300)
    lows: list[str] = []

    def script(call: Call) -> Fault | None:
        if call.operation == "Query" and call.request["TableName"] == NAMES.jobs:
            values = call.request["ExpressionAttributeValues"].values()
            lows.append(min(one["S"] for one in values if one["S"].startswith("20")))
        return None

    stage.make(script)
    stage.pass_minutes(1)
    assert [kind for kind, _ in stage.told] == ["opened"]
    assert lows
    assert min(lows) > instants.text(Instant(stage.now - HOUR))
    stage.make()
    stage.report("a", "hourly")
    stage.pass_minutes(4)
    assert stage.words[1:] == [("closed", "missed", "healed")]


def test_one_broken_schedule_is_not_another_s(stage: Stage) -> None:
    """As a later version or a hand may write it: it is said, and the rest is judged."""
    broken = Expectation("broken", cron="0 * * * *", timezone="Mars/Base")
    stage.declare(broken, Expectation("worse", cron="x"), HOURLY)
    stage.pass_minutes(70)
    assert stage.words == [("opened", "missed", None)]
    assert len(stage.sweep()) == 2


def test_a_job_that_runs_too_long(stage: Stage) -> None:
    """A maximum is enough to hear of it; it is over when the job ends, or is tried anew."""
    stage.declare(LONG)
    stage.report("a", "slow")
    stage.report("other", "quick")
    stage.pass_minutes(30)
    assert not stage.told
    stage.pass_minutes(5)
    ((kind, told),) = stage.told
    assert (kind, told["what"], told["last_job_id"]) == ("opened", "too_long", "a")
    assert told["began_at"] == instants.text(Instant(START + HOUR // 2))
    stage.report("b", "slow")
    stage.report("a", "slow", attempt=2)
    stage.pass_minutes(5)
    assert stage.words[1:] == [("closed", "too_long", "healed")]
    stage.pass_minutes(30)
    assert [kind for kind, _ in stage.told] == ["opened", "closed", "opened"]
    for job_id in ("a", "b"):
        stage.report(job_id, "slow", status="completed", result="succeeded", attempt=3)
    stage.pass_minutes(3)
    assert [kind for kind, _ in stage.told] == ["opened", "closed", "opened", "closed"]


def test_a_stalled_job_is_judged_at_the_watermark(stage: Stage) -> None:
    """While the writer is stopped every job looks silent, and none is told to have stalled."""
    stage.declare(alerts=(AlertRule("stalled", grace_seconds=0),))
    stage.report("a", "slow")
    stage.pass_minutes(10)
    stage.report("a", "slow", delta={"records_ok": 1})
    stage.pass_minutes(1)
    stage.is_stopped = True
    stage.report("a", "slow", delta={"records_ok": 1})
    stage.pass_minutes(60)
    assert not stage.told
    stage.work()
    stage.pass_minutes(3)
    assert not stage.told
    stage.pass_minutes(22)
    assert stage.words == [("opened", "stalled", None)]
    stage.report("a", "slow", delta={"records_ok": 1})
    stage.pass_minutes(8)
    assert stage.words[1:] == [("closed", "stalled", "healed")]


def test_a_job_that_stalls_after_a_resolve_is_told(stage: Stage) -> None:
    """Though it was last heard of before, and the job that was resolved is silent for ever."""
    stage.declare(alerts=(AlertRule("stalled", grace_seconds=0),))
    stage.report("killed", "slow")
    stage.pass_minutes(6)
    stage.report("other", "slow")
    stage.pass_minutes(12)
    ((_, told),) = stage.told
    resolve(stage, told["incident_id"])
    stage.pass_minutes(12)
    assert stage.words == [
        ("opened", "stalled", None),
        ("closed", "stalled", "resolved"),
        ("opened", "stalled", None),
    ]
    assert (stage.told[-1][1]["jobs"], stage.told[-1][1]["last_job_id"]) == (1, "other")


def test_an_overdue_project(stage: Stage) -> None:
    """It is over when its date moves, or when it is completed; others' projects are not asked."""
    stage.declare(alerts=(AlertRule("overdue", grace_seconds=0),))
    due = instants.text(Instant(START + HOUR // 2))
    stage.project("p", client_id="client-1", due_at=due)
    stage.project("q", client_id="client-2", due_at=due)
    stage.pass_minutes(29)
    assert not stage.told
    stage.pass_minutes(5)
    ((kind, told),) = stage.told
    assert (kind, told["what"], told["project_id"]) == ("opened", "overdue", "p")
    assert (told["pipeline"], told["last_job_id"]) == (None, None)
    stage.project("p", client_id="client-1", due_at=instants.text(Instant(START + HOUR)))
    stage.pass_minutes(3)
    assert stage.words[1:] == [("closed", "overdue", "healed")]
    stage.pass_minutes(30)
    stage.project("p", client_id="client-1", status="completed")
    stage.pass_minutes(3)
    assert [kind for kind, _ in stage.told] == ["opened", "closed", "opened", "closed"]


def test_a_rule_that_is_taken_away_withdraws(stage: Stage) -> None:
    """Nobody would look for the end of what nobody wants to hear of."""
    rules = (AlertRule("stalled", grace_seconds=0), AlertRule("overdue", grace_seconds=0))
    stage.declare(LONG, alerts=rules)
    stage.report("a", "slow")
    stage.project("p", client_id="client-1", due_at=instants.text(START))
    stage.pass_minutes(40)
    assert sorted(what for _, what, _ in stage.words) == ["overdue", "stalled", "too_long"]
    stage.declare()
    stage.pass_minutes(2)
    assert {why for kind, _, why in stage.words if kind == "closed"} == {"withdrawn"}
    assert len(stage.told) == 6
