"""How much each caller of the intake has sent, in windows of some seconds.

A caller has one item, ``report#use#CALLER``, with the window of its last request and the events
that were counted in it. All instances of the function count there, at one write unit a request. A
caller that sends more than one item takes is slowed down by its own item, and by no other's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.expressions import UpdateBuilder, projection
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.keys import REPORT_USE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

WINDOW_SECONDS = 10
_SORT_KEY = "use"
_WINDOW, _EVENTS = "window", "events"
_TURNS = 2


def window_of(now: Instant) -> int:
    """Return the window of an instant, in seconds since 1970."""
    seconds = now // MICROSECONDS
    return seconds - seconds % WINDOW_SECONDS


def count_events(client: DynamoDBClient, table: str, caller: str, events: int, now: Instant) -> int:
    """Count *events* of a caller, and return how many it has sent in the present window.

    Raises StoreUnavailable where other instances were always faster.
    """
    window = window_of(now)
    for _ in range(_TURNS):
        going_on = UpdateBuilder()
        going_on.add({_EVENTS: events})
        # The clock of another instance may be ahead: then the window that it began counts.
        going_on.require((_WINDOW,), ">=", window)
        counted = _update(client, table, caller, going_on)
        if counted is None:
            beginning = UpdateBuilder()
            beginning.set({_WINDOW: window, _EVENTS: events})
            beginning.require_if_present(_WINDOW, "<", window)
            counted = _update(client, table, caller, beginning)
        if counted is not None:
            return counted
    raise StoreUnavailable("the events of this caller could not be counted: try again")


def read_last_use(client: DynamoDBClient, table: str, caller: str) -> Instant | None:
    """Return the beginning of the window of a caller's last request; None if it never came."""
    answer = client.get_item(TableName=table, Key=_key(caller), **projection([_WINDOW]))
    item: Any = answer.get("Item", {})
    return Instant(int(item[_WINDOW]["N"]) * MICROSECONDS) if _WINDOW in item else None


def delete_use(client: DynamoDBClient, table: str, caller: str) -> None:
    """Forget what a caller has sent."""
    client.delete_item(TableName=table, Key=_key(caller))


def _update(client: DynamoDBClient, table: str, caller: str, update: UpdateBuilder) -> int | None:
    """Make an update, and return the events of the window; None where its condition is not met."""
    request = update.action(table, _key(caller))["Update"]
    try:
        answer = client.update_item(**request, ReturnValues="ALL_NEW")
    except ClientError as error:
        if fault(error) is Fault.CONDITION:
            return None
        raise
    return int(answer["Attributes"][_EVENTS]["N"])


def _key(caller: str) -> Any:
    return to_item({"pk": f"{REPORT_USE}{caller}", "sk": _SORT_KEY})
