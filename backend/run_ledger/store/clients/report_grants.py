"""Who may report over HTTP, and for which clients: grants of machines, and report keys.

================  ==================  ==========================================================
pk                sk                  holds
================  ==================  ==========================================================
``app#ID``        ``report``          the grant of a machine's app client: clients, or staff (all)
``report#keys``   id of a key         name, digest of the secret, clients or staff, created_at
================  ==================  ==========================================================

A grant may also have ``namespaces``: the client of each namespace of OpenLineage.

Every read is strongly consistent: what was withdrawn is gone from the next request on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from run_ledger.store.dynamo.attributes import from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import ConditionBuilder, QueryBuilder, projection
from run_ledger.store.items.keys import REPORT, REPORT_KEYS, app_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_GRANT = ("clients", "staff", "namespaces")
_KEY = ("sk", "name", "digest", "created_at", *_GRANT)


class StoredReportKey(Struct, frozen=True):
    """A report key as it is kept: its secret is not, only the secret's digest."""

    key_id: str
    name: str
    digest: str
    created_at: str
    grant: Mapping[str, Any]


def put_report_grant(
    client: DynamoDBClient, table: str, app_client_id: str, grant: Mapping[str, Any]
) -> None:
    """Let a machine's app client report for whom *grant* says; an earlier grant is replaced."""
    key = {"pk": app_key(app_client_id), "sk": REPORT}
    client.put_item(TableName=table, Item=to_item(key | dict(grant)))


def delete_report_grant(client: DynamoDBClient, table: str, app_client_id: str) -> None:
    """Let a machine's app client report nothing, from the next request on."""
    client.delete_item(TableName=table, Key=to_item({"pk": app_key(app_client_id), "sk": REPORT}))


def read_report_grant(
    client: DynamoDBClient, table: str, app_client_id: str
) -> Mapping[str, Any] | None:
    """Return a machine's grant, as ``{"clients": ["acme"]}``; None without one."""
    return _read(client, table, (app_key(app_client_id), REPORT), _GRANT)


def put_report_key(client: DynamoDBClient, table: str, key: StoredReportKey) -> None:
    """Keep a new key; raises ClientError where there is one of that id."""
    item = {
        "pk": REPORT_KEYS,
        "sk": key.key_id,
        "name": key.name,
        "digest": key.digest,
        "created_at": key.created_at,
    }
    condition = ConditionBuilder()
    condition.require_absent("pk")
    client.put_item(TableName=table, Item=to_item(item | dict(key.grant)), **condition.condition())


def delete_report_key(client: DynamoDBClient, table: str, key_id: str) -> None:
    """Let a key be worth nothing, from the next request on."""
    client.delete_item(TableName=table, Key=to_item({"pk": REPORT_KEYS, "sk": key_id}))


def read_report_key(client: DynamoDBClient, table: str, key_id: str) -> StoredReportKey | None:
    """Return the key of an id; None where there is none."""
    found = _read(client, table, (REPORT_KEYS, key_id), _KEY)
    return None if found is None else _key(found)


def read_report_keys(client: DynamoDBClient, table: str) -> list[StoredReportKey]:
    """Return all keys."""
    query = QueryBuilder(table, "pk", REPORT_KEYS).request(_KEY, consistent=True)
    return [_key(from_item(item)) for item in every_item(client.query, query)]


def _key(item: Mapping[str, Any]) -> StoredReportKey:
    return StoredReportKey(
        key_id=str(item["sk"]),
        name=str(item.get("name", "")),
        digest=str(item.get("digest", "")),
        created_at=str(item.get("created_at", "")),
        grant={name: item[name] for name in _GRANT if name in item},
    )


def _read(
    client: DynamoDBClient, table: str, key: tuple[str, str], names: tuple[str, ...]
) -> Mapping[str, Any] | None:
    answer = client.get_item(
        TableName=table,
        Key=to_item({"pk": key[0], "sk": key[1]}),
        ConsistentRead=True,
        **projection(names),
    )
    return from_item(answer["Item"]) if "Item" in answer else None
