"""The teller's handler: what ended, by the stream, and what the bus is told of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from tests.support.dynamo import faults
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.stand_in import Dynamo, Script
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.events.builders import Envelope, job_update
from tests.support.idle_keeper import IdleKeeper
from tests.support.readers import ledgers, log_lines

from run_ledger import logs, teller
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper
from run_ledger.store.items.client_items import alert_values
from run_ledger.store.items.job_items import TURNED

ERROR = {"type": "KeyError", "message": "no column price", "fingerprint": "fp"}
FAILED = {"status": "completed", "result": "failed", "error": ERROR}
WELL = {"status": "completed", "result": "succeeded"}
Detail = dict[str, Any]


class Stage:
    """A stage with a writer, a stream and a teller, all in memory."""

    def __init__(self) -> None:
        """Begin at the writers' time, with a client that has no rules."""
        self.store: Dynamo = ledgers.empty_store()
        self.ledger = ledgers.make_ledger(self.store)
        self.now = Instant(ledgers.NOW)
        self.entries: list[dict[str, str]] = []
        self.moods: list[str] = []
        self.records: list[dict[str, Any]] = []
        self.teller = self.make_teller()

    def make_teller(self, script: Script | None = None) -> teller.Teller:
        """Return a teller whose calls of DynamoDB go through *script*."""
        client: Any = ScriptedQuerying(self.store, script)
        incidents = IncidentLedger(client, NAMES.incidents, lambda: self.now, lambda _: None)
        rows = RowKeeper(client, NAMES.incidents, 90)
        firsts = FirstFailures(client, NAMES.incidents, NAMES.rollups, lambda: self.now)
        bus = Bus(self, "bus")
        return teller.Teller(client, NAMES.clients, incidents, rows, bus, firsts=firsts)

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries, as the bus, or be as the next mood says."""
        mood = self.moods.pop(0) if self.moods else ""
        if mood:
            return {"Entries": [{"ErrorCode": mood} for _ in Entries]}
        self.entries += [dict(entry) for entry in Entries]
        return {"Entries": [{"EventId": "e"} for _ in Entries]}

    def declare(self, *rules: AlertRule, client_id: str = "client-1") -> None:
        """Let a client have rules."""
        profile = {"pk": client_id, "sk": "profile", "alerts": alert_values(rules)}
        self.store.client().put_item(TableName=NAMES.clients, Item=to_item(profile))

    def report(self, job_id: str, minute: int, **fields: Any) -> None:
        """Post an event; what it makes of the job comes to the stream if the filter lets it."""
        at = f"2026-11-18T10:{minute:02}:00Z"
        self.post(
            job_update(job_id=job_id, event_id=f"{job_id}-{minute}", occurred_at=at, **fields)
        )

    def post(self, event: Envelope) -> None:
        """Post an event of a job."""
        job_id = event["detail"]["job_id"]
        assert not ledgers.post(self.ledger, [event]).failures
        (image,) = (one for one in self.store.items(NAMES.jobs) if one["job_id"]["S"] == job_id)
        if "N" in image.get(TURNED, {}):
            self.records.append(record(image, len(self.records)))

    def deliver(self, records: Sequence[Mapping[str, Any]] | None = None) -> list[str]:
        """Give records (None: all that came) to the teller; return which are to come again."""
        given = self.records if records is None else records
        answer = teller.handler({"Records": list(given)}, Context())
        return [one["itemIdentifier"] for one in answer["batchItemFailures"]]

    def sweep(self, seconds: int) -> None:
        """Let time pass, and the schedule call."""
        self.now = Instant(self.now + seconds * MICROSECONDS)
        assert teller.handler({"source": "aws.events"}, Context()) == {"batchItemFailures": []}

    @property
    def told(self) -> list[tuple[str, Detail]]:
        """Return the kind and detail of all that the bus has taken."""
        return [(entry["DetailType"], json.loads(entry["Detail"])) for entry in self.entries]

    @property
    def kinds(self) -> list[str]:
        """Return the kinds of what the bus has taken."""
        return [kind.removeprefix("incident_") for kind, _ in self.told]


def record(image: Item, number: int) -> dict[str, Any]:
    """Return a record of the stream, as far as ours reads it."""
    key = {"job_id": image.get("job_id", {"S": "?"})}
    return {"dynamodb": {"Keys": key, "NewImage": image, "SequenceNumber": f"{number:021}"}}


@contextmanager
def begun_stage() -> Iterator[Stage]:
    """Give a stage whose teller the handler finds."""
    made = Stage()

    def begun() -> teller.Teller:
        logs.configure("INFO", stage="test", function="teller")
        return made.teller

    with (
        mock.patch.object(teller, "_teller", begun),
        mock.patch.object(teller, "_time_keeper", IdleKeeper),
        log_lines.restored(),
    ):
        yield made


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Give a stage whose teller the handler finds."""
    with begun_stage() as made:
        yield made


