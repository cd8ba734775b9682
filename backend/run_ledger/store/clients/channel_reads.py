"""The channels of a client, with the references to their secrets, as the courier reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.client_items import CHANNEL_REFERENCES, CHANNELS, channels_in
from run_ledger.store.items.keys import PROFILE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_channel(client: DynamoDBClient, table: str, client_id: str, name: str) -> Channel | None:
    """Return the channel *name* of a client as it is declared now, None where it is not.

    Raises StoreUnavailable where DynamoDB refuses, or what is kept is none that this version knows.
    """
    query = QueryBuilder(table, "pk", client_id)
    query.sort_equals("sk", PROFILE)
    try:
        items: Any = client.query(**query.request([CHANNELS, CHANNEL_REFERENCES]))["Items"]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    try:
        channels = channels_in(from_item(items[0])) if items else ()
    except (msgspec.ValidationError, *UNREADABLE) as error:
        raise StoreUnavailable(f"channels of {client_id} can't be read") from error
    return next((one for one in channels if one.name == name), None)
