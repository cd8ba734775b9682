"""What is judged by time of all clients, as the table Clients has it.

All of it lies in one partition, so that one query reads it each minute: an item for each client
with expectations or with rules that time decides, by its id, written together with the client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.store.dynamo.attributes import UNREADABLE, Item, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.client_items import ALERTS, alert_rules_in, alert_values
from run_ledger.store.items.keys import WATCHED

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_EXPECT = "expect"
ATTRIBUTES = ("sk", _EXPECT)


class WatchedClient(Struct, frozen=True):
    """What is expected of a client's pipelines, and its rules that time decides."""

    client_id: str
    expect: tuple[Expectation, ...]
    alerts: tuple[AlertRule, ...]

    @property
    def asks_for_time(self) -> bool:
        """Return whether anything goes by when jobs report: a budget does not."""
        return bool(self.expect) or any(rule.what != "budget" for rule in self.alerts)


def watched_item(
    client_id: str, expect: Sequence[Expectation], alerts: Sequence[AlertRule]
) -> Item | None:
    """Return a client's item; None where nothing of it is judged by time."""
    timed = [rule for rule in alerts if rule.is_timed]
    if not expect and not timed:
        return None
    listed = [msgspec.to_builtins(one) for one in expect]
    values = {"pk": WATCHED, "sk": client_id, _EXPECT: listed, ALERTS: alert_values(timed)}
    return to_item(values)


def expectations_of(item: Mapping[str, Any] | None) -> tuple[Expectation, ...]:
    """Return the expectations that a client's item holds; none where there is no item."""
    return msgspec.convert((item or {}).get(_EXPECT, []), tuple[Expectation, ...])


def read_watched(
    client: DynamoDBClient, table: str
) -> tuple[tuple[WatchedClient, ...], tuple[str, ...]]:
    """Return what is judged by time of all clients, and those of which that can't be read.

    Raises StoreUnavailable where DynamoDB refuses.
    """
    query = QueryBuilder(table, "pk", WATCHED).request((*ATTRIBUTES, ALERTS))
    found, unreadable = [], []
    try:
        items = [from_item(item) for item in every_item(client.query, query)]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    for item in items:
        try:
            found.append(WatchedClient(item["sk"], expectations_of(item), alert_rules_in(item)))
        except (msgspec.ValidationError, *UNREADABLE):
            unreadable.append(item["sk"])
    return tuple(found), tuple(unreadable)
