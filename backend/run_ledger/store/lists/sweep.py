"""The count of running and stalled jobs, from rollups and index rows: no item is read.

The map of the days says on which days the jobs were created that run now. Each such day has one
partition of the index ``by_outcome``, whose rows say in which slot of five minutes a job was last
seen. A row that can't tell counts as alive: so a job counts as stalled up to one slot late, and
never early. Indexes follow the table a moment later, and so does the count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import sign_of_row, slot_start

from .day_map import read_day_map

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RUNNING, QUEUED = "running", "queued"
# The newest event is looked for on the last days on which jobs were created, among so many of the
# newest jobs of each outcome.
_NEWEST_DAYS = 2
_NEWEST_ROWS = 200


class Sweep(NamedTuple):
    """What was counted: running and stalled jobs by client, and all queued jobs."""

    running: Mapping[str, int]
    stalled: Mapping[str, int]
    queued: int
    newest_event_age_seconds: float | None
    """The latest event came in at most so long ago; None where no job is known."""


class _Partition(NamedTuple):
    outcome: str
    day: str
    rows: int | None
    """How many of its rows to read, newest first; None for all."""


class _Rows(NamedTuple):
    clients: Counter[str]
    stalled: Counter[str]
    newest_slot: int


def sweep(reading: Reading, now: Instant) -> Sweep:
    """Count the jobs that run, wait and have stalled at *now*.

    Raises StoreUnavailable where not all could be read in time: a part would be no count.
    """
    days = _days(reading)
    calls = [
        partial(_rows, reading.client, reading.tables.jobs, partition, now)
        for partition in _partitions(days)
    ]
    running: Counter[str] = Counter()
    stalled: Counter[str] = Counter()
    slots: list[int] = []
    for rows in reading.together(calls):
        running += rows.clients
        stalled += rows.stalled
        slots += [rows.newest_slot] if rows.newest_slot else []
    age = (now - slot_start(max(slots))) / MICROSECONDS if slots else None
    queued = sum(counts.get(QUEUED, 0) for _, counts in days)
    return Sweep(running, stalled, queued, age)


def _days(reading: Reading) -> list[tuple[str, Mapping[str, int]]]:
    """Return the days with jobs, newest first, and how many are in which outcome now."""
    found: list[tuple[str, Mapping[str, int]]] = []
    floor: str | None = None
    while True:
        page = reading.alone(
            partial(read_day_map, reading, (QUEUED, RUNNING, *RESULTS), start=floor)
        )
        found += page.days
        floor = page.floor
        if floor is None:
            return found


def _partitions(
    days: list[tuple[str, Mapping[str, int]]],
) -> Iterator[_Partition]:
    """Yield the partitions to read: all rows of running jobs, and the newest rows of the others."""
    for place, (day, counts) in enumerate(days):
        if counts.get(RUNNING, 0) > 0:
            yield _Partition(RUNNING, day, None)
        if place < _NEWEST_DAYS:
            for outcome in (QUEUED, *RESULTS):
                if counts.get(outcome, 0) > 0:
                    yield _Partition(outcome, day, _NEWEST_ROWS)


def _rows(client: DynamoDBClient, table: str, partition: _Partition, now: Instant) -> _Rows:
    """Count the rows of one partition."""
    key = keys.outcome_day(partition.outcome, partition.day)
    query = QueryBuilder(table, "outcome_day", key, index=keys.BY_OUTCOME)
    wanted = ["client_id", "seen_slot", "heartbeat"]
    request = query.request(wanted, limit=partition.rows, descending=True)
    if partition.rows is None:
        rows: Iterable[Any] = every_item(client.query, request)
    else:
        rows = client.query(**request)["Items"]
    found = _Rows(Counter(), Counter(), 0)
    for row in rows:
        found = _with(found, row, now, counts=partition.outcome == RUNNING)
    return found


def _with(found: _Rows, row: Mapping[str, Any], now: Instant, *, counts: bool) -> _Rows:
    """Return *found* with *row* added; only a row that *counts* is counted as running."""
    # A job without a slot was last seen before slots were kept, which is long ago.
    slot = int(row["seen_slot"]["N"]) if "seen_slot" in row else 0
    if counts:
        client_id = row["client_id"]["S"]
        heartbeat = int(row["heartbeat"]["N"]) if "heartbeat" in row else None
        found.clients[client_id] += 1
        found.stalled[client_id] += int(sign_of_row(slot, heartbeat, now) == "stalled")
    return found._replace(newest_slot=max(slot, found.newest_slot))
