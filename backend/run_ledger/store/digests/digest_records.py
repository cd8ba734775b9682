"""Which digests have been sent, and who has switched them off, as items of the table Incidents.

==================  ============================  ===============================================
pk                  sk                            holds
==================  ============================  ===============================================
``digest#CLIENT``   ``done#daily#2026-11-22``     what became of the digest about these days
``digest#CLIENT``   ``off#ADDRESS``               when the mail address was switched off
==================  ============================  ===============================================

Mail addresses lie there as digests (SHA-256) alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.digests.digest_rules import DigestPeriod
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, MICROSECONDS, Duration, Instant
from run_ledger.store.dynamo.attributes import Item, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import ConditionBuilder, QueryBuilder
from run_ledger.store.dynamo.faults import Fault, fault

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DONE, _OFF = "done#", "off#"
_DONE_KEPT = Duration(60 * DAY)


class SwitchedOff(Struct, frozen=True):
    """A mail address, as its digest, that gets no digests of a client, and since when."""

    address_digest: str
    at: str


class DigestReader(Struct, frozen=True):
    """Somebody who gets the digests of a client, by the digest of their mail address."""

    client_id: str
    address_digest: str


def address_digest(address: str) -> str:
    """Return what tells a mail address from others, whatever the case of its letters."""
    return hashlib.sha256(address.lower().encode()).hexdigest()


class DigestRecords:
    """The records in one table; each method raises StoreUnavailable where DynamoDB refuses."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep records in *table*."""
        self._client = client
        self._table = table

    def is_done(self, client_id: str, period: DigestPeriod) -> bool:
        """Return whether the digest of a client about these days needs nothing any more."""
        key = _key(client_id, f"{_DONE}{period.key}")
        return "Item" in self._call("get_item", Key=key, ConsistentRead=True)

    def note_done(self, client_id: str, period: DigestPeriod, outcome: str, now: Instant) -> bool:
        """Note what became of a digest; return False where that had been noted before."""
        condition = ConditionBuilder()
        condition.require_absent("pk")
        values = {
            "outcome": outcome,
            "at": instants.text(now),
            "expires_at": (now + _DONE_KEPT) // MICROSECONDS,
        }
        item = _key(client_id, f"{_DONE}{period.key}") | to_item(values)
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return False
            raise StoreUnavailable(str(error)) from error
        return True

    def switched_off(self, client_id: str) -> list[SwitchedOff]:
        """Return who gets no digests of a client."""
        query = QueryBuilder(self._table, "pk", _partition(client_id))
        query.sort_prefix("sk", _OFF)
        try:
            items = list(every_item(self._client.query, query.request(["sk", "at"])))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        found = map(from_item, items)
        return [SwitchedOff(one["sk"].removeprefix(_OFF), str(one.get("at"))) for one in found]

    def switch_off(self, one: DigestReader, now: Instant) -> None:
        """Switch the digests of a client off for a mail address."""
        key = _key(one.client_id, f"{_OFF}{one.address_digest}")
        self._call("put_item", Item=key | to_item({"at": instants.text(now)}))

    def switch_on(self, one: DigestReader) -> None:
        """Take back that digests are off; where they are not, nothing changes."""
        self._call("delete_item", Key=_key(one.client_id, f"{_OFF}{one.address_digest}"))

    def _call(self, name: str, **request: Any) -> Any:
        try:
            return getattr(self._client, name)(TableName=self._table, **request)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error


def _partition(client_id: str) -> str:
    return f"digest#{client_id}"


def _key(client_id: str, sort_key: str) -> Item:
    return to_item({"pk": _partition(client_id), "sk": sort_key})
