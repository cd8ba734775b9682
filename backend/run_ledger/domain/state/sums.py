"""What jobs and projects have in common: latest values of fields, and counters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.instants import Instant, from_datetime

from .model_counters import CountersByModel, add_by_model, model_attributes
from .own_counters import counter_attributes


class LatestValue(Struct, frozen=True):
    """The latest value of a field, and the order of the event that carried it."""

    order: tuple[int, Instant, str]
    value: Any


@dataclass(slots=True)
class CounterSums:
    """The sums of counters, by name, and those of each model."""

    counters: dict[str, int] = field(default_factory=dict)
    by_model: CountersByModel = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Add what *event* adds: its ``delta``, and what it tells by model."""
        update = event.update
        if update.delta is not UNSET:
            self._add(update.delta)
        if isinstance(update, JobUpdate) and update.delta_by_model is not UNSET:
            for delta in update.delta_by_model.values():
                self._add(delta)
            add_by_model(self.by_model, update)

    @property
    def attributes(self) -> dict[str, int]:
        """Return them by the attributes that hold them in stored items."""
        counts = counter_attributes(self.counters)
        return counts | model_attributes(self.by_model) if self.by_model else counts

    def _add(self, delta: dict[str, int]) -> None:
        counters = self.counters
        for name, change in delta.items():
            counters[name] = counters.get(name, 0) + change


def take_latest_values(
    latest_values: dict[str, LatestValue], fields: Iterable[str], event: Event
) -> None:
    """Put the *fields* of *event* into *latest_values* where no later event has set them."""
    order = event.order
    for name in fields:
        value = getattr(event.update, name)
        if value is UNSET:
            continue
        known = latest_values.get(name)
        if known is None or known.order < order:
            kept = from_datetime(value) if isinstance(value, datetime) else value
            latest_values[name] = LatestValue(order, kept)
