"""A probe that came, as an item of the table Entries: no entry of any job or project.

::

    pk = probe#SLOT, sk = "probe"   one of `SLOTS` items: the table can't be filled with probes
    probe_id                        whose arrival is kept here: the last that came for this slot
    sent_at, received_at            instants, in microseconds; sent_at is the bus's
    expires_at                      when DynamoDB may drop it, in epoch seconds

Two probes rarely share a slot. If they do, the earlier one is not found any more.

Beside them lies what the writer has failed with, for whoever wants to know what is not posted yet::

    pk = probe#failing, sk = NOTED_AT#NAME
    sent_at                         when the queue took the oldest of these messages
    expires_at                      as above
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item

SLOTS = 1_024
KEPT_SECONDS = 86_400
_SORT_KEY = "probe"
FAILING = "probe#failing"


class Arrival(Struct, frozen=True):
    """When a probe was sent, by the bus's clock, and when the writer took it in."""

    probe_id: str
    sent_at: Instant | None
    received_at: Instant


def probe_key(probe_id: str) -> Item:
    """Return the key of the item that a probe of this id is kept in."""
    digest = hashlib.blake2b(probe_id.encode(), digest_size=4).digest()
    slot = int.from_bytes(digest, "big") % SLOTS
    return to_item({"pk": f"probe#{slot}", "sk": _SORT_KEY})


def arrival_item(arrival: Arrival) -> Item:
    """Return the item that keeps *arrival* for a day."""
    values = {
        "probe_id": arrival.probe_id,
        "received_at": arrival.received_at,
        "expires_at": arrival.received_at // MICROSECONDS + KEPT_SECONDS,
    }
    if arrival.sent_at is not None:
        values["sent_at"] = arrival.sent_at
    return {**probe_key(arrival.probe_id), **to_item(values)}


def from_arrival_item(
    item: Mapping[str, Attribute] | None, probe_id: str, now: Instant
) -> Arrival | None:
    """Return the arrival of that probe; None where the item is another's or has expired."""
    if not item:
        return None
    values = from_item(item)
    if values.get("probe_id") != probe_id or values["expires_at"] * MICROSECONDS <= now:
        return None
    return Arrival(probe_id, values.get("sent_at"), values["received_at"])


def failing_item(sent_at: Instant, now: Instant, name: str) -> Item:
    """Return the item that notes at *now* messages that failed, the oldest sent at *sent_at*."""
    values = {
        "pk": FAILING,
        "sk": f"{instants.text(now)}#{name}",
        "sent_at": sent_at,
        "expires_at": now // MICROSECONDS + KEPT_SECONDS,
    }
    return to_item(values)
