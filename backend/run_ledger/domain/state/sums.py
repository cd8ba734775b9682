"""What jobs and projects have in common: latest values of fields, and counters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct, UnsetType

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.instants import Instant, from_datetime


class LatestValue(Struct, frozen=True):
    """The latest value of a field, and the order of the event that carried it."""

    order: tuple[int, Instant, str]
    value: Any


def take_latest_values(
    latest_values: dict[str, LatestValue], fields: Iterable[str], event: Event
) -> None:
    """Put the *fields* of *event* into *latest_values* where no later event has set them."""
    order = event.order
    for field in fields:
        value = getattr(event.update, field)
        if isinstance(value, UnsetType):
            continue
        known = latest_values.get(field)
        if known is None or known.order < order:
            kept = from_datetime(value) if isinstance(value, datetime) else value
            latest_values[field] = LatestValue(order, kept)


def add_delta(counters: dict[str, int], event: Event) -> None:
    """Add what *event* adds to the counters: its ``delta``, and what it tells by model."""
    for delta in deltas_of(event):
        for name, change in delta.items():
            counters[name] = counters.get(name, 0) + change


def deltas_of(event: Event) -> Iterator[Mapping[str, int]]:
    """Yield the ``delta`` of *event*, and each of its ``delta_by_model``."""
    update = event.update
    if not isinstance(update.delta, UnsetType):
        yield update.delta
    if isinstance(update, JobUpdate) and not isinstance(update.delta_by_model, UnsetType):
        yield from update.delta_by_model.values()
