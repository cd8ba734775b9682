"""Making room in an item that holds as many own counters as it may.

The first names in byte order keep their counters, the others are added to one: see
`run_ledger.domain.state.own_counters`. Each call moves some counters, on the condition that they
are as they were read. So what other writers add meanwhile is never lost and never counts twice; and
where an answer got lost, the call finds its own effect when it is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from run_ledger.domain.state.own_counters import COUNTER, OTHER, own_attributes
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.own_names import OWN, Held, Room, held, noted_names, own_names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each takes a comparison and an AND; an expression has 300 operators and 4 KB.
_COUNTERS_A_CALL = 80


class Compacted(NamedTuple):
    """What an item holds after room was made in it, and how many counters were moved for that."""

    held: Held
    moved: int


def compact(
    client: DynamoDBClient, table: str, key: Item, room: Room, again: Callable[[], bool]
) -> Compacted:
    """Make room in the item with *key*, and say what it holds then.

    *again* pauses and says whether to go on, where another writer has changed a counter that was to
    be moved. Raises ClientError or BotoCoreError where DynamoDB refuses.
    """
    moved = 0
    while True:
        answer: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True)
        item = answer.get("Item", {})
        own = own_attributes(name for name, value in item.items() if "N" in value)
        beyond = own[room.kept :]
        moving = beyond[-_COUNTERS_A_CALL:]
        unnoted = own_names(own) - noted_names(item)
        if moving:
            update = _moving(item, moving)
        elif unnoted:
            update = UpdateBuilder()
            update.add_members(OWN, unnoted)
        else:
            return Compacted(held(own, room), moved)
        try:
            client.update_item(**update.action(table, key)["Update"])
            moved += len(moving)
        except ClientError as error:
            if fault(error) is not Fault.CONDITION:
                raise
            if not again():
                return Compacted(held(own, room), moved)


def _moving(item: Mapping[str, Any], names: Sequence[str]) -> UpdateBuilder:
    """Return the update that adds the counters *names* of *item* to the other one."""
    update = UpdateBuilder()
    for name in names:
        update.require_exactly(name, item[name])
    update.remove(*names)
    update.add({OTHER: sum(int(item[name]["N"]) for name in names)})
    update.delete_members(OWN, [name.removeprefix(COUNTER) for name in names])
    return update
