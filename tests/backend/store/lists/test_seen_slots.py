"""Indexes tell in which slot a job was last seen, and deltas within it cost them nothing."""

from __future__ import annotations

import random
from typing import Any

from tests.support.dynamo.sizing import Meter
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import job_update
from tests.support.readers import ledgers
from tests.support.recounts.audits import BOOKS, audit, drifts, post
from tests.support.recounts.falsehoods import in_item

from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

SLOT = 300_000_000
START = ledgers.NOW - ledgers.NOW % SLOT


class Clock:
    """A ledger whose clock is set by hand, on a store that meters its calls."""

    def __init__(self) -> None:
        """Start at the beginning of a slot."""
        self.now = START
        self.store = ledgers.empty_store()
        self.meter = Meter()
        self.ledger = Ledger(
            self.store.client(self.meter.script),  # type: ignore[arg-type]
            NAMES,
            Keeping(90, 1),
            timing=Timing(now=lambda: self.now, dice=random.Random(1)),
        )

    def post(self, event_id: str, **fields: Any) -> int:
        """Post an event, and return the write units of the indexes."""
        before = self._index_units()
        ledgers.post(self.ledger, [job_update(event_id=event_id, **fields)])
        return self._index_units() - before

    def item(self) -> dict[str, Any]:
        """Return the one job."""
        (item,) = self.store.items(NAMES.jobs)
        return item

    def _index_units(self) -> int:
        return sum(units for place, units in self.meter.write_units.items() if "/" in place)


def test_deltas_set_the_slot_without_a_read() -> None:
    """A delta in the same slot writes to no index, one in the next slot to two."""
    clock = Clock()
    clock.post("1", status="running")
    calls = clock.meter.calls
    clock.now = START + SLOT - 1
    assert clock.post("2", delta={"records_ok": 1}) == 0
    assert clock.item()["seen_slot"] == {"N": str(START // SLOT)}
    clock.now = START + SLOT
    assert clock.post("3", delta={"records_ok": 1}) == 2
    assert clock.item()["seen_slot"] == {"N": str(START // SLOT + 1)}
    assert clock.item()["seen"] == {"N": str(clock.now)}
    assert clock.meter.calls == calls + 2


def test_the_heartbeat_is_shown_where_it_was_said() -> None:
    """Without one the default holds, and the row holds nothing."""
    clock = Clock()
    clock.post("1", status="running")
    assert "heartbeat" not in clock.item()
    clock.post("2", heartbeat_seconds=60)
    assert clock.item()["heartbeat"] == {"N": "60"}


def test_an_audit_mends_a_slot_that_does_not_fit() -> None:
    """The slot follows from when the job was last seen, which the item says."""
    with empty_tables() as client:
        post(client, BOOKS)
        item: Any = client.get_item(TableName=NAMES.jobs, Key={"job_id": {"S": "job-1"}})["Item"]
        right = int(item["seen_slot"]["N"])
        in_item(NAMES.jobs, "job-1", seen_slot=right - 1)(client)
        wrong = {("job", "job-1", "seen_slot", right - 1, right)}
        assert drifts(audit(client, repair=True)) == wrong
        assert audit(client).drifts == []
