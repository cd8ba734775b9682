"""Liveness: whether a running job is stalled, as far as index rows show it.

The time at which a job was last seen changes with every event, and an index that showed it would be
written as often. So index rows show the five minutes' slot that it lies in. This is enough to judge
most rows without reading their items; `sign_of_row` says "unclear" for the others.
"""

from __future__ import annotations

from typing import Literal

from run_ledger.domain.instants import MICROSECONDS, Instant

from .job import is_silent

SLOT_SECONDS = 300

Sign = Literal["stalled", "alive", "unclear"]


def slot_of(last_seen_at: Instant) -> int:
    """Return the slot that *last_seen_at* lies in: its number since 1970."""
    return last_seen_at // (SLOT_SECONDS * MICROSECONDS)


def slot_start(slot: int) -> Instant:
    """Return the first instant of a slot."""
    return Instant(slot * SLOT_SECONDS * MICROSECONDS)


def sign_of_row(seen_slot: int, heartbeat_seconds: int | None, now: Instant) -> Sign:
    """Return what an index row shows of a running job; where it is unclear, read the item."""
    first = slot_start(seen_slot)
    last = Instant(slot_start(seen_slot + 1) - 1)
    if is_silent(last, heartbeat_seconds, now):
        return "stalled"
    return "unclear" if is_silent(first, heartbeat_seconds, now) else "alive"
