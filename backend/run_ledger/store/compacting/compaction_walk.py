"""Which rows are compacted: those of hours that have been over for an hour, day by day.

The rows over all clients tell on which days anything was counted, and when. A day is walked
through, client by client, until all its rows are merged, and once it is over, packed; then its row
over all says until when they were (``right``). Packed rows may be right before all shards are
merged; then it says that there is more to do. Where something is counted on it later, or a repair
was made, it is walked through again. So a walk needs no memory of its own, and one that is cut
begins where it finds the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.instants import DAY, HOUR, Duration, Instant, day, hour, later, parse
from run_ledger.domain.state.rollups import ALL, CLIENTS, projects_partition
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import QueryBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import (
    MARKED,
    MOST_AGE,
    OPEN,
    REPAIRED,
    RIGHT,
    PackedDay,
    key_of_day,
    packed_days,
    wanted_rows,
)
from run_ledger.store.items.rollup_items import sort_of
from run_ledger.store.lists.packed_reads import read_packed

from .row_packing import pack
from .shard_merging import MergeStep, advance

_PARTITIONS_AT_ONCE = 64


class Compaction(Struct, frozen=True):
    """What a run has done.

    ``rows`` were looked at; of ``moved`` a step was made, of ``left`` none could be, and
    ``waiting`` have one before them. ``days`` were walked through, ``days_left`` were not, as the
    time was over. ``behind`` says for how long a day that is over could have been done, and is not:
    that one which waits longest. It is a little where all is well, as a day takes several walks.
    """

    rows: int
    moved: int
    left: int
    waiting: int
    days: int
    days_left: int
    behind: Duration = Duration(0)


def compact_rows(reading: Reading, now: Instant, is_over: Callable[[], bool]) -> Compaction:
    """Make the next step of all rows that have one before them, until *is_over* says so.

    Raises StoreUnavailable where DynamoDB does not answer; what was done until then is done.
    """
    walk = _Walk(reading, now, is_over)
    days = walk.due_days()
    walked = 0
    for one in days:
        if not walk.go(one):
            break
        walked += 1
    steps = walk.steps
    return Compaction(
        rows=sum(steps.values()),
        moved=steps[MergeStep.MOVED],
        left=steps[MergeStep.LEFT],
        waiting=steps[MergeStep.WAITING],
        days=walked,
        days_left=len(days) - walked,
        behind=walk.behind(days),
    )


class _Walk:
    """One run, at one time."""

    def __init__(self, reading: Reading, now: Instant, is_over: Callable[[], bool]) -> None:
        self.steps: Counter[MergeStep] = Counter()
        self._done: set[str] = set()
        self._reading = reading
        self._now = now
        self._is_over = is_over
        self._below = hour(later(now, -HOUR))
        self._owners: Sequence[str] | None = None

    def due_days(self) -> list[PackedDay]:
        """Return the days on which there may be something to do, the newest first."""
        days = packed_days(self._query(ALL, MARKED))
        today = day(self._now)
        return [
            one
            for name, one in sorted(days.items(), reverse=True)
            if name <= today and (one.is_open or not one.is_current)
        ]

    def go(self, one: PackedDay) -> bool:
        """Walk through a day; return False where the time was over before its end."""
        name = one.day
        packing: Counter[MergeStep] = Counter()
        merging: Counter[MergeStep] = Counter()
        for some in portions(self._partitions(name), _PARTITIONS_AT_ONCE):
            if self._is_over():
                return False
            for packed, merged in self._reading.together(
                [partial(self._compact, partition, name) for partition in some]
            ):
                packing += packed
                merging += merged
                self.steps += packed + merged
        if not self._is_day_over(name):
            return True
        over_all = self._reading.alone(partial(self._compact_over_all, name))
        merging += over_all
        self.steps += over_all
        if packing.total() == packing[MergeStep.DONE]:
            is_open = merging.total() > merging[MergeStep.DONE]
            self.steps += self._reading.alone(partial(self._note_right, one, is_open=is_open))
        return True

    def behind(self, days: Iterable[PackedDay]) -> Duration:
        """Return for how long the longest of *days*, which were due, could have been done."""
        waits = (
            self._now - _ready_at(one)
            for one in days
            if self._is_day_over(one.day) and one.day not in self._done
        )
        return Duration(max((0, *waits)))

    def _is_day_over(self, name: str) -> bool:
        return f"{name}T24" <= self._below

    def _partitions(self, name: str) -> list[str]:
        if self._owners is None:
            self._owners = self._read_owners()
        return [f"{owner}#{name}" for owner in self._owners]

    def _read_owners(self) -> list[str]:
        """Return the beginnings of all partitions whose rows count hours."""
        clients = self._names(CLIENTS)
        found = [f"{kind}#{one}" for one in clients for kind in ("client", "models")]
        projects = {
            name
            for some in portions(clients, _PARTITIONS_AT_ONCE)
            for names in self._reading.together(
                [partial(self._names, projects_partition(one)) for one in some]
            )
            for name in names
        }
        return [*found, *(f"project#{one}" for one in sorted(projects))]

    def _names(self, partition: str) -> list[str]:
        """Return the names that a partition totals."""
        return sorted({sort_of(item) for item in self._query(partition, ["sk"])})

    def _compact(self, partition: str, name: str) -> tuple[Counter[MergeStep], Counter[MergeStep]]:
        """Pack the rows of a partition whose day is over; make the next step of merging others.

        Return how both is for each of them. Only rows whose hour is over are merged.
        """
        client, table = self._reading.client, self._reading.tables.rollups
        is_day_over = self._is_day_over(name)
        packed = read_packed(client, table, partition) if is_day_over else []
        found = list(self._query(partition))
        packing: Counter[MergeStep] = Counter()
        if is_day_over:
            packing = pack(client, table, wanted_rows(partition, found), packed, self._now)
        merging: Counter[MergeStep] = Counter()
        for sort, items in _by_row(found).items():
            if f"{name}T{sort[:2]}" < self._below:
                merging[self._advance(items)] += 1
        return packing, merging

    def _compact_over_all(self, name: str) -> Counter[MergeStep]:
        items = list(self._query(ALL, prefix=f"{name}#"))
        return Counter([self._advance(items)])

    def _advance(self, items: Sequence[Item]) -> MergeStep:
        return advance(self._reading.client, self._reading.tables.rollups, items, self._now)

    def _note_right(self, one: PackedDay, *, is_open: bool) -> Counter[MergeStep]:
        """Note that the packed rows of a day are right; return that it is left where it can't be.

        Then the next run notes it.
        """
        update = UpdateBuilder()
        update.set(
            {RIGHT: str(self._now), REPAIRED: one.mended, **({OPEN: "1"} if is_open else {})}
        )
        if not is_open:
            update.remove(OPEN)
        action: Any = update.action(self._reading.tables.rollups, key_of_day(one.day))
        try:
            self._reading.client.update_item(**action["Update"])
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.PASSING:
                return Counter([MergeStep.LEFT])
            raise
        if not is_open:
            self._done.add(one.day)
        return Counter()

    def _query(
        self, partition: str, attributes: Sequence[str] = (), *, prefix: str | None = None
    ) -> Iterator[Any]:
        """Yield the items of a partition, strongly read."""
        query = QueryBuilder(self._reading.tables.rollups, "pk", partition)
        if prefix is not None:
            query.sort_prefix("sk", prefix)
        return every_item(self._reading.client.query, query.request(attributes, consistent=True))


def _ready_at(one: PackedDay) -> Instant:
    """Return when a day could be done: an hour after its end, or after its last batch."""
    ended_at = later(parse(f"{one.day}T00:00:00Z"), DAY)
    return later(max(ended_at, one.seen_at), MOST_AGE)


def _by_row(items: Iterable[Any]) -> dict[str, list[Item]]:
    rows: dict[str, list[Item]] = {}
    for item in items:
        rows.setdefault(sort_of(item), []).append(item)
    return rows
