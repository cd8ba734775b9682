"""Open pages, as items of the table Listeners.

================  ====================================================================
``pk``, ``sk``    ``open``, the id of the connection
``subject``       the person's ``sub``
``clients``       a set of ids; absent for all clients
``issued_at``,    instants: of the token, and when the page came
``ends_at``,
``joined_at``
``expires_at``    an hour after the token's end, should nobody have taken the item away
================  ====================================================================

All lie in one partition: an item has about 200 bytes, so one Query shows five thousand of them, and
whoever tells of a change needs no more than that one, however many clients it is about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant, later
from run_ledger.domain.pushing.page_listeners import PageListener
from run_ledger.store.dynamo.attributes import UNREADABLE, Item, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.faults import Fault, fault

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

A = TypeVar("A")
_OPEN = "open"
_READ = ["sk", "subject", "clients", "issued_at", "ends_at", "joined_at"]
_KEPT = Duration(3_600 * MICROSECONDS)


class ListenerRecords:
    """The records in one table; each method raises StoreUnavailable where DynamoDB refuses."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep records in *table*."""
        self._client = client
        self._table = table

    def keep(self, listener: PageListener) -> None:
        """Keep a listener; whatever was known of its connection gives way."""
        item = to_item(
            {
                "pk": _OPEN,
                "sk": listener.connection_id,
                "subject": listener.subject,
                "issued_at": listener.issued_at,
                "ends_at": listener.ends_at,
                "joined_at": listener.joined_at,
                "expires_at": later(listener.ends_at, _KEPT) // MICROSECONDS,
            }
        )
        if listener.clients is not None:
            item |= to_item({"clients": listener.clients})
        _in_time(lambda: self._client.put_item(TableName=self._table, Item=item))

    def forget(self, connection_id: str) -> None:
        """Forget a connection, whether it is known or not."""
        key = to_item({"pk": _OPEN, "sk": connection_id})
        _in_time(lambda: self._client.delete_item(TableName=self._table, Key=key))

    def all(self) -> list[PageListener]:
        """Return all listeners that are known."""
        query = QueryBuilder(self._table, "pk", _OPEN)
        found = _in_time(lambda: [*every_item(self._client.query, query.request(_READ))])
        return [one for one in map(_listener, found) if one is not None]


def _listener(item: Item) -> PageListener | None:
    """Return the listener in an item; None for what a later version may have put there."""
    values: dict[str, Any] = from_item(item)
    try:
        return PageListener(
            values["sk"],
            values["subject"],
            values.get("clients"),
            Instant(values["issued_at"]),
            Instant(values["ends_at"]),
            Instant(values["joined_at"]),
        )
    except UNREADABLE:
        return None


def _in_time(call: Callable[[], A]) -> A:
    try:
        return call()
    except (ClientError, BotoCoreError) as error:
        if fault(error) is Fault.PASSING:
            raise StoreUnavailable(str(error)) from error
        raise
