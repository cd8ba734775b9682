"""Whatever goes wrong, the people of its client are told of it, by what their client declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests.backend.store.incidents.test_teller import ERROR, record
from tests.backend.timekeeping.test_time_keeper import HOURLY, LONG, Stage
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import log_lines

from run_ledger import logs, teller
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.incidents.alert_rules import ALERT_WHATS, AlertRule, AlertWhat
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.client_records import ClientRecords, StoredClient
from run_ledger.store.items.client_items import ClientProfile, ClientRecord
from run_ledger.store.items.job_items import TURNED

USD = 1_000_000
CHANNELS = (
    Channel("ops", "mail", recipients=("ops@example.com",)),
    Channel("chat", "webhook", address="https://hooks.example.com/"),
)
WITHIN_A_YEAR = Expectation("other", max_duration_seconds=366 * 86_400)


class Told(Stage):
    """A stage whose clients are declared as `run-ledger clients apply` does, with a queue."""

    def __init__(self) -> None:
        """Begin with a queue that takes everything."""
        super().__init__()
        self.teller.deliveries = DeliveryQueue(lambda: self, "queue")
        self.deliveries: list[dict[str, Any]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Mapping[str, Any]:  # noqa: N803
        """Take messages, as SQS."""
        assert QueueUrl == "queue"
        self.deliveries += [json.loads(one["MessageBody"]) for one in Entries]
        return {"Successful": [{"Id": one["Id"]} for one in Entries]}

    def apply(self, *alerts: AlertRule, expect: tuple[Expectation, ...] = ()) -> None:
        """Declare the client, with these and its two channels."""
        client: Any = self.store.client()
        records = ClientRecords(client, NAMES.clients, lambda: self.now, lambda: "r1")
        profile, expect = ClientProfile("Client"), (*expect, WITHIN_A_YEAR)
        record = ClientRecord("client-1", profile, {}, (), alerts, CHANNELS, expect)
        assert records.write(StoredClient("client-1", None, None, None), record)

    def end(self, job_id: str, result: str, **fields: Any) -> None:
        """Let a job end, and the stream bring that."""
        self.report(job_id, "nightly", status="completed", result=result, **fields)
        (image,) = (one for one in self.store.items(NAMES.jobs) if one["job_id"]["S"] == job_id)
        assert "N" in image[TURNED]
        answer = teller.handler({"Records": [record(image, 1)]}, Context())
        assert answer == {"batchItemFailures": []}

    def told_by(self, what: str) -> list[str]:
        """Return the channels that were told, once each, that *what* goes wrong."""
        assert [kind for kind, one in self.told if one["what"] == what] == ["opened"]
        mine = [one for one in self.deliveries if one["detail"]["what"] == what]
        assert {one["kind"] for one in mine} <= {"incident_opened"}
        return [one["channel"] for one in mine]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """Give a stage whose teller and keeper the handler finds."""
    made = Told()
    monkeypatch.setattr(teller, "_time_keeper", lambda: made.keeper)
    monkeypatch.setattr(teller, "_teller", lambda: made.teller)
    with log_lines.restored():
        logs.configure("INFO", stage="test", function="teller")
        yield made


def fail(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let a job end in a way that a rule of this name asks for."""
    stage.apply(AlertRule(what, grace_seconds=0, to=to))
    result = "failed" if what == "new_error" else what
    error = {} if result == "partial" else {"error": ERROR}
    stage.end("a", result, delta={"records_failed": 1}, **error)


def fail_often(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let both of the last two jobs fail."""
    stage.apply(AlertRule(what, grace_seconds=0, above_percent=20, last=2, to=to))
    stage.end("a", "failed", error=ERROR)
    stage.end("b", "failed", error=ERROR)


def miss(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let a run begin ten minutes late."""
    stage.apply(AlertRule(what, grace_seconds=0, to=to), expect=(HOURLY,))
    stage.pass_minutes(70)
    stage.report("a", "hourly")
    stage.pass_minutes(10 if what == "late" else 0)


def go_on(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let a job go on for too long, and say nothing."""
    expect = (LONG,) if what == "too_long" else ()
    stage.apply(AlertRule(what, grace_seconds=0, to=to), expect=expect)
    stage.report("a", "slow", heartbeat_seconds=600)
    stage.pass_minutes(50)


def be_due(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let a project be due before it is done."""
    stage.apply(AlertRule(what, grace_seconds=0, to=to))
    due_at = instants.text(Instant(stage.now + 600 * MICROSECONDS))
    stage.project("p", client_id="client-1", due_at=due_at)
    stage.pass_minutes(20)


def spend(stage: Told, what: AlertWhat, to: tuple[str, ...] | None) -> None:
    """Let a job cost more than half of a budget."""
    stage.apply(AlertRule(what, grace_seconds=0, month_microusd=USD, to=to))
    stage.report("a", "nightly", delta={"cost_microusd": 6 * USD // 10})
    stage.pass_minutes(6)


GOING_WRONG: Mapping[AlertWhat, Callable[[Told, AlertWhat, tuple[str, ...] | None], None]] = {
    "failed": fail,
    "timed_out": fail,
    "partial": fail,
    "new_error": fail,
    "error_rate": fail_often,
    "missed": miss,
    "late": miss,
    "too_long": go_on,
    "stalled": go_on,
    "overdue": be_due,
    "budget": spend,
}
"""How each thing that a rule may ask for goes wrong; a new one needs a line here."""


@pytest.mark.parametrize("what", ALERT_WHATS)
@pytest.mark.parametrize(
    ("to", "channels"), [(None, ["ops", "chat"]), (("chat",), ["chat"]), ((), [])]
)
def test_a_rule_tells_its_channels(
    stage: Told, what: AlertWhat, to: tuple[str, ...] | None, channels: list[str]
) -> None:
    """All that the client has, unless it names some; with an empty list, the bus alone."""
    GOING_WRONG[what](stage, what, to)
    assert stage.told_by(what) == channels


@pytest.mark.parametrize(("what", "expected"), [("missed", HOURLY), ("too_long", LONG)])
def test_an_expectation_alone_tells_all_channels(
    stage: Told, what: str, expected: Expectation
) -> None:
    """What needs no rule is told as by a rule that names nobody."""
    stage.apply(expect=(expected,))
    stage.report("a", "slow")
    stage.pass_minutes(70)
    assert stage.told_by(what) == ["ops", "chat"]
