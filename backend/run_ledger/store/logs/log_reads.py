"""Reading the rows of logs, and items of Entries by their keys. Reads are strongly consistent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import KeysLeftOut, every_item, portions, read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys
from run_ledger.store.items.log_items import LogRow, from_log_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Key = tuple[str, str]
"""The partition key and the sort key of an item."""


def lanes_of(first: int, last: int) -> list[int]:
    """Return the lanes in which a log's rows from number *first* to *last* lie."""
    beyond = max(first, keys.FIRST_LANE + 1)
    lanes = {keys.lane_of(number) for number in range(beyond, min(last, beyond + keys.LANES) + 1)}
    return sorted(lanes | {0} if first <= keys.FIRST_LANE else lanes)


def read_range(
    client: DynamoDBClient, table: str, name: tuple[str, str], first: int, last: int
) -> list[LogRow]:
    """Return the rows of a log from number *first* to *last*, in order.

    A number without a row is left out. *name* is the kind and the id of the log's entity.
    """
    rows: list[LogRow] = []
    for lane in lanes_of(first, last):
        query = QueryBuilder(table, "pk", keys.log_partition(*name, lane))
        query.sort_between("sk", low=keys.log_number(first), below=keys.log_number(last))
        rows += map(from_log_item, every_item(client.query, query.request(consistent=True)))
    return sorted(rows, key=lambda row: row.number)


def has_rows_before(client: DynamoDBClient, table: str, name: tuple[str, str], number: int) -> bool:
    """Return whether a log has a row before *number*; *name* is as in `read_range`."""
    for lane in lanes_of(1, number - 1):
        query = QueryBuilder(table, "pk", keys.log_partition(*name, lane))
        query.sort_between("sk", below=keys.log_number(number))
        if client.query(**query.request(["pk"], limit=1, consistent=True))["Count"]:
            return True
    return False


def read_found(
    client: DynamoDBClient, table: str, wanted: Collection[Key]
) -> tuple[dict[Key, Item], set[Key]]:
    """Return the items of Entries by those of the *wanted* keys that have one.

    The second value are the keys that DynamoDB left out, of which nothing is known.
    """
    found: dict[Key, Item] = {}
    left_out: set[Key] = set()
    for portion in portions(wanted):
        items: Mapping[str, Iterable[Item]]
        try:
            items = read_items(client, {table: [_item_key(key) for key in portion]}, seconds=0)
        except KeysLeftOut as error:
            items = error.found
            left_out |= {_key(one) for one in error.keys[table]}
        found |= {_key(item): item for item in items[table]}
    return found, left_out


def _item_key(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]
