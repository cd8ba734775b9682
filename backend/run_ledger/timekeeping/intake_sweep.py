"""The look at the intake, each minute: how far it has come, and the next probe on its way."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from run_ledger.domain.incidents.incident_events import SOURCE
from run_ledger.domain.incidents.watermarks import (
    IntakeLook,
    IntakeState,
    SentProbe,
    looked,
    with_probe,
)
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.bus_entries import BusEntry
from run_ledger.doors.event_bus import Bus
from run_ledger.doors.queue_counts import CountMessages
from run_ledger.store.timed.intake_reads import new_probe_id, read_arrivals, read_failing
from run_ledger.store.timed.watch_ledger import OvertakenError, WatchLedger

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PROBE = "probe"


class Queues(Struct, frozen=True):
    """The addresses of the writer's queue, and of all queues with what it never posted.

    ``count`` says how many messages some of them hold.
    """

    count: CountMessages
    waiting: Sequence[str]
    dead: Sequence[str]


class IntakeSweep:
    """Looks how far the intake has come."""

    def __init__(
        self,
        kept: WatchLedger,
        client: DynamoDBClient,
        entries_table: str,
        bus: Bus,
        queues: Queues,
    ) -> None:
        """Remember in *kept*, read *entries_table*, count in *queues*, and send by *bus*."""
        self._kept = kept
        self._client = client
        self._table = entries_table
        self._bus = bus
        self._queues = queues

    def run(
        self, now: Callable[[], Instant], remaining_seconds: Callable[[], float]
    ) -> IntakeState:
        """Return how far the intake is known to have come, and send a probe.

        Raises StoreUnavailable where what has to be known can't be read.
        """
        revision, before = self._kept.intake()
        at = now()
        arrived = read_arrivals(self._client, self._table, before.under_way, at)
        look = IntakeLook(
            # Before the counts: what they leave out has been posted later than this.
            at,
            self._queues.count(self._queues.waiting),
            self._queues.count(self._queues.dead),
            arrived,
            read_failing(self._client, self._table, at),
        )
        after = looked(before, look)
        if after.may_probe(at):
            # Sent before it is remembered: one that was never sent would hold up everything.
            probe = SentProbe(new_probe_id(after.under_way), now())
            if self._is_sent(probe, remaining_seconds):
                after = with_probe(after, probe)
        try:
            self._kept.keep_intake(after, revision)
        except OvertakenError:
            return before  # Another sweep was first, and its probe counts.
        return after

    def _is_sent(self, probe: SentProbe, remaining_seconds: Callable[[], float]) -> bool:
        detail: dict[str, Any] = {"probe_id": probe.probe_id}
        entry = BusEntry(probe.probe_id, SOURCE, _PROBE, json.dumps(detail))
        (result,) = self._bus.put([entry], remaining_seconds)
        return result.status == "accepted"
