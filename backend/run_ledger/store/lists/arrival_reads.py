"""Whether a probe has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from run_ledger.domain.instants import Instant
from run_ledger.store.items.probe_items import Arrival, from_arrival_item, probe_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_arrival(client: DynamoDBClient, table: str, probe_id: str, now: Instant) -> Arrival | None:
    """Return when the probe of this id came; None while it hasn't, or a day after it did."""
    key = probe_key(probe_id)
    answer: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return from_arrival_item(answer.get("Item"), probe_id, now)
