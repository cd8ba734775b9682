"""A rejected event as an item of the table Rejections: kept with its reason, and not counted.

A rejection's id is derived from the event, so that an event delivered twice is stored once. Its
``status`` says what became of it::

    open ──> replaying ──> replayed      sent to the writer again: first marked, then sent
      │          ^            │
      │          └────────────┤          rejected once more: the writer stores it anew, as open
      └─────> discarded ──────┘

The index ``by_day_shard`` lists them without their text, each day in up to `SHARDS` partitions,
such as ``2026-11-22#3``. One partition of it is the *directory*: it names the others, so that a
reader asks only for those that there are. Earlier versions kept a day in one partition of the index
``by_day``, with the text; such items lie there until they expire.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item, to_item

from .entry_items import SECONDS_PER_DAY

BY_DAY_SHARD = "by_day_shard"
BY_DAY = "by_day"
"""The index of earlier versions, which new items are not in."""
DIRECTORY = "partitions"
# A partition of an index takes a thousand writes a second, and each rejection is one of them.
SHARDS = 8
Status = Literal["open", "replaying", "replayed", "discarded"]
OPEN: Status = "open"
# An item holds 400 KB and a character up to 4 bytes; SQS delivers up to 1 MB. What doesn't fit is
# cut and marked so: the archive of the bus has the whole.
_RAW_CHARACTERS = 90_000


class Rejection(Struct, frozen=True):
    """A rejected event."""

    rejection_id: str
    received_at: Instant
    reason: str
    field: str
    message: str
    about: str | None
    """The job or project that the event names, such as ``"job nightly-7"``."""
    raw: str
    truncated: bool
    status: Status


def rejection_item(
    raw: str, error: InvalidEvent, *, received_at: Instant, ttl_days: int, shard: int
) -> Item:
    """Return the item that keeps the rejected event *raw*, the text as it was delivered."""
    rejection_id = hashlib.blake2b(raw.encode(errors="replace"), digest_size=16).hexdigest()
    moment = instants.text(received_at)
    kept = raw[:_RAW_CHARACTERS]
    return to_item(
        {
            "rejection_id": rejection_id,
            "day_shard": f"{moment[:10]}#{shard}",
            "rk": f"{moment}#{rejection_id}",
            "status": OPEN,
            "reason": error.reason,
            "field": error.field,
            "message": str(error),
            **({"about": error.about} if error.about else {}),
            "raw": kept,
            "raw_bytes": len(kept.encode(errors="replace")),
            "truncated": len(raw) > _RAW_CHARACTERS,
            "received_at": received_at,
            "expires_at": _expiry(received_at, ttl_days),
        }
    )


def directory_item(partition: str, *, received_at: Instant, ttl_days: int) -> Item:
    """Return the item by which the directory names *partition* of the index.

    It stays a day longer than what it leads to.
    """
    return to_item(
        {
            "rejection_id": f"{DIRECTORY}#{partition}",
            "day_shard": DIRECTORY,
            "rk": partition,
            "expires_at": _expiry(received_at, ttl_days + 1),
        }
    )


def is_rejection(item: Mapping[str, Attribute]) -> bool:
    """Return whether *item* is a rejection, and not one of the directory."""
    return "raw" in item


def _expiry(received_at: Instant, ttl_days: int) -> int:
    return received_at // MICROSECONDS + ttl_days * SECONDS_PER_DAY


def from_rejection_item(item: Mapping[str, Attribute]) -> Rejection:
    """Return the rejection that an item of the table holds."""
    values: dict[str, Any] = from_item(item)
    return Rejection(
        rejection_id=values["rejection_id"],
        received_at=values["received_at"],
        reason=values["reason"],
        field=values["field"],
        message=values["message"],
        about=values.get("about"),
        raw=values["raw"],
        truncated=values["truncated"],
        status=values["status"],
    )
