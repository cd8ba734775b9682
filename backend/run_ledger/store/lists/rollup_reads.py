"""Reads of rollup rows: many partitions at the same time, added up as they come.

A range of a partition is one Query. Where one answer (1 MB) doesn't hold it all, the next round
asks for the rest in as many pieces as the range can be cut into. So two rounds bring what would
take many with one Query after the other.

Packed rows (see `run_ledger.domain.state.packed_rows`) are read in the same way, and count as the
rows of hours that they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from run_ledger.domain.instants import DAY, HOUR, Instant, day, every, floor, later
from run_ledger.domain.state.packed_rows import hour_row
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import rows_in
from run_ledger.store.items.rollup_items import as_counted, sort_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

K = TypeVar("K")
T = TypeVar("T")
Counts = dict[str, int]
Grouping = Callable[[str], Callable[[str], K | None]]
"""Takes a partition key and returns a function of a row's sort key.

That function returns the key that the row's counts are added up under; None leaves the row out.
"""

MOST_ROUNDS = 3


class Range(NamedTuple):
    """The rows of a partition from the first of ``cuts`` up to the last of them.

    ``cuts`` ascend. Each is the beginning of some sort keys, an hour or a day, and none is a sort
    key itself. The rows between two cuts can be read by a Query of their own.
    """

    partition: str
    cuts: Sequence[str]
    after: str | None = None
    """A sort key: only rows after it are read."""
    days: Collection[str] | None = None
    """Of packed rows: the days that are wanted. Others may lie in between."""

    @property
    def counted(self) -> str:
        """Return the partition, or of packed rows that of hours that they count first."""
        if self.days is None:
            return self.partition
        return hour_row(Row(self.partition, f"{self.cuts[0]}#")).partition


def day_cuts(start: Instant, end: Instant) -> list[tuple[str, Sequence[str]]]:
    """Return the days from *start* to *end*, exclusive, each with its hours in between as cuts.

    An example: ``[("2026-11-22", ["14", "15", "15$"])]``.
    """
    midnights = every(DAY, floor(start, DAY), end)
    return [(day(one), _hour_cuts(max(start, one), min(end, later(one, DAY)))) for one in midnights]


def beyond(beginning: str) -> str:
    """Return a text right after all sort keys that begin with *beginning* and ``#``."""
    return f"{beginning}$"


def _hour_cuts(start: Instant, end: Instant) -> list[str]:
    hours = [f"{moment // HOUR % 24:02d}" for moment in every(HOUR, floor(start, HOUR), end)]
    return [*hours, beyond(hours[-1])]


class Sums(NamedTuple, Generic[K]):
    """Counts added up under keys, and the partitions that were too large to be read to the end.

    What was read of such a partition is in the counts.
    """

    counts: dict[K, Counts]
    unread: frozenset[str]


def read_sums(
    reading: Reading, ranges: Sequence[Range], place: Grouping[K], *, rounds: int = MOST_ROUNDS
) -> Sums[K]:
    """Return the counts of the rows in *ranges*, added up under the keys that *place* gives.

    The request may have so many *rounds* of calls in all.
    """
    sums: dict[K, Counts] = {}
    parts, unread = read_ranges(reading, ranges, partial(_placed, place), rounds=rounds)
    for part in parts:
        for key, counts in part.items():
            _add(sums.setdefault(key, {}), counts)
    return Sums(sums, unread)


def read_ranges(
    reading: Reading,
    ranges: Sequence[Range],
    fold: Callable[[Range, Sequence[Any]], T],
    *,
    rounds: int = MOST_ROUNDS,
) -> tuple[list[T], frozenset[str]]:
    """Return what *fold* makes of the items of each answer; it runs in the answer's thread.

    The second value are the partitions of which a part is left after as many rounds of calls as a
    request may have.
    """
    found: list[T] = []
    while ranges and reading.rounds < rounds:
        pages = reading.together(
            [
                partial(read_range, reading.client, reading.tables.rollups, one, fold)
                for one in ranges
            ]
        )
        found += [made for made, _ in pages]
        ranges = [one for _, rest in pages for one in rest]
    return found, frozenset(one.counted for one in ranges)


def read_range(
    client: DynamoDBClient, table: str, wanted: Range, fold: Callable[[Range, Sequence[Any]], T]
) -> tuple[T, list[Range]]:
    """Return what *fold* makes of the items of one answer, and what is left of the range."""
    query = QueryBuilder(table, "pk", wanted.partition)
    query.sort_between("sk", low=wanted.cuts[0], below=wanted.cuts[-1])
    after = None
    if wanted.after is not None:
        after = to_item({"pk": wanted.partition, "sk": wanted.after})
    answer = client.query(**query.request(after=after))
    items: list[Any] = answer["Items"]
    if "LastEvaluatedKey" not in answer:
        return fold(wanted, items), []
    items = _whole_rows(items)
    return fold(wanted, items), _rest(wanted, items[-1]["sk"]["S"])


def _whole_rows(items: list[Any]) -> list[Any]:
    """Return the items of an answer that goes on without those of its last row.

    There may be more of them, and all items of a row are looked at together. So it is read again,
    unless it fills the whole answer.
    """
    last, whole = sort_of(items[-1]), len(items)
    while whole and sort_of(items[whole - 1]) == last:
        whole -= 1
    return items[:whole] or items


def _placed(place: Grouping[K], wanted: Range, items: Sequence[Any]) -> dict[K, Counts]:
    sums: dict[K, Counts] = {}
    if wanted.days is not None:
        for item in items:
            for row, counts in rows_in(item):
                if row.partition[-10:] in wanted.days:
                    key = place(row.partition)(row.sort)
                    if key is not None:
                        _add(sums.setdefault(key, {}), counts)
        return sums
    place_row = place(wanted.partition)
    for item in as_counted(items):
        key = place_row(sort_of(item))
        if key is not None:
            _add_item(sums.setdefault(key, {}), item)
    return sums


def _add_item(known: Counts, item: Mapping[str, Any]) -> None:
    """Add the counts of an item, without the mapping that `counts_of` makes: rows are many."""
    for name, value in item.items():
        number = value.get("N")
        if number is not None:
            known[name] = known.get(name, 0) + int(number)


def _rest(wanted: Range, after: str) -> list[Range]:
    """Return what lies beyond the sort key *after*, in as many pieces as there are cuts."""
    left = [cut for cut in wanted.cuts if cut > after]
    first = wanted._replace(cuts=[wanted.cuts[0], left[0]], after=after)
    return [first, *(wanted._replace(cuts=pair, after=None) for pair in pairwise(left))]


def _add(known: Counts, counts: Counts) -> None:
    for name, count in counts.items():
        known[name] = known.get(name, 0) + count
