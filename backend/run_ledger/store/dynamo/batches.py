"""Reading what one answer does not hold: many keys, and page after page."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from run_ledger.domain.exceptions import StoreUnavailable

from .attributes import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEYS_A_CALL = 100
_PATIENCE_SECONDS = 1.5
_FIRST_READ_PAUSE_SECONDS = 0.05

T = TypeVar("T")
Batch = dict[str, list[Any]]
"""Items by the name of their table."""


class KeysLeftOut(StoreUnavailable):
    """DynamoDB left keys out until the time was over.

    ``keys`` are the keys left out, by table; ``found`` are the items that came, by table. Both are
    for a caller that can go on with a part.
    """

    def __init__(self, found: Batch, keys: Mapping[str, Sequence[Item]]) -> None:
        """Carry the items that came and the keys that did not."""
        super().__init__("DynamoDB left keys out for too long")
        self.found = found
        self.keys = keys


def read_items(
    client: DynamoDBClient,
    keys: Mapping[str, Sequence[Item]],
    *,
    is_consistent: bool = True,
    seconds: float = _PATIENCE_SECONDS,
    pause: Callable[[float], None] | None = None,
) -> Batch:
    """Return the items that have one of *keys* (by table, `KEYS_A_CALL` in all), in no order.

    Reads are strongly consistent unless *is_consistent* says otherwise. What DynamoDB leaves out is
    asked for again, after a pause that doubles and is random by half; *pause* stands in for
    `time.sleep`. Raises `KeysLeftOut` where the next pause would end later than *seconds* after the
    first call.
    """
    wanted: Any = {
        table: {"Keys": some, "ConsistentRead": is_consistent}
        for table, some in keys.items()
        if some
    }
    found: Batch = {table: [] for table in keys}
    longest = _FIRST_READ_PAUSE_SECONDS
    until = time.monotonic() + seconds
    while True:
        answer = client.batch_get_item(RequestItems=wanted)
        for table, items in answer["Responses"].items():
            found[table] += items
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
        length = random.uniform(longest / 2, longest)  # noqa: S311 - no secret
        if time.monotonic() + length > until:
            raise KeysLeftOut(found, {table: left["Keys"] for table, left in wanted.items()})
        (pause or time.sleep)(length)
        longest *= 2


def portions(every: Collection[T], size: int = KEYS_A_CALL) -> list[list[T]]:
    """Return *every* cut into lists of at most *size*, in order."""
    ordered = list(every)
    return [ordered[first : first + size] for first in range(0, len(ordered), size)]


def every_item(call: Any, request: Mapping[str, Any]) -> Iterator[Item]:
    """Yield the items of all pages of an answer: *call* is a client's ``query`` or ``scan``."""
    after: dict[str, Any] = {}
    while True:
        answer = call(**request, **after)
        yield from answer["Items"]
        if not answer.get("LastEvaluatedKey"):
            return
        after = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
