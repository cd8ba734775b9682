"""An accepted event as an item of the table Entries: complete, and never changed.

::

    pk = job#ID | project#ID, sk = event id       the duplicate check: put only where absent
    digest                                        tells a repeat from a reused event id
    detail, detail_type, source, envelope_id      the event as sent
    occurred_at, received_at                      instants, in microseconds
    expires_at                                    when DynamoDB may drop it, in epoch seconds
    fingerprint_version                           of the rule that made the fingerprint of its
                                                  error; absent: 1, or nothing was made
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.fingerprints import FIRST_VERSION, is_known
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item

from . import keys

SECONDS_PER_DAY = 86_400


class StoredEntry(Struct, frozen=True):
    """An entry, with its event's detail decoded."""

    event_id: str
    detail_type: str
    source: str
    envelope_id: str
    detail: dict[str, Any]
    occurred_at: Instant
    received_at: Instant
    fingerprint_version: int = FIRST_VERSION
    is_replayed: bool = False


def entry_item(event: Event, *, received_at: Instant, ttl_days: int) -> Item:
    """Return the item that records *event*.

    Attributes are written out one by one, as every event passes here and `to_item` takes longer.
    """
    expires_at = received_at // MICROSECONDS + ttl_days * SECONDS_PER_DAY
    item: Item = {
        "pk": {"S": keys.entity_key(event.kind, event.entity_id)},
        "sk": {"S": event.event_id},
        "digest": {"B": event.digest},
        "detail": {"S": event.detail.decode()},
        "detail_type": {"S": f"{event.kind}_update"},
        "source": {"S": event.source},
        "envelope_id": {"S": event.envelope_id},
        "occurred_at": {"N": str(event.occurred_at)},
        "received_at": {"N": str(received_at)},
        "expires_at": {"N": str(expires_at)},
    }
    if event.fingerprint_version != FIRST_VERSION and event.lacks_fingerprint:
        item["fingerprint_version"] = {"N": str(event.fingerprint_version)}
    return item


def fingerprint_version(item: Mapping[str, Attribute]) -> int:
    """Return the version of the rule by which an entry's error was taken in.

    Raises KeyError or ValueError where the attribute holds something else than a known version.
    """
    if "fingerprint_version" not in item:
        return FIRST_VERSION
    version = int(item["fingerprint_version"]["N"])
    if not is_known(version):
        raise ValueError(f"fingerprint rule {version} is not known here")
    return version


def from_entry_item(item: Mapping[str, Attribute]) -> StoredEntry:
    """Return the entry that an item of the table holds."""
    values = from_item(item)
    return StoredEntry(
        event_id=values["sk"],
        detail_type=values["detail_type"],
        source=values["source"],
        envelope_id=values["envelope_id"],
        detail=msgspec.json.decode(values["detail"]),
        occurred_at=values["occurred_at"],
        received_at=values["received_at"],
        fingerprint_version=fingerprint_version(item),
    )
