"""Reading the entities that a batch touches, in as few calls as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .postings import Group

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_A_CALL = 100
_TRIES = 4


def load(client: DynamoDBClient, groups: Sequence[Group]) -> bool:
    """Give every group its entity as stored; return False where DynamoDB held some back.

    Reads are consistent: a posting is guarded by the revision read here, and an old one would only
    cost a transaction that is cancelled.
    """
    complete = True
    for start in range(0, len(groups), _KEYS_A_CALL):
        complete &= _load_some(client, groups[start : start + _KEYS_A_CALL])
    return complete


def _load_some(client: DynamoDBClient, groups: Sequence[Group]) -> bool:
    wanted: dict[str, Any] = {}
    for group in groups:
        request = wanted.setdefault(group.entity.table, {"Keys": [], "ConsistentRead": True})
        request["Keys"].append(group.entity.key(group.entity_id))
    key_name = {table: next(iter(request["Keys"][0])) for table, request in wanted.items()}
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for _ in range(_TRIES):
        answer = client.batch_get_item(RequestItems=wanted)
        for table, items in answer["Responses"].items():
            found |= {(table, item[key_name[table]]["S"]): item for item in items}
        wanted = answer.get("UnprocessedKeys", {})
        if not wanted:
            break
    held_back = {
        (table, key[key_name[table]]["S"])
        for table, request in wanted.items()
        for key in request["Keys"]
    }
    for group in groups:
        name = (group.entity.table, group.entity_id)
        if name in held_back:
            continue
        item = found.get(name)
        group.stored = group.entity.load(item) if item is not None else None
        group.known = group.entity.known(group.stored) if group.stored else None
        group.is_loaded = True
    return not held_back
