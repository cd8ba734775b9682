"""Which digests have been sent, and who has switched them off, as items of the table Incidents.

======================  =========================  ===============================================
pk                      sk                         holds
======================  =========================  ===============================================
``digest#CLIENT``       ``done#daily#2026-11-22``  what became of the digest about these days
``digest-off#CLIENT``   ``ADDRESS``                when the mail address was switched off, and how
``digest-link#SECRET``  ``link``                   whom the link of a mail switches off
======================  =========================  ===============================================

Mail addresses and the secrets of links lie there as digests (SHA-256) alone. Each kind has
partitions of its own, so that the door for links may write who is off, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, Literal

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

SwitchedOffBy = Literal["link", "operator"]
"""Who switched a digest off: whoever has the link of a mail, or `run-ledger digest off`."""
_OFF = "digest-off#"
_DONE_KEPT = Duration(60 * DAY)
_LINK_KEPT = Duration(400 * DAY)
LINK_SECRET_BYTES = 32
"""How many random bytes the secret of a link has."""
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


class SwitchedOff(Struct, frozen=True):
    """A mail address, as its digest, that gets no digests of a client, and since when."""

    address_digest: str
    at: str
    by: SwitchedOffBy


class DigestReader(Struct, frozen=True):
    """Somebody who gets the digests of a client, by the digest of their mail address."""

    client_id: str
    address_digest: str


def address_digest(address: str) -> str:
    """Return what tells a mail address from others, whatever the case of its letters."""
    return hashlib.sha256(address.lower().encode()).hexdigest()


def is_link_secret(text: str) -> bool:
    """Return whether *text* looks like the secret of a link: 32 bytes in base64 for URLs."""
    return _SECRET.fullmatch(text) is not None


class DigestRecords:
    """The records in one table; each method raises StoreUnavailable where DynamoDB refuses."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep records in *table*."""
        self._client = client
        self._table = table

    def is_done(self, client_id: str, period: DigestPeriod) -> bool:
        """Return whether the digest of a client about these days needs nothing any more."""
        key = _done_key(client_id, period)
        return "Item" in self._call("get_item", Key=key, ConsistentRead=True)

    def note_done(self, client_id: str, period: DigestPeriod, outcome: str, now: Instant) -> bool:
        """Note what became of a digest; return False where that had been noted before."""
        values = {
            "outcome": outcome,
            "at": instants.text(now),
            "expires_at": (now + _DONE_KEPT) // MICROSECONDS,
        }
        return self._put_new(_done_key(client_id, period) | to_item(values))

    def switched_off(self, client_id: str) -> list[SwitchedOff]:
        """Return who gets no digests of a client."""
        request = QueryBuilder(self._table, "pk", f"{_OFF}{client_id}").request(["sk", "at", "by"])
        try:
            items = list(every_item(self._client.query, request))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return [SwitchedOff(one["sk"], one["at"], one["by"]) for one in map(from_item, items)]

    def switch_off(self, one: DigestReader, now: Instant, by: SwitchedOffBy) -> None:
        """Switch the digests of a client off for a mail address.

        Where they are off already, it stays noted since when, and by whom.
        """
        values = to_item({"at": instants.text(now), "by": by})
        self._put_new(_off_key(one) | values)

    def switch_on(self, one: DigestReader) -> None:
        """Take back that digests are off; where they are not, nothing changes."""
        self._call("delete_item", Key=_off_key(one))

    def keep_link(self, secret: str, one: DigestReader, now: Instant) -> None:
        """Keep whom the link with *secret* switches off, for 400 days."""
        values = {
            "client_id": one.client_id,
            "address_digest": one.address_digest,
            "expires_at": (now + _LINK_KEPT) // MICROSECONDS,
        }
        self._call("put_item", Item=_link_key(secret) | to_item(values))

    def reader_of_link(self, secret: str, now: Instant) -> DigestReader | None:
        """Return whom a link switches off; None where *secret* is that of none, or of an old one.

        What is compared is a digest of the secret, so that no time that it takes gives any of the
        secret away.
        """
        if not is_link_secret(secret):
            return None
        found = self._call("get_item", Key=_link_key(secret), ConsistentRead=True).get("Item")
        if found is None:
            return None
        item = from_item(found)
        if item["expires_at"] * MICROSECONDS <= now:
            return None
        return DigestReader(item["client_id"], item["address_digest"])

    def _put_new(self, item: Item) -> bool:
        """Put *item*; return False where one with its key is there already."""
        condition = ConditionBuilder()
        condition.require_absent("pk")
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return False
            raise StoreUnavailable(str(error)) from error
        return True

    def _call(self, name: str, **request: Any) -> Any:
        try:
            return getattr(self._client, name)(TableName=self._table, **request)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error


def _done_key(client_id: str, period: DigestPeriod) -> Item:
    return to_item({"pk": f"digest#{client_id}", "sk": f"done#{period.key}"})


def _off_key(one: DigestReader) -> Item:
    return to_item({"pk": f"{_OFF}{one.client_id}", "sk": one.address_digest})


def _link_key(secret: str) -> Item:
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return to_item({"pk": f"digest-link#{digest}", "sk": "link"})
