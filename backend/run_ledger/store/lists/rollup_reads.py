"""Reading rollup rows: many partitions side by side, added up as they come.

A range of a partition is one Query. Where one answer doesn't hold it all (1 MB), the next round
asks for the rest in as many pieces as the range can be cut into, so that two rounds bring what one
Query after the other would take many for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, HOUR, Instant, day, every, floor, later
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rollup_items import sort_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

K = TypeVar("K")
T = TypeVar("T")
Counts = dict[str, int]
Grouping = Callable[[str], Callable[[str], K | None]]
"""Says of a partition what says of a row in it, by sort key, where it is added; None: nowhere."""

MOST_ROUNDS = 3


class Range(NamedTuple):
    """The rows of a partition from the first of ``cuts`` up to the last of them.

    ``cuts`` ascend, and none is a sort key itself but a beginning of some: an hour, a day. The rows
    can be asked for apart between each two.
    """

    partition: str
    cuts: Sequence[str]
    after: str | None = None
    """A sort key: only rows beyond it."""


def day_cuts(start: Instant, end: Instant) -> list[tuple[str, Sequence[str]]]:
    """Return the days from *start* to *end*, exclusive, each with the hours of it in between."""
    midnights = every(DAY, floor(start, DAY), end)
    return [(day(one), _hour_cuts(max(start, one), min(end, later(one, DAY)))) for one in midnights]


def beyond(beginning: str) -> str:
    """Return a text right after all sort keys that begin with *beginning* and ``#``."""
    return f"{beginning}$"


def _hour_cuts(start: Instant, end: Instant) -> list[str]:
    hours = [f"{moment // HOUR % 24:02d}" for moment in every(HOUR, floor(start, HOUR), end)]
    return [*hours, beyond(hours[-1])]


def read_sums(reading: Reading, ranges: Sequence[Range], place: Grouping[K]) -> dict[K, Counts]:
    """Return the attributes of all rows in *ranges*, added up where *place* puts them."""
    sums: dict[K, Counts] = {}
    for part in read_ranges(reading, ranges, partial(_placed, place)):
        for key, counts in part.items():
            _add(sums.setdefault(key, {}), counts)
    return sums


def read_ranges(
    reading: Reading, ranges: Sequence[Range], fold: Callable[[Range, Sequence[Any]], T]
) -> list[T]:
    """Return what *fold* makes of the items of each answer; it is called where the answer comes.

    Raises InvalidQuery where that takes more rounds of calls than a request may have.
    """
    found: list[T] = []
    while ranges:
        if reading.rounds >= MOST_ROUNDS:
            raise InvalidQuery(
                "from", "more was counted in this span than one answer can add up; shorten it"
            )
        pages = reading.together(
            [
                partial(read_range, reading.client, reading.tables.rollups, one, fold)
                for one in ranges
            ]
        )
        found += [made for made, _ in pages]
        ranges = [one for _, rest in pages for one in rest]
    return found


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
    last: Any = answer.get("LastEvaluatedKey")
    return fold(wanted, answer["Items"]), _rest(wanted, last["sk"]["S"]) if last else []


def _placed(place: Grouping[K], wanted: Range, items: Sequence[Any]) -> dict[K, Counts]:
    sums: dict[K, Counts] = {}
    place_row = place(wanted.partition)
    for item in items:
        key = place_row(sort_of(item))
        if key is not None:
            _add_item(sums.setdefault(key, {}), item)
    return sums


def _add_item(known: Counts, item: Mapping[str, Any]) -> None:
    """Add the counts of an item: `counts_of` without a mapping of its own, as rows are many."""
    for name, value in item.items():
        number = value.get("N")
        if number is not None:
            known[name] = known.get(name, 0) + int(number)


def _rest(wanted: Range, after: str) -> list[Range]:
    """Return what lies beyond the sort key *after*, in as many pieces as there are cuts."""
    left = [cut for cut in wanted.cuts if cut > after]
    first = Range(wanted.partition, [wanted.cuts[0], left[0]], after)
    return [first, *(Range(wanted.partition, pair) for pair in pairwise(left))]


def _add(known: Counts, counts: Counts) -> None:
    for name, count in counts.items():
        known[name] = known.get(name, 0) + count
