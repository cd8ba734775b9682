"""From answers of language models to deltas of one job: calls, errors, tokens and cost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from run_ledger.emit.counting import usage as usages
from run_ledger.emit.counting.call_log import CallLog
from run_ledger.emit.counting.usage_fields import CallReading
from run_ledger.emit.pricing.prices import UNITS_PER_MICROUSD, Prices
from run_ledger.emit.pricing.usage_totals import Usage

DeltasByModel = dict[str | None, dict[str, int]]
UNREAD = "llm_answers_unread"
_NOTHING = Usage(llm_calls=0)
_MOST_LEFT_OVER = 256  # models of a thread whose rest is carried over
_COUNTED = (
    *("llm_calls", "llm_errors", "input_tokens", "output_tokens", "cache_read_input_tokens"),
)


class Meter:
    """Turns answers of language models into deltas of one job; any thread may use it.

    Cost is rounded down to whole micro-dollars, and the rest is carried over to the next call of
    the same model and thread: after any number of calls, the sum is their exact price, rounded down
    once for each of these.
    """

    def __init__(
        self,
        prices: Prices | None = None,
        on_unpriced: Callable[[str | None, int, bool], None] = lambda *_: None,
        on_unread: Callable[[Any], None] = lambda _answer: None,
    ) -> None:
        """Use *prices*.

        Call *on_unpriced* with a model, the number of its calls whose cost turned out not to be
        known, or less than 0 if it is known after all, and whether that is certain: a stream may
        tell its usage after its end. Call *on_unread* with an answer in which nothing is
        recognised.
        """
        self._prices = prices or Prices()
        self._on_unpriced = on_unpriced
        self._on_unread = on_unread
        self._left_over = threading.local()
        self._calls = CallLog()
        self._lock = threading.RLock()
        self._process = os.getpid()

    def deltas(self, answer: Any, model: str | None = None) -> DeltasByModel:
        """Return what *answer* adds, by the model that was called; empty where it is nothing new.

        For example ``{"gpt-4o": {"llm_calls": 1, "input_tokens": 812, "cost_microusd": 325}}``;
        None stands for a model that nobody names. A part of an answer, or one that was seen before,
        brings the difference to what is known of its call. Pass *model* where the answer doesn't
        name it, as Bedrock's don't. A call without a price counts in ``llm_calls_unpriced``.
        """
        readings = usages.read(answer)
        if readings is None:
            self._on_unread(answer)
            return {None: {UNREAD: 1}}
        deltas: DeltasByModel = {}
        for reading in readings:
            for named, change in self._changes(reading, model):
                delta = deltas.setdefault(named, {})
                for name, number in change.items():
                    delta[name] = delta.get(name, 0) + number
        kept = {
            named: {name: number for name, number in delta.items() if number}
            for named, delta in deltas.items()
        }
        return {named: delta for named, delta in kept.items() if delta}

    def _changes(
        self, reading: CallReading, model: str | None
    ) -> list[tuple[str | None, dict[str, int]]]:
        if reading.kind == "whole" and reading.call_id is None:
            usage = reading.usage
            cost, unpriced = self._cost(usage, model)
            self._tell(reading, usage, model, unpriced)
            named = model or usage.model
            return [(named, self._change(named, usage, _NOTHING, cost, unpriced))]
        with self._held():
            noted = self._calls.note(reading)
            if noted is None:
                return []
            call, before = noted.call, noted.before or _NOTHING
            usage, named, known = call.usage, model or call.usage.model, call.model
            was_cost, was_unpriced = call.cost, call.unpriced
            if noted.before != usage:
                call.cost, call.unpriced = self._cost(usage, model)
            call.model = named
            cost, unpriced = call.cost, call.unpriced
        self._tell(reading, usage, model, unpriced - was_unpriced)
        if known != named and noted.before is not None:
            # What was told of no model, or of another name, moves to the one that is known now.
            back = self._change(known, _NOTHING, before, -was_cost, -was_unpriced)
            return [(known, back), (named, self._change(named, usage, _NOTHING, cost, unpriced))]
        change = self._change(named, usage, before, cost - was_cost, unpriced - was_unpriced)
        return [(named, change)]

    def _tell(self, reading: CallReading, usage: Usage, model: str | None, unpriced: int) -> None:
        if unpriced:
            is_certain = usage.is_told or reading.kind == "whole"
            self._on_unpriced(model or usage.model, unpriced, is_certain)

    def _change(
        self, model: str | None, usage: Usage, before: Usage, cost: int, unpriced: int
    ) -> dict[str, int]:
        change = {name: getattr(usage, name) - getattr(before, name) for name in _COUNTED}
        return {
            **change,
            "cost_microusd": self._rounded(model, cost),
            "llm_calls_unpriced": unpriced,
        }

    def _held(self) -> threading.RLock:
        """Return the lock; in a forked child a new one, as nobody there releases the old."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock

    def _cost(self, usage: Usage, model: str | None) -> tuple[int, int]:
        """Return the cost of calls in the prices' units, and how many have a cost nobody knows."""
        if not usage.input_tokens and not usage.output_tokens:
            is_known = usage.is_told or usage.is_free or usage.llm_errors
            return 0, 0 if is_known else usage.llm_calls
        cost = self._prices.cost(usage, model or usage.model)
        return (0, usage.llm_calls) if cost is None else (cost, 0)

    def _rounded(self, model: str | None, cost: int) -> int:
        units: dict[str | None, int] = self._left_over.__dict__.setdefault("units", {})
        whole, rest = divmod(units.get(model, 0) + cost, UNITS_PER_MICROUSD)
        units.pop(model, None)
        if rest:
            if len(units) >= _MOST_LEFT_OVER:
                del units[next(iter(units))]
            units[model] = rest
        return whole
