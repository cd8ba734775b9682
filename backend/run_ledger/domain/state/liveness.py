"""Whether a running job has stalled: it was silent for longer than its heartbeat.

When a job was last seen changes with every event, and an index that showed it would be written as
often. So indexes show the slot that it lies in, five minutes long, which is enough to judge most
rows without their items: `sign_of_row` says of which it isn't.
"""

from __future__ import annotations

from typing import Literal

from run_ledger.domain.instants import MICROSECONDS, Instant

DEFAULT_HEARTBEAT_SECONDS = 900
SLOT_SECONDS = 300

Sign = Literal["stalled", "alive", "unclear"]


def is_silent(last_seen_at: Instant, heartbeat_seconds: int | None, now: Instant) -> bool:
    """Return whether more than the heartbeat has passed at *now* since a job was last seen."""
    heartbeat = heartbeat_seconds or DEFAULT_HEARTBEAT_SECONDS
    return now - last_seen_at > heartbeat * MICROSECONDS


def slot_of(last_seen_at: Instant) -> int:
    """Return the number, since 1970, of the slot that an instant lies in."""
    return last_seen_at // (SLOT_SECONDS * MICROSECONDS)


def slot_start(slot: int) -> Instant:
    """Return the first instant of a slot."""
    return Instant(slot * SLOT_SECONDS * MICROSECONDS)


def sign_of_row(seen_slot: int, heartbeat_seconds: int | None, now: Instant) -> Sign:
    """Return what an index row tells of a running job; if it is unclear, the item must be read."""
    first = slot_start(seen_slot)
    last = Instant(slot_start(seen_slot + 1) - 1)
    if is_silent(last, heartbeat_seconds, now):
        return "stalled"
    return "unclear" if is_silent(first, heartbeat_seconds, now) else "alive"
