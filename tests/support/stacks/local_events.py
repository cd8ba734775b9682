"""Events of a local stack for tests: put on its bus, and looked for in its ledger."""

from __future__ import annotations

import json
from typing import Any

from run_ledger.store.items.log_items import entries_of

from .local_stack import LocalStack, wait_for

EVENT = {"job_id": "j1", "project_id": "p1", "client_id": "acme", "status": "running"}


def post(stack: LocalStack, event_id: str, detail_type: str = "job_update") -> None:
    """Put an event on the bus, by a client of its own."""
    put(stack.client("events"), stack, event_id, detail_type)


def put(bus: Any, stack: LocalStack, event_id: str, detail_type: str = "job_update") -> None:
    """Put an event on the bus."""
    entry = {
        "EventBusName": stack.document["event_bus_name"],
        "Source": "test",
        "DetailType": detail_type,
        "Detail": json.dumps(EVENT | {"event_id": event_id}),
    }
    assert bus.put_events(Entries=[entry])["FailedEntryCount"] == 0


def entry_ids(stack: LocalStack) -> set[str]:
    """Give the ids of the events that the ledger holds."""
    pages = stack.client("dynamodb").get_paginator("scan")
    table = stack.document["tables"]["entries"]
    return {
        entry.event_id
        for page in pages.paginate(TableName=table)
        for item in page["Items"]
        for entry in entries_of(item)
    }


def post_and_see(stack: LocalStack, event_id: str) -> None:
    """Put an event on the bus and wait until the ledger holds it."""
    post(stack, event_id)
    wait_for(f"entry {event_id}", lambda: event_id in entry_ids(stack), 60)
