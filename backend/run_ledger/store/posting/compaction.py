"""Making room in an item that holds as many own counters, or models, as it may.

The first names in byte order keep their counters, the others are added to one: see
`run_ledger.domain.state.own_counters`. So it is with models. Each call moves some counters, on the
condition that they are as they were read. So what other writers add meanwhile is never lost and
never counts twice; and where an answer got lost, the call finds its own effect when it is made
again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from run_ledger.domain.contract.vocabulary import MOST_MODELS
from run_ledger.domain.state.model_counters import models_of, with_models_as_one
from run_ledger.domain.state.own_counters import own_attributes, with_folded
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.own_names import NAME_SETS, Held, Room, held, name_sets, noted_names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Each takes a comparison and an AND; an expression has 300 operators and 4 KB.
_COUNTERS_A_CALL = 80
_MODELS_A_CALL = 7  # with eleven counters each at most


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
        counts = {name: int(value["N"]) for name, value in item.items() if "N" in value}
        kept = _after_a_move(counts, room)
        moving = [name for name in counts if name not in kept]
        if moving:
            update = _moving(item, counts, kept)
        else:
            noted = name_sets(counts)
            unnoted = {
                one: names for one in noted if (names := noted[one] - noted_names(item, one))
            }
            if not unnoted:
                return Compacted(held(counts, room), moved)
            update = UpdateBuilder()
            for one, names in unnoted.items():
                update.add_members(one, names)
        try:
            client.update_item(**update.action(table, key)["Update"])
            moved += len(moving)
        except ClientError as error:
            if fault(error) is not Fault.CONDITION:
                raise
            if not again():
                return Compacted(held(counts, room), moved)


def _after_a_move(counts: Mapping[str, int], room: Room) -> dict[str, int]:
    """Return *counts* with some of those beyond the kept ones moved, or as they are."""
    beyond = own_attributes(counts)[room.kept :]
    if beyond:
        return with_folded(counts, beyond[-_COUNTERS_A_CALL:])
    return with_models_as_one(counts, models_of(counts)[MOST_MODELS:][-_MODELS_A_CALL:])


def _moving(
    item: Mapping[str, Any], counts: Mapping[str, int], kept: Mapping[str, int]
) -> UpdateBuilder:
    """Return the update of *item* that turns its *counts* into those that are *kept*."""
    update = UpdateBuilder()
    moving = [name for name in counts if name not in kept]
    for name in moving:
        update.require_exactly(name, item[name])
    update.remove(*moving)
    grown = {name: count - counts.get(name, 0) for name, count in kept.items()}
    update.add({name: change for name, change in grown.items() if change or name not in counts})
    known, left = name_sets(counts), name_sets(kept)
    for one in NAME_SETS:
        gone = known.get(one, frozenset()) - left.get(one, frozenset())
        if gone:
            update.delete_members(one, gone)
    return update
