"""What running totals must come to, computed from the details of a job's events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

MOST_PARTS = 200

Ordered = tuple[Any, Mapping[str, Any]]
"""What an event is ordered by, and its detail."""
Named = list[tuple[str, int]]
"""Names of counters, each with what is added to it."""


def latest_totals(events: Iterable[Ordered]) -> Named:
    """Return counter and value of each running total that counts.

    Of the parts, the 200 that come first in byte order count; of each counter of a part, the value
    of the last event that tells it.
    """
    told = [(order, _told(detail)) for order, detail in events]
    latest = {
        (part, name): value
        for _, parts in sorted(told, key=lambda one: one[0])
        for part, totals in parts.items()
        for name, value in totals.items()
    }
    named = {part for _, parts in told for part in parts}
    kept = sorted(named, key=lambda part: part.encode())[:MOST_PARTS]
    return [(name, value) for (part, name), value in latest.items() if part in kept]


def named_in_totals(detail: Mapping[str, Any]) -> Named:
    """Return each name of a counter that a running total has, with nothing to add.

    A name takes its place among the names that are kept, whatever becomes of its value.
    """
    return [(name, 0) for totals in _told(detail).values() for name in totals]


def _told(detail: Mapping[str, Any]) -> Mapping[str, Mapping[str, int]]:
    found: Mapping[str, Mapping[str, int]] = detail.get("running_totals", {})
    return found
