"""Which jobs of AWS's services belong to which client, as the table Clients has it.

All rules lie in one partition, so that one query reads them: an item for each client that has some,
by its id, written together with the client itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from run_ledger.domain.aws_jobs.job_rules import AwsJobRule, Owned
from run_ledger.store.dynamo.attributes import Item, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.keys import AWS_JOBS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ATTRIBUTES = ("sk", "rules")


def rules_item(client_id: str, rules: Sequence[AwsJobRule]) -> Item:
    """Return the item of a client's rules."""
    listed = [msgspec.to_builtins(rule) for rule in rules]
    return to_item({"pk": AWS_JOBS, "sk": client_id, "rules": listed})


def rules_of(item: Mapping[str, Any] | None) -> tuple[AwsJobRule, ...]:
    """Return the rules that a client's item holds; none where there is no item."""
    return msgspec.convert((item or {}).get("rules", []), tuple[AwsJobRule, ...])


def read_rules(client: DynamoDBClient, table: str) -> list[Owned]:
    """Return the rules of all clients, in the order of their ids and of the file."""
    query = QueryBuilder(table, "pk", AWS_JOBS).request(ATTRIBUTES)
    items = (from_item(item) for item in every_item(client.query, query))
    return [Owned(item["sk"], rule) for item in items for rule in rules_of(item)]
