"""What the teller puts into the queue of deliveries."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from tests.support.dynamo.querying import ScriptedQuerying
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers

from run_ledger import teller
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule, JobEnd, rulings_on
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.event_bus import Bus
from run_ledger.store.incidents.first_failures import FirstFailures
from run_ledger.store.incidents.incident_ledger import IncidentLedger
from run_ledger.store.incidents.row_keeper import RowKeeper

NOW = Instant(1_795_000_000 * MICROSECONDS)


class Bench:
    """A teller with a bus and a queue that take everything, or refuse it while ``closed``."""

    def __init__(self) -> None:
        """Begin open and empty."""
        client: Any = ScriptedQuerying(ledgers.empty_store(), None)
        incidents = IncidentLedger(client, NAMES.incidents, lambda: NOW, lambda _: None)
        rows = RowKeeper(client, NAMES.incidents, 90)
        firsts = FirstFailures(client, NAMES.incidents, NAMES.rollups, lambda: NOW)
        bus = Bus(self, "bus")
        self.teller = teller.Teller(client, NAMES.clients, incidents, rows, bus, firsts=firsts)
        self.teller.deliveries = DeliveryQueue(lambda: self, "queue")
        self.closed = False
        self.told: list[dict[str, Any]] = []
        self.bodies: list[dict[str, Any]] = []

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take entries, as the bus."""
        self.told += [json.loads(one["Detail"]) for one in Entries]
        return {"Entries": [{"EventId": "e"} for _ in Entries]}

    def send_message_batch(self, *, QueueUrl: str, Entries: list[Any]) -> Mapping[str, Any]:  # noqa: N803
        """Take messages, as SQS; a ``closed`` one takes the first of each call alone."""
        assert QueueUrl == "queue"
        assert 1 <= len(Entries) <= 10
        taken = Entries[:1] if self.closed else Entries
        self.bodies += [json.loads(one["MessageBody"]) for one in taken]
        return {"Successful": [{"Id": one["Id"]} for one in taken]}

    def end(self, number: int, result: str, to: tuple[str, ...] | None) -> None:
        """Let a job end, with a rule that tells these channels."""
        at = Instant(NOW - (100 - number) * MICROSECONDS)
        named = "fp" if result == "failed" else None
        job = JobEnd(f"job-{number}", 1, "acme", "p", "nightly", result, at, named)
        for scope, ruling in rulings_on([AlertRule("failed", grace_seconds=0, to=to)], job).items():
            self.teller.tell(scope, [ruling], 60.0)


def test_notices_go_to_the_channels_of_their_opening() -> None:
    """Once for each; a rule that changes meanwhile lets the same people hear of the end."""
    bench = Bench()
    bench.end(1, "failed", ("ops", "chat"))
    assert [one["channel"] for one in bench.bodies] == ["ops", "chat"]
    incident_id = bench.told[0]["incident_id"]
    assert [one["delivery_id"] for one in bench.bodies] == [
        f"{incident_id}-opened-ops",
        f"{incident_id}-opened-chat",
    ]
    assert bench.bodies[0]["detail"] == bench.told[0]
    bench.end(2, "succeeded", ())
    assert [one["delivery_id"] for one in bench.bodies[2:]] == [
        f"{incident_id}-closed-ops",
        f"{incident_id}-closed-chat",
    ]


def test_what_the_queue_did_not_take_is_put_there_again() -> None:
    """With the same ids; until all of a notice is there, it does not count as given."""
    bench = Bench()
    bench.closed = True
    with pytest.raises(StoreUnavailable):
        bench.end(1, "failed", ("ops", "chat"))
    bench.closed = False
    bench.end(2, "failed", ("ops", "chat"))
    ids = [one["delivery_id"] for one in bench.bodies]
    assert len(set(ids)) == 2
    assert ids == [ids[0], ids[0], ids[2]]
    bench.end(3, "failed", ("ops", "chat"))
    assert len(bench.bodies) == 3


def test_twelve_channels_are_two_calls() -> None:
    """As one takes ten."""
    bench = Bench()
    bench.end(1, "failed", tuple(f"c-{number}" for number in range(12)))
    assert len({one["delivery_id"] for one in bench.bodies}) == 12


def test_nobody_to_tell_is_nothing_to_put() -> None:
    """The bus hears of it all the same."""
    bench = Bench()
    bench.end(1, "failed", ())
    assert (len(bench.told), bench.bodies) == (1, [])
