"""The count of running and stalled jobs, from rollups and index rows: no item is read.

The map of the days says on which days the jobs were created that run now. Each such day has one
partition of the index ``by_outcome``, whose rows say in which slot of five minutes a job was last
seen. A row that can't tell counts as alive: so a job counts as stalled up to one slot late, and
never early. Indexes follow the table a moment later, and so does the count.

A partition's pages are read one after the other: DynamoDB gives a partition 3,000 read units a
second, a page of 1 MB takes 128, and a million jobs of one day are some 200 pages.
Where the time is over before the last page, the sweep says which days it has not read to the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Attribute
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
    """What was counted: running and stalled jobs by client, and all queued jobs.

    ``unread_days`` are those of which not all rows could be read in time. What was counted by
    client is too little then; ``all_running`` comes from the map of the days, and is not.
    """

    running: Mapping[str, int]
    stalled: Mapping[str, int]
    queued: int
    all_running: int
    newest_event_age_seconds: float | None
    """The latest event came in at most so long ago; None where no job is known."""
    unread_days: tuple[str, ...] = ()


class _Partition(NamedTuple):
    outcome: str
    day: str
    rows: int | None
    """How many of its rows to read, newest first; None for all."""


# A row as far as it counts: client, slot and heartbeat. Very many rows are alike.
_Kind = tuple[str, str, str | None]
# A job without a slot was last seen before slots were kept, which is long ago.
_NO_SLOT = {"N": "0"}


class _Rows(NamedTuple):
    partition: _Partition
    kinds: Counter[_Kind]
    is_whole: bool


def sweep(reading: Reading, now: Instant, is_over: Callable[[], bool] = lambda: False) -> Sweep:
    """Count the jobs that run, wait and have stalled at *now*.

    *is_over* says when no further page may be read; the rows read until then count. Raises
    StoreUnavailable where DynamoDB does not answer.
    """
    days = _days(reading)
    calls = [
        partial(_rows, reading.client, reading.tables.jobs, partition, is_over)
        for partition in _partitions(days)
    ]
    running: Counter[str] = Counter()
    stalled: Counter[str] = Counter()
    newest_slot = 0
    unread = set()
    for rows in reading.together(calls):
        if not rows.is_whole:
            unread.add(rows.partition.day)
        for (client_id, slot_text, heartbeat), count in rows.kinds.items():
            slot = int(slot_text)
            newest_slot = max(newest_slot, slot)
            if rows.partition.outcome == RUNNING:
                seconds = None if heartbeat is None else int(heartbeat)
                running[client_id] += count
                stalled[client_id] += count * (sign_of_row(slot, seconds, now) == "stalled")
    # A writer's clock may be ahead of the sweeper's.
    age = max(0, now - slot_start(newest_slot)) / MICROSECONDS if newest_slot else None
    queued, all_running = (
        sum(counts.get(outcome, 0) for _, counts in days) for outcome in (QUEUED, RUNNING)
    )
    return Sweep(running, stalled, queued, all_running, age, tuple(sorted(unread)))


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


def _rows(
    client: DynamoDBClient, table: str, partition: _Partition, is_over: Callable[[], bool]
) -> _Rows:
    """Count the rows of one partition, page by page, until the time is over."""
    key = keys.outcome_day(partition.outcome, partition.day)
    query = QueryBuilder(table, "outcome_day", key, index=keys.BY_OUTCOME)
    wanted = ["client_id", "seen_slot", "heartbeat"]
    kinds: Counter[_Kind] = Counter()
    after: Any = None
    while not is_over():
        request = query.request(wanted, limit=partition.rows, descending=True, after=after)
        answer = client.query(**request)
        items: Sequence[Any] = answer["Items"]
        kinds.update(
            (item["client_id"]["S"], item.get("seen_slot", _NO_SLOT)["N"], _heartbeat(item))
            for item in items
        )
        after = answer.get("LastEvaluatedKey")
        if after is None or partition.rows is not None:
            return _Rows(partition, kinds, is_whole=True)
    return _Rows(partition, kinds, is_whole=False)


def _heartbeat(item: Mapping[str, Attribute]) -> str | None:
    return item["heartbeat"]["N"] if "heartbeat" in item else None
