"""A receipt in the table Entries: an event without an id of its own was posted, and how it came.

::

    pk = receipt#job#ID | receipt#project#ID      no entry, as no entity has such a key
    sk                                            the event's likeness
    is_replayed                                   whether a replay of the archive brought it
    received_at                                   of the last such event, in microseconds
    expires_at                                    as that of the entries, in epoch seconds

It commits with the entry. What a replay brings is put only where there is no receipt; what comes
from its producer only where there is none, or one of another event that its producer sent. So of
what a replay brings again nothing counts twice, whatever id its envelope has, while equal events
that their producer sent on purpose all count, each by its envelope's id.
"""

from __future__ import annotations

from typing import Any

from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Item, to_item

from . import keys
from .entry_items import SECONDS_PER_DAY


def receipt_key(event: Event) -> tuple[str, str]:
    """Return the partition key and the sort key of the receipt of *event*."""
    return f"receipt#{keys.entity_key(event.kind, event.entity_id)}", event.likeness


def put_receipt(table: str, event: Event, *, received_at: Instant, ttl_days: int) -> dict[str, Any]:
    """Return the action that puts the receipt of *event*, if its condition is met."""
    partition, sort = receipt_key(event)
    item: Item = to_item(
        {
            "pk": partition,
            "sk": sort,
            "received_at": received_at,
            "expires_at": received_at // MICROSECONDS + ttl_days * SECONDS_PER_DAY,
        }
    )
    item["is_replayed"] = {"BOOL": event.is_replayed}
    request: dict[str, Any] = {
        "TableName": table,
        "Item": item,
        "ConditionExpression": "attribute_not_exists(pk)",
    }
    if not event.is_replayed:
        request["ConditionExpression"] = "(attribute_not_exists(pk) OR is_replayed = :no)"
        request["ExpressionAttributeValues"] = {":no": {"BOOL": False}}
    return {"Put": request}
