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
            self.add(update.delta)
        if not isinstance(update, JobUpdate):
            return
        if update.delta_by_model is not UNSET:
            for delta in update.delta_by_model.values():
                self.add(delta)
            add_by_model(self.by_model, update)
        if update.running_totals is not UNSET:
            # What they add depends on other events. But that their counters were named takes a
            # place among the names that are kept (see `own_counters`), so it counts as zero here.
            for totals in update.running_totals.values():
                self.add(dict.fromkeys(totals, 0))

    @property
    def attributes(self) -> dict[str, int]:
        """Return them by the attributes that hold them in stored items."""
        counts = counter_attributes(self.counters)
        return counts | model_attributes(self.by_model) if self.by_model else counts

    def add(self, delta: dict[str, int]) -> None:
        """Add *delta* to the counters that no model has."""
        counters = self.counters
        for name, change in delta.items():
            counters[name] = counters.get(name, 0) + change


def take_latest_values(
    latest_values: dict[str, LatestValue], fields: Iterable[str], event: Event
) -> None:
    """Put the *fields* of *event* into *latest_values* where no later event has set them."""
    said = ((name, getattr(event.update, name)) for name in fields)
    take_latest(latest_values, ((n, value) for n, value in said if value is not UNSET), event.order)


def take_latest(
    latest_values: dict[str, LatestValue],
    values: Iterable[tuple[str, Any]],
    order: tuple[int, Instant, str],
) -> None:
    """Put *values*, said by the event with this *order*, where no later event has said one."""
    for name, value in values:
        known = latest_values.get(name)
        if known is None or known.order < order:
            kept = from_datetime(value) if isinstance(value, datetime) else value
            latest_values[name] = LatestValue(order, kept)
