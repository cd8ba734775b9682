"""Which clients have reported, and which projects a client has jobs in: from the rollups.

The rows that total a client's or a project's jobs are the directory of these; their sort keys alone
are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.state.rollups import CLIENTS, projects_partition
from run_ledger.store.dynamo.expressions import QueryBuilder

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_client_ids(client: DynamoDBClient, table: str) -> list[str]:
    """Return the clients that have reported; InvalidQuery where one answer can't hold them."""
    found, is_whole = _names(client, table, CLIENTS)
    if not is_whole:
        raise InvalidQuery(
            "client_id", "there are too many clients to go through at once; name one"
        )
    return found


def read_project_ids(client: DynamoDBClient, table: str, client_id: str) -> list[str]:
    """Return the projects that *client_id* has jobs in; InvalidQuery where they are too many."""
    found, is_whole = _names(client, table, projects_partition(client_id))
    if not is_whole:
        raise InvalidQuery(
            "project_id", f"client {client_id} has too many to go through at once; name one"
        )
    return found


def _names(client: DynamoDBClient, table: str, partition: str) -> tuple[list[str], bool]:
    """Return the distinct sort keys of a partition without shards, and whether these are all."""
    answer = client.query(**QueryBuilder(table, "pk", partition).request(["sk"]))
    items: list[Any] = answer["Items"]
    names = dict.fromkeys(item["sk"]["S"].rpartition("#")[0] for item in items)
    return list(names), "LastEvaluatedKey" not in answer
