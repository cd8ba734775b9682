"""What one job or project has to report: deltas of its counters, and latest values of its fields.

**Adding never waits.** Whoever adds takes a cell (a dict of totals) off a list and puts it back
afterwards. Taking and putting back are single steps of the interpreter, so no two threads hold one
cell, no lock is needed, and a signal handler or finaliser that adds in the middle of an ``add``
finds another cell. There are as many cells as there ever were adds at one moment. A cell is never
emptied: what is new is the difference to what was taken before, so a reader that comes in the
middle of an ``add`` takes the rest the next time. Nothing is lost or taken twice.

**Idle or not.** An accumulator is idle until something changes. Then it tells the sender once, and
stays with it for as long as there is something to take. The caller first changes it and then looks
whether it is idle; the sender first makes it idle and then looks for changes. So whichever comes
first, no change is forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import zip_longest
from typing import Any

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import (
    MAX_COUNT,
    MAX_DELTAS_PER_EVENT,
    MAX_MODELS_PER_EVENT,
    MOST_MODELS,
    OTHER_MODELS,
)
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant
from run_ledger.emit.counting.mending import OnInvalid, whole_number
from run_ledger.emit.counting.outgoing_events import OutgoingEvent, make_event, now

MAX_COUNTERS = 240  # of a job: ten events' worth, and far from what an item holds
_MODEL_CHARACTERS = 128
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_NAME_ALLOWED = "a name [a-z][a-z0-9_]{0,39}"
_VALUE_ALLOWED = "an integer from -2^53 to 2^53"
_SIGN_OF_LIFE = ""  # stands for a field whose latest value is None: it makes an event, and no more

LatestValue = tuple[Instant, Any]  # when it was set, and the value


class Counters:
    """Named integers: many threads add to them, one takes the deltas."""

    __slots__ = ("_cells", "_free", "_on_invalid", "_taken")

    def __init__(self, on_invalid: OnInvalid) -> None:
        """Pass names and values that the contract forbids to *on_invalid*; add the rest."""
        self._cells: list[dict[str, int]] = []
        self._free: list[dict[str, int]] = []
        self._taken: dict[str, int] = {}
        self._on_invalid = on_invalid

    def add(self, deltas: Mapping[str, int]) -> None:
        """Add *deltas*, such as ``{"records_ok": 1}``, in about a microsecond."""
        try:
            cell = self._free.pop()
        except IndexError:
            cell = {}
            self._cells.append(cell)
        try:
            for name, delta in deltas.items():
                if type(delta) is int and name in cell and -MAX_COUNT <= delta <= MAX_COUNT:
                    cell[name] += delta
                else:
                    self._add_checked(cell, name, delta)
        finally:
            self._free.append(cell)

    def take_deltas(self) -> dict[str, int]:
        """Return what was added since the last time, each delta within the contract's bounds.

        What is beyond the bounds comes the next time. Only one thread at a time may take.
        """
        deltas = {}
        for name, total in self._totals().items():
            taken = self._taken.get(name, 0)
            if total != taken:
                delta = max(-MAX_COUNT, min(MAX_COUNT, total - taken))
                self._taken[name] = taken + delta
                deltas[name] = delta
        return deltas

    def discard(self) -> None:
        """Drop what was added so far: after a fork, the parent reports it."""
        self._taken = self._totals()

    def _totals(self) -> dict[str, int]:
        totals: dict[str, int] = {}
        for cell in self._cells.copy():
            for name, value in cell.copy().items():
                totals[name] = totals.get(name, 0) + value
        return totals

    def _add_checked(self, cell: dict[str, int], name: object, delta: object) -> None:
        """Add one delta that is new, odd or wrong."""
        if not isinstance(name, str) or not _NAME.match(name):
            self._refuse(f"delta.{shown(name)}", delta, _NAME_ALLOWED)
            return
        if name not in cell and len(cell) >= MAX_COUNTERS:
            self._refuse(f"delta.{name}", delta, f"at most {MAX_COUNTERS} names a job")
            return
        try:
            number = delta if type(delta) is int else whole_number(delta)
        except (TypeError, ValueError, ArithmeticError):
            self._refuse(f"delta.{name}", delta, _VALUE_ALLOWED)
            return
        if not -MAX_COUNT <= number <= MAX_COUNT:
            self._refuse(f"delta.{name}", delta, _VALUE_ALLOWED)
            return
        cell[name] = cell.get(name, 0) + number

    def _refuse(self, field: str, got: object, allowed: str) -> None:
        invalid = InvalidEvent("invalid_field", field=field, got=shown(got), allowed=allowed)
        self._on_invalid(invalid)


class Accumulator:
    """What is new of one job or project: any thread adds to it, the sender takes events of it."""

    __slots__ = (
        "__weakref__", "_by_model", "_counters", "_last_time", "_latest", "_on_change",
        "_on_invalid", "_taken",
        "detail_type", "identity", "is_idle", "is_kept_alive", "seconds_of_silence", "taken_at",
    )  # fmt: skip

    def __init__(
        self,
        detail_type: str,
        identity: Mapping[str, Any],
        on_change: Callable[[Accumulator], None],
        on_invalid: OnInvalid,
    ) -> None:
        """Accumulate for *identity*, the fields that each event carries.

        The first change after a time without any calls *on_change*.
        """
        self.detail_type = detail_type
        self.identity = dict(identity)
        self.is_idle = True
        self.is_kept_alive = False
        self.seconds_of_silence = 0.0
        """After so many seconds a job that is kept alive shows that it still runs."""
        self.taken_at = 0.0
        """When the sender last took an event, in seconds of the sender's clock."""
        self._on_change = on_change
        self._on_invalid = on_invalid
        self._counters = Counters(on_invalid)
        self._by_model: dict[str, Counters] = {}
        self._latest: dict[str, LatestValue] = {}
        self._taken: dict[str, LatestValue] = {}
        self._last_time = Instant(0)

    def add(self, deltas: Mapping[str, int], model: str | None = None) -> None:
        """Add *deltas* to the counters, told by *model* if one is given, without waiting."""
        counters = self._counters if model is None else self._counters_of(model)
        counters.add(deltas)
        if self.is_idle:
            self._on_change(self)

    def _counters_of(self, model: str) -> Counters:
        """Return the counters of *model*; those of further models than a job keeps are one."""
        known = self._by_model.get(model)
        if known is not None:
            return known
        name = _CONTROLS.sub(" ", str(model))[:_MODEL_CHARACTERS].strip()
        if not name:
            return self._counters
        if name not in self._by_model and len(self._by_model) >= MOST_MODELS:
            name = OTHER_MODELS
        return self._by_model.setdefault(name, Counters(self._on_invalid))

    def set_latest(self, field: str, value: Any) -> None:
        """Make *value* the latest one of *field*."""
        self._latest[field] = (self.next_time(), value)
        if self.is_idle:
            self._on_change(self)

    def show_alive(self) -> None:
        """Have an event made even if nothing else is new."""
        self.set_latest(_SIGN_OF_LIFE, None)

    def next_time(self) -> Instant:
        """Return the present instant, but at least one microsecond more than the one before."""
        self._last_time = max(now(), instants.later(self._last_time, 1))
        return self._last_time

    def discard(self) -> None:
        """Drop what is new: after a fork, the parent reports it."""
        self.is_idle = True
        self.is_kept_alive = False
        for counters in (self._counters, *self._by_model.values()):
            counters.discard()
        self._taken = dict(self._latest)

    def take_events(
        self,
        on_invalid: OnInvalid,
        *,
        last_fields: Mapping[str, Any] | None = None,
        must_show: bool = False,
    ) -> list[OutgoingEvent]:
        """Return what is new as events; only one thread at a time may take.

        *last_fields* go into the first event, whatever else is new; *must_show* makes one in any
        case. There are more than one where there are more deltas than one event carries.
        """
        latest = self._take_latest()
        told = _portions(
            self._counters.take_deltas(),
            {model: one.take_deltas() for model, one in self._by_model.copy().items()},
        )
        if not (latest or told or last_fields or must_show):
            return []
        time = max((at for at, _ in latest.values()), default=None) or self.next_time()
        detail = {
            **self.identity,
            "occurred_at": instants.text(time),
            **{field: value for field, (_, value) in latest.items() if value is not None},
            **(last_fields or {}),
        }
        events = []
        for number, deltas in enumerate(told or [{}]):
            if number:
                detail = {**self.identity, "occurred_at": instants.text(self.next_time())}
            events.append(make_event(self.detail_type, {**detail, **deltas}, on_invalid))
        return [event for event in events if event is not None]

    def _take_latest(self) -> dict[str, LatestValue]:
        """Return the values set since the last time; a value that was set again is new, too."""
        new = {
            field: latest
            for field, latest in self._latest.copy().items()
            if self._taken.get(field) is not latest
        }
        self._taken.update(new)
        return new


def _portions(
    deltas: dict[str, int], by_model: dict[str, dict[str, int]]
) -> list[dict[str, dict[str, Any]]]:
    """Return the fields ``delta`` and ``delta_by_model`` of as few events as can tell them all."""
    parts = [
        (model, part)
        for model, of_model in sorted(by_model.items())
        for part in _of_an_event(of_model)
    ]
    places: list[dict[str, dict[str, int]]] = []
    for model, part in parts:
        place = next(
            (one for one in places if model not in one and len(one) < MAX_MODELS_PER_EVENT), None
        )
        if place is None:
            places.append(place := {})
        place[model] = part
    return [
        {
            **({"delta": delta} if delta else {}),
            **({"delta_by_model": models} if models else {}),
        }
        for delta, models in zip_longest(_of_an_event(deltas), places)
    ]


def _of_an_event(deltas: dict[str, int]) -> list[dict[str, int]]:
    """Return *deltas* in parts, each with as many names as one event carries."""
    names = sorted(deltas)
    return [
        {name: deltas[name] for name in names[start : start + MAX_DELTAS_PER_EVENT]}
        for start in range(0, len(names), MAX_DELTAS_PER_EVENT)
    ]
