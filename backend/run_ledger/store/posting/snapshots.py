"""Reading the entities that a batch touches, in as few calls as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import KeysLeftOut, portions, read_items

from .postings import PendingGroup

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PATIENCE_SECONDS = 0.5


def load(
    client: DynamoDBClient, groups: Sequence[PendingGroup], pause: Callable[[float], None]
) -> bool:
    """Give every group its entity as stored; return False where DynamoDB left some out.

    Reads are consistent: a posting is guarded by the revision read here, and an old one would only
    cost a transaction that is cancelled.
    """
    complete = True
    for some in portions(groups):
        complete &= _load_some(client, some, pause)
    return complete


def _load_some(
    client: DynamoDBClient, groups: Sequence[PendingGroup], pause: Callable[[float], None]
) -> bool:
    wanted: dict[str, list[Item]] = {}
    for group in groups:
        wanted.setdefault(group.entity.table, []).append(group.entity.key(group.entity_id))
    try:
        found = read_items(client, wanted, seconds=_PATIENCE_SECONDS, pause=pause)
        left_out: Mapping[str, Sequence[Item]] = {}
    except KeysLeftOut as error:
        found, left_out = error.found, error.keys
    key_names = {group.entity.table: group.entity.key_name for group in groups}

    def by_key(places: Mapping[str, Sequence[Item]]) -> dict[tuple[str, str], Item]:
        return {
            (table, item[key_names[table]]["S"]): item
            for table, items in places.items()
            for item in items
        }

    stored, missing = by_key(found), by_key(left_out)
    for group in groups:
        place = (group.entity.table, group.entity_id)
        if place not in missing:
            item = stored.get(place)
            group.stored = group.entity.load(item) if item is not None else None
            group.known = group.entity.known(group.stored) if group.stored else None
            group.is_loaded = True
    return not missing
