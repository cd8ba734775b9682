"""Projects: those a client has reported on, their items, and the client of a project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.batches import read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys
from run_ledger.store.items.project_items import StoredProject, from_project_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_ANSWERS = 4


def read_reported_projects(client: DynamoDBClient, table: str, client_id: str) -> list[str] | None:
    """Return the projects that *client_id* has reported, sorted; None where they are too many.

    The index sorts them by time and not by name, so all are read: an answer of DynamoDB holds
    thousands, and `_MOST_ANSWERS` are asked for.
    """
    query = QueryBuilder(table, "client_id", client_id, index=keys.BY_CLIENT)
    found: list[str] = []
    after = None
    for _ in range(_MOST_ANSWERS):
        answer: Any = client.query(**query.request(["project_id"], after=after))
        found += [item["project_id"]["S"] for item in answer["Items"]]
        after = answer.get("LastEvaluatedKey")
        if after is None:
            return sorted(found)
    return None


def read_project_item(client: DynamoDBClient, table: str, project_id: str) -> Item | None:
    """Return the item of one project as it is now, None where no event has reported it."""
    key = to_item({"project_id": project_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return cast("Item | None", item)


def read_projects(
    client: DynamoDBClient, table: str, project_ids: Sequence[str]
) -> dict[str, StoredProject]:
    """Return the projects with *project_ids*, at most 100, by id; others are left out."""
    keys_wanted = [to_item({"project_id": project_id}) for project_id in project_ids]
    stored = map(from_project_item, read_items(client, {table: keys_wanted})[table])
    return {one.project.project_id: one for one in stored}


def read_newest_client(client: DynamoDBClient, table: str, project_id: str) -> str | None:
    """Return the client of the newest job in a project, None where it has no job."""
    query = QueryBuilder(table, "project_id", project_id, index=keys.BY_PROJECT)
    answer = client.query(**query.request(["client_id"], limit=1, descending=True))
    items: list[Any] = answer["Items"]
    return str(items[0]["client_id"]["S"]) if items else None
