"""What jobs and projects have in common: last values said, and sums."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct, UnsetType

from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import from_datetime


class Saying(Struct, frozen=True):
    """The last value said of a field, and the order of the event that said it."""

    order: tuple[int, int, str]
    value: Any


def take_sayings(sayings: dict[str, Saying], fields: Iterable[str], event: Event) -> None:
    """Put into *sayings* those *fields* that *event* carries and is the last to say."""
    order = event.order
    for field in fields:
        value = getattr(event.update, field)
        if isinstance(value, UnsetType):
            continue
        known = sayings.get(field)
        if known is None or known.order < order:
            kept = from_datetime(value) if isinstance(value, datetime) else value
            sayings[field] = Saying(order, kept)


def add_delta(counters: dict[str, int], event: Event) -> None:
    """Add the event's ``delta`` to *counters*."""
    delta = event.update.delta
    if isinstance(delta, UnsetType):
        return
    for name, change in delta.items():
        counters[name] = counters.get(name, 0) + change
