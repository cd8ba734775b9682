"""The rules of a client about what to tell, as the function that tells reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.delivery.channels import with_channels
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.client_items import ALERTS, CHANNELS, alert_rules_in, channels_in
from run_ledger.store.items.keys import PROFILE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class UnreadableAlertsError(Exception):
    """What is kept as a client's rules are none: a later version or a hand has written them."""


def read_alert_rules(
    client: DynamoDBClient, table: str, owner: str, *more: AlertRule
) -> tuple[AlertRule, ...]:
    """Return the rules of a client or of staff, in their order; none where none are declared.

    *more* are rules that nobody declares, which follow. Each names the channels that it tells:
    all that are declared, unless it chooses among them.
    Raises StoreUnavailable where DynamoDB refuses, and UnreadableAlertsError where they are none
    that this version knows.
    """
    query = QueryBuilder(table, "pk", owner)
    query.sort_equals("sk", PROFILE)
    try:
        items: Any = client.query(**query.request([ALERTS, CHANNELS]))["Items"]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    try:
        profile = from_item(items[0]) if items else {}
        names = [channel.name for channel in channels_in(profile)]
        return tuple(with_channels(rule, names) for rule in (*alert_rules_in(profile), *more))
    except (msgspec.ValidationError, *UNREADABLE) as error:
        raise UnreadableAlertsError(owner) from error
