"""Reading rollup rows: many partitions side by side, added up as they come.

A range of a partition is one Query. Where one answer doesn't hold it all (1 MB), the next round
asks for the rest in as many pieces as the range can be cut into, so that two rounds bring what one
Query after the other would take many for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from run_ledger.domain.errors import InvalidQuery

from .attributes import Attribute, to_attribute, to_item
from .reading import Reading

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

K = TypeVar("K")
Sums = dict[str, int]
Place = Callable[[str], Callable[[str], K | None]]
"""Says of a partition what says of a row in it, by sort key, where it is added; None: nowhere."""

MOST_ROUNDS = 3
_KEYS = frozenset({"pk", "sk"})


class Range(NamedTuple):
    """The rows of a partition from the first of ``cuts`` up to the last of them.

    ``cuts`` ascend, and none is a sort key itself but a beginning of some: an hour, a day. The rows
    can be asked for apart between each two.
    """

    partition: str
    cuts: Sequence[str]
    after: str | None = None
    """A sort key: only rows beyond it."""


class _Page(NamedTuple):
    sums: dict[Any, Sums]
    rest: list[Range]


def read_sums(reading: Reading, ranges: Sequence[Range], place: Place[K]) -> dict[K, Sums]:
    """Return the attributes of all rows in *ranges*, added up where *place* puts them.

    Raises InvalidQuery where that takes more rounds of calls than a request may have.
    """
    sums: dict[K, Sums] = {}
    while ranges:
        if reading.rounds >= MOST_ROUNDS:
            raise InvalidQuery(
                "from", "more was counted in this span than one answer can add up; shorten it"
            )
        pages = reading.together(
            [partial(_page, reading.client, reading.tables.rollups, one, place) for one in ranges]
        )
        for page in pages:
            for key, counts in page.sums.items():
                _add(sums.setdefault(key, {}), counts)
        ranges = [one for page in pages for one in page.rest]
    return sums


def _page(client: DynamoDBClient, table: str, wanted: Range, place: Place[Any]) -> _Page:
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :partition AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":partition": to_attribute(wanted.partition),
            ":first": to_attribute(wanted.cuts[0]),
            ":last": to_attribute(wanted.cuts[-1]),
        },
    }
    if wanted.after is not None:
        request["ExclusiveStartKey"] = to_item({"pk": wanted.partition, "sk": wanted.after})
    answer = client.query(**request)
    sums: dict[Any, Sums] = {}
    place_in_partition = place(wanted.partition)
    items: list[Any] = answer["Items"]
    for item in items:
        key = place_in_partition(item["sk"]["S"].rpartition("#")[0])
        if key is not None:
            _add(sums.setdefault(key, {}), _counts(item))
    last: Any = answer.get("LastEvaluatedKey")
    return _Page(sums, _rest(wanted, last["sk"]["S"]) if last else [])


def _rest(wanted: Range, after: str) -> list[Range]:
    """Return what lies beyond the sort key *after*, in as many pieces as there are cuts."""
    beyond = [cut for cut in wanted.cuts if cut > after]
    first = Range(wanted.partition, [wanted.cuts[0], beyond[0]], after)
    return [first, *(Range(wanted.partition, pair) for pair in pairwise(beyond))]


def _counts(item: dict[str, Attribute]) -> Sums:
    return {name: int(value["N"]) for name, value in item.items() if name not in _KEYS}


def _add(known: Sums, counts: Sums) -> None:
    for name, count in counts.items():
        known[name] = known.get(name, 0) + count
