"""What was counted of a client in each hour, or in longer stretches of time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from run_ledger.domain.instants import HOUR, Instant, later, midnight
from run_ledger.domain.state.own_counters import is_own
from run_ledger.store.items.rollup_items import as_counted, counts_of, seen_at, sort_of
from run_ledger.store.lists.rollup_reads import Range, read_range

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


Place = Callable[[Instant], Instant]
"""Takes the beginning of an hour, and returns that of the stretch that its counts are added to."""


class HoursPage(NamedTuple):
    """The counts of a client that one answer holds, by where they begin, and what is left."""

    client_id: str
    sums: Mapping[Instant, Mapping[str, int]]
    seen_at: Sequence[Instant]
    rest: Sequence[Range]

    @property
    def size(self) -> int:
        """Return how many counts the page holds."""
        return 1 + len(self.seen_at) + sum(len(counts) for counts in self.sums.values())


def client_range(client_id: str, day: tuple[str, Sequence[str]]) -> Range:
    """Return the range of a client's hours on a *day*, as `day_cuts` gives it."""
    name, cuts = day
    return Range(f"client#{client_id}#{name}", cuts)


def read_hours(client: DynamoDBClient, table: str, place: Place, wanted: Range) -> HoursPage:
    """Return the counts of a client in a range, but for own counters."""
    page, rest = read_range(client, table, wanted, partial(_folded, place))
    return page._replace(rest=rest)


def _folded(place: Place, wanted: Range, items: Sequence[Any]) -> HoursPage:
    _, client_id, day = wanted.partition.split("#")
    first = midnight(day)
    sums: dict[Instant, Counter[str]] = {}
    for item in as_counted(items):
        moment = place(later(first, int(sort_of(item)[:2]) * HOUR))
        counts = {name: count for name, count in counts_of(item).items() if not is_own(name)}
        sums.setdefault(moment, Counter()).update(counts)
    heard = max((at for item in items if (at := seen_at(item)) is not None), default=None)
    return HoursPage(client_id, sums, () if heard is None else (heard,), ())
