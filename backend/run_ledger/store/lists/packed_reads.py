"""Which days' packed rows may be read in place of the rows of hours, and the ranges of these.

A day's packed rows are read where they are what its rows of hours count at the moment. All else is
read hour by hour: today, a day on which something was counted of late, and days of which only some
hours are wanted. As a packed row changes half an hour before it is said to be right, it does not
matter in which order, or from which of DynamoDB's copies, the one and the other are read.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from run_ledger.domain.api.intervals import Intervals
from run_ledger.domain.state.packed_rows import HOURS_A_DAY, daily_row, hourly_row
from run_ledger.domain.state.rollups import ALL
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import MARKED, PackedDay, packed_days

from .rollup_reads import Range, beyond, day_cuts

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DayCut = tuple[str, Sequence[str]]
"""A day, and the beginnings of its wanted hours and of what lies beyond, as `day_cuts` gives it."""
FEW_DAYS = 3
"""Of so few days rows of hours are read, as what says whether others may be costs a read, too."""
_DAYS_OVER_ALL = 64
_DAYS_A_QUERY = 128
_QUERIES_OF_HOURS = 32
"""Hours of so many days are read side by side, each day by a query of its own; of more, several."""


class DaysToRead:
    """The intervals that are asked for, and which of their days can be read in packed rows."""

    def __init__(self, reading: Reading, intervals: Intervals) -> None:
        """Begin to read which those are, beside the request's other calls."""
        self.intervals = intervals
        self._days = day_cuts(intervals.start, intervals.end)
        self._packed = _begin_reading_days(reading, self._days)
        self._known: frozenset[str] | None = None

    def most_names(self, partitions: int) -> int:
        """Return how many clients or projects have so many *partitions* of hours at most."""
        return max(1, partitions // len(self._days))

    def ranges(self, kind: str, names: Sequence[str]) -> list[Range]:
        """Return the ranges of rows of each of *names*, clients or projects."""
        if self._known is None:
            self._known = self._packed()
        packed, are_days = self._known, self.intervals.are_days_of_utc
        return [
            one
            for name in names
            for one in _ranges_of(f"{kind}#{name}", self._days, packed, are_days=are_days)
        ]


def _begin_reading_days(reading: Reading, days: Sequence[DayCut]) -> Callable[[], frozenset[str]]:
    """Begin to read which of *days* have packed rows that may be read; return what waits for it.

    The calls are made beside the rounds of the request.
    """
    whole = [name for name, cuts in days if len(cuts) > HOURS_A_DAY]
    if len(whole) <= FEW_DAYS:
        return frozenset
    client, table = reading.client, reading.tables.rollups
    waiting = [
        reading.beside(partial(_read_some_days, client, table, some[0], some[-1]))
        for some in portions(whole, _DAYS_OVER_ALL)
    ]

    def current() -> frozenset[str]:
        told = [one for answer in waiting for one in answer()]
        return frozenset(one.day for one in told if one.is_current) & frozenset(whole)

    return current


def read_packed(client: DynamoDBClient, table: str, partition: str) -> list[Item]:
    """Return the packed rows of a *partition* of hours, strongly read."""
    found: list[Item] = []
    for row in (daily_row(partition, ""), hourly_row(partition, "")):
        query = QueryBuilder(table, "pk", row.partition)
        query.sort_prefix("sk", row.sort)
        found += every_item(client.query, query.request(consistent=True))
    return found


def read_packed_days(client: DynamoDBClient, table: str, first: str, last: str) -> list[PackedDay]:
    """Return what rows over all say about the packed rows of the days from *first* to *last*.

    They are strongly read.
    """
    request = _days_over_all(table, first, last).request(MARKED, consistent=True)
    return [*packed_days(every_item(client.query, request)).values()]


def _read_some_days(client: DynamoDBClient, table: str, first: str, last: str) -> list[PackedDay]:
    """Return the same as one answer tells it; what that does not hold is not packed for now."""
    answer = client.query(**_days_over_all(table, first, last).request(MARKED))
    items: list[Any] = answer["Items"]
    found = packed_days(items)
    if "LastEvaluatedKey" in answer:
        del found[max(found)]
    return [*found.values()]


def _days_over_all(table: str, first: str, last: str) -> QueryBuilder:
    query = QueryBuilder(table, "pk", ALL)
    query.sort_between("sk", low=first, below=beyond(last))
    return query


def _ranges_of(
    owner: str, days: Sequence[DayCut], packed: Collection[str], *, are_days: bool
) -> list[Range]:
    """Return the ranges to read of *owner*, such as ``client#acme``: of days packed rows.

    *are_days* says that sums of days of UTC suffice.
    """
    found = [Range(f"{owner}#{name}", cuts) for name, cuts in days if name not in packed]
    wanted = [name for name, _ in days if name in packed]
    row, most = daily_row, _DAYS_A_QUERY
    if not are_days:
        row, most = hourly_row, max(1, -(-len(wanted) // _QUERIES_OF_HOURS))
    partition = row(f"{owner}#", "").partition
    return found + [
        Range(partition, [*some, beyond(some[-1])], days=packed) for some in portions(wanted, most)
    ]
