"""The digests that clients declare, and the mail channels that they may go by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_rules import DigestRule
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.client_items import CHANNELS, DIGEST, channels_in, digest_in
from run_ledger.store.items.keys import CLIENT_DIRECTORY, PROFILE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DeclaredDigest(Struct, frozen=True):
    """A client's digest; ``rule`` is None where what is kept of it is none."""

    client_id: str
    rule: DigestRule | None


def read_digests(client: DynamoDBClient, table: str) -> list[DeclaredDigest]:
    """Return the digests of all clients that declare one, in the order of their ids.

    They lie in the directory of clients. Raises StoreUnavailable where DynamoDB refuses.
    """
    query = QueryBuilder(table, "pk", CLIENT_DIRECTORY).request(["sk", DIGEST])
    try:
        items = [from_item(item) for item in every_item(client.query, query)]
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    return [_declared(item) for item in items if DIGEST in item]


def _declared(item: dict[str, Any]) -> DeclaredDigest:
    try:
        return DeclaredDigest(item["sk"], digest_in(item))
    except msgspec.ValidationError:
        return DeclaredDigest(item["sk"], None)


def read_mail_channels(client: DynamoDBClient, table: str, client_id: str) -> list[Channel]:
    """Return the mail channels that a client declares.

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
