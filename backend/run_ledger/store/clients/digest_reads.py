"""The digests that clients declare, and the mail channels that they may go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import STAFF
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.client_items import CHANNELS, DIGEST, channels_in, digest_in
from run_ledger.store.items.keys import CLIENT_DIRECTORY, PROFILE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DeclaredDigest(Struct, frozen=True):
    """The digest of a client or of staff (``*``); ``rule`` is None where what is kept is none."""

    client_id: str
    rule: DigestRule | None


def read_digests(client: DynamoDBClient, table: str) -> list[DeclaredDigest]:
    """Return the digests that staff and clients declare, staff's first, then by clients' ids.

    Those of clients lie in the directory of clients, staff's in their own item. Raises
    StoreUnavailable where DynamoDB refuses.
    """
    clients = QueryBuilder(table, "pk", CLIENT_DIRECTORY)
    staff = QueryBuilder(table, "pk", STAFF)
    staff.sort_equals("sk", PROFILE)
    try:
        items = [
            from_item(item)
            for query in (staff, clients)
            for item in every_item(client.query, query.request(["pk", "sk", DIGEST]))
        ]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    return [_declared(item) for item in items if DIGEST in item]


def _declared(item: dict[str, Any]) -> DeclaredDigest:
    whose = STAFF if item["pk"] == STAFF else item["sk"]
    try:
        return DeclaredDigest(whose, digest_in(item))
    except msgspec.ValidationError:
        return DeclaredDigest(whose, None)


def read_mail_channels(client: DynamoDBClient, table: str, client_id: str) -> list[Channel]:
    """Return the mail channels that a client or staff declare.

    Raises StoreUnavailable where DynamoDB refuses, or what is kept is none that this version knows.
    """
    query = QueryBuilder(table, "pk", client_id)
    query.sort_equals("sk", PROFILE)
    try:
        items: Any = client.query(**query.request([CHANNELS]))["Items"]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    try:
        channels = channels_in(from_item(items[0])) if items else ()
    except (msgspec.ValidationError, *UNREADABLE) as error:
        raise StoreUnavailable(f"channels of {client_id} can't be read") from error
    return [one for one in channels if one.kind == "mail"]
