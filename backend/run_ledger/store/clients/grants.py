"""What machines may see, as operators write it. The API reads it by `reads.read_grant`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.keys import GRANT, app_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def put_grant(
    client: DynamoDBClient, table: str, app_client_id: str, grant: Mapping[str, Any]
) -> None:
    """Let a machine's app client see what *grant* says; an earlier grant is replaced."""
    key = {"pk": app_key(app_client_id), "sk": GRANT}
    client.put_item(TableName=table, Item=to_item(key | dict(grant)))


def delete_grant(client: DynamoDBClient, table: str, app_client_id: str) -> None:
    """Let a machine's app client see nothing, from the next request on."""
    key = to_item({"pk": app_key(app_client_id), "sk": GRANT})
    client.delete_item(TableName=table, Key=key)