Lines = Callable[[], list[log_lines.Line]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Give a way to read the log lines since the last time."""
    return lambda: log_lines.read(capsys.readouterr().out)


def test_from_a_failure_to_its_end(stage: Stage) -> None:
    """It is told with what one needs to know, and closed by the next job that succeeds."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, status="running", delta={"records_ok": 3})
    assert not stage.records
    stage.report("a", 2, **FAILED)
    stage.report("a", 3, delta={"records_ok": 3})
    assert len(stage.records) == 1
    assert stage.deliver() == []
    ((kind, opened),) = stage.told
    assert kind == "incident_opened"
    assert stage.entries[0] | {"Detail": ""} == {
        "EventBusName": "bus",
        "Source": "run-ledger",
        "DetailType": "incident_opened",
        "Detail": "",
    }
    assert opened == {
        "notice_id": f"{opened['incident_id']}.opened",
        "reason": None,
        "at": opened["opened_at"],
        "incident_id": opened["incident_id"],
        "client_id": "client-1",
        "pipeline": "default",
        "project_id": None,
        "tag": None,
        "what": "failed",
        "fingerprint": "fp",
        "error": {"type": "KeyError", "message": "no column price"},
        "jobs": 1,
        "last_job_id": "a",
        "began_at": "2026-11-18T10:02:00.000000Z",
        "opened_at": opened["opened_at"],
        "closed_at": None,
        "closed_because": None,
        "act": None,
        "silent": False,
        "of_staff": False,
    }
    stage.report("b", 4, **WELL)
    assert stage.deliver(stage.records[1:]) == []
    _, (kind, closed) = stage.told
    assert (kind, closed["closed_because"]) == ("incident_closed", "healed")
    assert closed["incident_id"] == opened["incident_id"]
    assert stage.deliver() == []
    stage.sweep(3_600)
    assert stage.kinds == ["opened", "closed"]


def test_not_before_its_grace_is_over_and_once_after(stage: Stage) -> None:
    """And never, if it healed in time."""
    stage.declare(AlertRule("failed", grace_seconds=600))
    stage.report("a", 1, **FAILED)
    stage.report("b", 1, pipeline="other", **FAILED)
    stage.deliver()
    stage.sweep(599)
    assert stage.kinds == []
    stage.report("b", 2, attempt=2, pipeline="other", **WELL)
    stage.deliver(stage.records[2:])
    stage.sweep(1)
    assert [(kind, one["pipeline"]) for kind, one in stage.told] == [("incident_opened", "default")]
    stage.sweep(60)
    stage.sweep(6_000)
    assert stage.kinds == ["opened"]


def test_a_rule_for_a_tag_is_about_jobs_that_have_it(stage: Stage) -> None:
    """Their failures open it, their successes close it, and a job that loses the tag is none."""
    stage.declare(AlertRule("failed", grace_seconds=0, tag="env:prod"))
    stage.report("dev", 1, tags={"env": "dev"}, **FAILED)
    stage.report("a", 2, tags={"env": "prod", "team": "x#y"}, **FAILED)
    stage.report("b", 3, tags={"env": "dev"}, **WELL)
    stage.deliver()
    assert [(kind, one["last_job_id"], one["tag"]) for kind, one in stage.told] == [
        ("incident_opened", "a", "env:prod")
    ]
    stage.report("c", 4, tags={"env": "prod"}, **WELL)
    stage.deliver()
    stage.report("d", 5, tags={"env": "prod"}, **FAILED)
    stage.deliver()
    stage.report("d", 6, attempt=2, tags={"env": "dev"}, **FAILED)
    stage.deliver()
    assert stage.kinds == ["opened", "closed", "opened", "closed"]


def test_it_reminds_until_it_is_over(stage: Stage) -> None:
    """By the schedule, once an interval, though the schedule calls each minute."""
    stage.declare(AlertRule("failed", grace_seconds=0, remind_seconds=900))
    stage.report("a", 1, **FAILED)
    stage.deliver()
    for _ in range(31):
        stage.sweep(60)
    assert stage.kinds == ["opened", "changed", "changed"]
    reasons = [(one["reason"], one["jobs"], one["closed_at"]) for _, one in stage.told[1:]]
    assert reasons == [("reminder", 1, None)] * 2
    stage.report("b", 2, **WELL)
    stage.deliver()
    for _ in range(31):
        stage.sweep(60)
    assert stage.kinds == ["opened", "changed", "changed", "closed"]


def test_clients_have_their_own_rules(stage: Stage) -> None:
    """What another one declares opens nothing of theirs, and costs them nothing."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, client_id="client-2", **FAILED)
    stage.deliver()
    assert (stage.kinds, stage.store.items(NAMES.incidents)) == ([], [])


def test_a_notice_that_the_bus_did_not_take_is_given_again(stage: Stage, lines: Lines) -> None:
    """With the same id; by the stream, and where that has gone on, by the schedule."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    stage.moods = ["ThrottlingException"]
    assert stage.deliver() == ["0" * 21]
    (line,) = (one for one in lines() if "_aws" in one)
    assert log_lines.metrics_of(line) == {"NotTold": [1]}
    assert stage.kinds == []
    stage.sweep(1)
    assert stage.kinds == [], "whoever wrote it has a minute"
    stage.sweep(60)
    assert stage.kinds == ["opened"]
    assert stage.deliver() == []
    assert stage.kinds == ["opened"]
    assert not [one for one in lines() if "NotTold" in one]


def test_what_the_bus_never_takes_is_left(stage: Stage, lines: Lines) -> None:
    """It would hold up all the rest; the log says which it was."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    stage.moods = ["EntryTooLarge"]
    assert stage.deliver() == []
    assert [one["notice_id"][-7:] for one in lines() if one["message"] == "refused"] == [".opened"]
    stage.sweep(600)
    assert stage.kinds == []


def test_a_record_that_holds_no_job_is_left_out(stage: Stage, lines: Lines) -> None:
    """It would fail for ever; the others are taken, and the log says which it was."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    broken = [record({"job_id": {"S": "x"}, TURNED: {"N": "1"}}, 7), {"dynamodb": {}}]
    assert stage.deliver([*broken, *stage.records]) == []
    assert stage.kinds == ["opened"]
    assert [one["job_id"] for one in lines() if one["message"] == "unreadable job"] == ["x", None]


def test_one_pipeline_s_trouble_is_not_another_s(stage: Stage) -> None:
    """Only its records come again, and count once."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    for number, pipeline in enumerate(("first", "second", "third")):
        stage.report(f"{pipeline}-job", number, pipeline=pipeline, **FAILED)
    refused = faults.refused_with("ThrottlingException")
    stage.teller = stage.make_teller(
        lambda call: refused if "second" in str(call.request.get("Item")) else None
    )
    assert stage.deliver() == [f"{1:021}"]
    assert stage.kinds == ["opened"] * 2
    stage.teller = stage.make_teller()
    assert stage.deliver(stage.records[1:]) == []
    assert [one["pipeline"] for _, one in stage.told] == ["first", "third", "second"]


def test_without_rules_to_read_everything_comes_again(stage: Stage) -> None:
    """Nothing is taken for a client without rules that has some."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    refused = faults.refused_with("AccessDeniedException")
    stage.teller = stage.make_teller(lambda _: refused)
    assert stage.deliver() == ["0" * 21]
    assert stage.kinds == []


def test_one_client_s_broken_rules_are_not_another_s(stage: Stage, lines: Lines) -> None:
    """As a later version or a hand may write them: the alarm is raised, and the rest is told."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    broken = {"pk": "client-2", "sk": "profile", "alerts": [{"what": "unheard of"}]}
    stage.store.client().put_item(TableName=NAMES.clients, Item=to_item(broken))
    stage.report("a", 1, client_id="client-2", **FAILED)
    stage.report("b", 2, **FAILED)
    assert stage.deliver() == []
    assert [one["client_id"] for _, one in stage.told] == ["client-1"]
    (line,) = (one for one in lines() if "_aws" in one)
    assert log_lines.metrics_of(line) == {"NotTold": [1]}


def test_a_broken_item_raises_the_alarm(stage: Stage, lines: Lines) -> None:
    """Also where the schedule finds it, or finds nothing at all."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    broken = {
        "pk": "client-1#default#ended",
        "sk": "cause#failed#fp",
        "due_list": "due",
        "due": "0",
    }
    stage.store.client().put_item(TableName=NAMES.incidents, Item=to_item(broken))
    assert stage.deliver() == ["0" * 21]
    stage.sweep(1)
    stage.teller = stage.make_teller(lambda _: faults.refused_with("ThrottlingException"))
    stage.sweep(1)
    told = [log_lines.metrics_of(one) for one in lines() if "_aws" in one]
    assert told == [{"NotTold": [1]}] * 3


