"""What an event costs in a long job: `python -m tests.benchmarks.writer.long_jobs`.

Worked out from the sizes of real rows and from the rules of the index, for jobs that are too long
to be posted in a test; `tests/backend/store/logs` holds them against what a ledger consumes.
Only the log, its index and the job's item are counted: totals cost the same in either layout.
"""

from __future__ import annotations

import hashlib
import sys
from functools import cache
from typing import NamedTuple

from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.sizing import KB, READ_BLOCK, started_kb

from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.instants import Instant
from run_ledger.store.items.entry_items import entry_item
from run_ledger.store.items.index_items import FAN_OUT, LEVELS, ROWS, places
from run_ledger.store.items.log_items import log_item
from run_ledger.store.logs.known_entities import MARK_BYTES
from run_ledger.store.logs.log_reads import lanes_of

from . import mixes

SIZES = (1_000, 100_000, 1_000_000)
BATCHES = (1, 5, 100)
RECORD_BYTES = 12
_JOB_UNITS = 2  # an item of up to 1 KB, within a transaction
_FEW_ROWS = 8  # which are read by their keys, each for itself
_NOW = Instant(1_795_000_000_000_000)


class LongJob(NamedTuple):
    """What an event costs in a job of so many events, each batch of which brought it some."""

    events: int
    batch: int
    write_units: float
    old_write_units: float
    warm_read_units: float
    new_read_units: float
    """Of a writer that has never seen the job, for each event of its first batch."""
    index_bytes: float
    memory_mb: float


def long_job(events: int, batch: int) -> LongJob:
    """Work out what an event costs in a job of so many *events*, *batch* at a time."""
    rows = events // batch
    row, entry = _row_bytes(batch), _entry_units()
    levels = sum(rows >= ROWS * FAN_OUT**level for level in range(LEVELS))
    an_item = ROWS * batch * RECORD_BYTES
    index_units = levels * -(-an_item // KB) / (ROWS * batch)
    # Items above the lowest level are made by whoever finds them missing, which is a read.
    missed = max(0, levels - 1) * 0.5 / (ROWS * batch)
    tail = rows % ROWS
    lanes = len(lanes_of(rows - tail + 1, rows)) if tail else 0
    new: float = 1 + max(lanes, -(-tail * row // READ_BLOCK))
    if tail <= _FEW_ROWS:
        new = 1 + tail * -(-row // READ_BLOCK)
    marks = [hashlib.blake2b(bytes((n,)), digest_size=16).digest() for n in range(batch)]
    asked = places(("job", "j", 0), rows - tail, marks)
    new += len(asked) * -(-an_item // READ_BLOCK) / 2
    return LongJob(
        events,
        batch,
        (2 * -(-row // KB) + _JOB_UNITS) / batch + index_units,
        2 * entry + _JOB_UNITS / batch,
        missed,
        new / batch,
        levels * RECORD_BYTES,
        (levels * (rows - tail) * batch * RECORD_BYTES + tail * batch * MARK_BYTES) / 1e6,
    )


@cache
def _row_bytes(batch: int) -> int:
    return item_bytes(log_item(_events(batch), 1, received_at=_NOW, ttl_days=90))


@cache
def _entry_units() -> int:
    return started_kb(entry_item(_events(1)[0], received_at=_NOW, ttl_days=90))


def _events(count: int) -> list[Event]:
    job = mixes.numbered_job(1, 1)
    return [decode(mixes.event_of(job, number, {})["body"]) for number in range(count)]


def table() -> str:
    """Return the table that the decision record shows."""
    lines = [
        (
            "| events | a batch | write units an event | before | read units an event "
            "| a newcomer's first batch, an event | index bytes an event | memory, MB |"
        ),
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for events in SIZES:
        for batch in BATCHES:
            one = long_job(events, batch)
            lines.append(
                f"| {events:,} | {batch} | {one.write_units:.2f} | {one.old_write_units:.2f} | "
                f"{one.warm_read_units:.3f} | {one.new_read_units:.2f} | {one.index_bytes:.0f} | "
                f"{one.memory_mb:.1f} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
