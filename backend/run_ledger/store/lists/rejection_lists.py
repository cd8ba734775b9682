"""Reads of rejected events: the list, newest first, one of them, and a change of its status.

A page takes three rounds of calls: what the directory names, the rows of these partitions, and the
items of the page's rows. Earlier versions named no partitions, so each day is asked for what these
have left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from msgspec import Struct, structs

from run_ledger.domain.api.pages import PageRows, Stretch, day_of, days_down, is_day, merged
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo import batches
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.batches import KEYS_A_CALL
from run_ledger.store.dynamo.expressions import QueryBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rejection_items import (
    BY_DAY,
    BY_DAY_SHARD,
    DIRECTORY,
    Rejection,
    Status,
    from_rejection_item,
    is_rejection,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Sorts after all partitions of a day and before the next day.
_AFTER_SHARDS = "$"
_DAYS_A_PAGE = 97
_PARTITIONS_A_PAGE = 96
# A call answers with 16 MB at most, and leaves out what is beyond.
_BYTES_A_CALL = 8_000_000
# DynamoDB may take two days to delete an expired item, and clocks differ a little.
DAYS_BEYOND_EXPIRY = 3


class RejectionRow(Struct, frozen=True):
    """A row of an index; ``item`` is the whole item where the index holds it."""

    rejection_id: str
    status: Status
    reason: str
    raw_bytes: int
    item: Item | None


def read_rejections(
    reading: Reading, *, start: str | None, newest: str, oldest: str, limit: int
) -> PageRows[RejectionRow]:
    """Return the newest *limit* rejected events below *start*, from the days given."""
    days = days_down(newest if start is None else day_of(start), oldest)
    if start is not None and is_day(start):
        days = days[1:]
    days, later_days = days[:_DAYS_A_PAGE], days[_DAYS_A_PAGE:]
    if not days:
        return PageRows([], None)
    floor = days[-1] if later_days else None
    table = reading.tables.rejections

    def ask(index: str, name: str, partition: str) -> Callable[[], Stretch[RejectionRow]]:
        query = QueryBuilder(table, name, partition, index=index)
        query.sort_between("rk", below=start)
        return partial(_rows, reading.client, query.request(limit=limit + 1, descending=True))

    calls: list[Callable[[], Stretch[Any]]] = [
        partial(_directory, reading.client, table, days),
        *(ask(BY_DAY, "day", day) for day in days),
    ]
    directory, *stretches = reading.together(calls)
    partitions = [partition for partition, _ in directory.rows]
    chosen = _whole_days(partitions)
    if len(chosen) < len(partitions):
        floor = day_of(chosen[-1])
    stretches += reading.together([ask(BY_DAY_SHARD, "day_shard", one) for one in chosen])
    return merged([_down_to(floor, stretch) for stretch in stretches], limit, floor)


def load(reading: Reading, rows: Sequence[RejectionRow]) -> list[Rejection]:
    """Return the rejections of *rows* as they are now, without those that are gone."""
    items = {row.rejection_id: row.item for row in rows if row.item is not None}
    missing = [row for row in rows if row.item is None]
    calls = [
        partial(_items, reading.client, reading.tables.rejections, portion)
        for portion in _portions(missing)
    ]
    for found in reading.together(calls):
        items |= found
    kept = (items.get(row.rejection_id) for row in rows)
    return [from_rejection_item(item) for item in kept if item is not None]


def _directory(client: DynamoDBClient, table: str, days: Sequence[str]) -> Stretch[Any]:
    """Return the partitions of *days*, which go down, as the directory names them."""
    query = QueryBuilder(table, "day_shard", DIRECTORY, index=BY_DAY_SHARD)
    query.sort_between("rk", low=days[-1], below=days[0] + _AFTER_SHARDS)
    items: Sequence[Any] = client.query(**query.request(["rk"], descending=True))["Items"]
    return Stretch([(item["rk"]["S"], None) for item in items], goes_on=False)


def _whole_days(partitions: Sequence[str]) -> Sequence[str]:
    """Return the first of *partitions*: as many as a page reads, and no day in part."""
    if len(partitions) <= _PARTITIONS_A_PAGE:
        return partitions
    cut = day_of(partitions[_PARTITIONS_A_PAGE])
    return [one for one in partitions[:_PARTITIONS_A_PAGE] if day_of(one) != cut]


def _down_to(floor: str | None, stretch: Stretch[RejectionRow]) -> Stretch[RejectionRow]:
    """Return *stretch* without the rows of days before *floor*, which a later page reads."""
    if floor is None:
        return stretch
    return structs.replace(stretch, rows=[row for row in stretch.rows if row[0] >= floor])


def _rows(client: DynamoDBClient, request: Mapping[str, Any]) -> Stretch[RejectionRow]:
    answer = client.query(**request)
    items: Sequence[Any] = answer["Items"]
    found = [(item["rk"]["S"], _row(item)) for item in items]
    return Stretch(found, bool(found) and "LastEvaluatedKey" in answer)


def _row(item: Item) -> RejectionRow:
    is_whole = is_rejection(item)
    return RejectionRow(
        rejection_id=item["rejection_id"]["S"],
        status=item["status"]["S"],
        reason=item["reason"]["S"],
        raw_bytes=len(item["raw"]["S"].encode()) if is_whole else int(item["raw_bytes"]["N"]),
        item=item if is_whole else None,
    )


def _portions(rows: Iterable[RejectionRow]) -> Iterator[list[str]]:
    """Yield the ids of *rows* in portions that one answer holds."""
    portion: list[str] = []
    size = 0
    for row in rows:
        if portion and (len(portion) == KEYS_A_CALL or size + row.raw_bytes > _BYTES_A_CALL):
            yield portion
            portion, size = [], 0
        portion.append(row.rejection_id)
        size += row.raw_bytes
    if portion:
        yield portion


def _items(client: DynamoDBClient, table: str, ids: Sequence[str]) -> dict[str, Item]:
    keys = [to_item({"rejection_id": one}) for one in ids]
    found = batches.read_items(client, {table: keys})[table]
    return {item["rejection_id"]["S"]: item for item in found}


def read_rejection(client: DynamoDBClient, table: str, rejection_id: str) -> Rejection | None:
    """Return one rejection as it is now, None where there is none of that id."""
    key = to_item({"rejection_id": rejection_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return from_rejection_item(item) if item is not None and is_rejection(item) else None


def move(
    client: DynamoDBClient, table: str, rejection: Rejection, status: Status, *, at: Instant
) -> bool:
    """Give *rejection* another status; return False where it is no longer as it was read.

    That is so when somebody else has moved it, when the writer has rejected the event once more,
    or when it has expired.
    """
    update = UpdateBuilder()
    update.set({"status": status, "moved_at": at})
    update.require(("status",), "=", rejection.status)
    update.require(("received_at",), "=", rejection.received_at)
    action = update.action(table, to_item({"rejection_id": rejection.rejection_id}))
    try:
        client.update_item(**action["Update"])
    except ClientError as error:
        if fault(error) is Fault.CONDITION:
            return False
        raise
    return True