def test_without_time_the_rest_comes_again(stage: Stage) -> None:
    """No pipeline is begun that might be cut."""
    stage.declare(AlertRule("failed", grace_seconds=0))
    stage.report("a", 1, **FAILED)
    context = Context()
    context.get_remaining_time_in_millis = lambda: 4_000  # type: ignore[method-assign]
    answer = teller.handler({"Records": stage.records}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "0" * 21}]}
    assert stage.store.items(NAMES.incidents) == []


def test_what_telling_costs(stage: Stage) -> None:
    """Units as decision 78 has them: none without a rule, one a batch of good jobs, few a cause."""
    stage.declare(AlertRule("failed", pipeline="p", grace_seconds=0))

    def units(records: Sequence[Mapping[str, Any]]) -> int:
        meter = Meter()
        stage.teller = stage.make_teller(meter.script)
        stage.deliver(records)
        return sum(meter.write_units.values())

    stage.report("x", 0, **FAILED)
    for minute in range(1, 41):
        stage.report(f"job-{minute}", minute, pipeline="p", **FAILED)
    for minute in range(41, 59):
        stage.report(f"job-{minute}", minute, pipeline="p", **WELL)
    others, bad, good = stage.records[:1], stage.records[1:41], stage.records[41:]
    assert units(others) == 0
    assert units(bad[:1]) <= 8
    assert units(bad[1:2]) <= 2
    assert max(units([one]) for one in bad[2:30]) <= 2
    assert units(bad[30:]) <= 2
    assert units(good[:1]) <= 8
    assert units(good[1:2]) == 1
    assert units(good[2:]) == 1
    assert units(stage.records) == 0
