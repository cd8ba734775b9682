"""From answers of language models to deltas of one job: calls, errors, tokens and cost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from run_ledger.emit.counting import usage as usages
from run_ledger.emit.counting.call_log import CallLog, Noted
from run_ledger.emit.counting.usage_fields import CallReading
from run_ledger.emit.pricing.prices import UNITS_PER_MICROUSD, Prices
from run_ledger.emit.pricing.usage_totals import Usage

UNREAD = "llm_answers_unread"
_NOTHING = Usage(llm_calls=0)
_COUNTED = (
    *("llm_calls", "llm_errors", "input_tokens", "output_tokens", "cache_read_input_tokens"),
)


class Meter:
    """Turns answers of language models into deltas of one job; any thread may use it.

    Cost is rounded down to whole micro-dollars, and the rest is carried over to the next call of
    the same thread: after any number of calls, the sum is their exact price, rounded down once for
    each thread.
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

    def delta(self, answer: Any, model: str | None = None) -> dict[str, int]:
        """Return the delta of *answer*; it is empty where the answer tells nothing new.

        For example ``{"llm_calls": 1, "input_tokens": 812, "cost_microusd": 325}``. A part of an
        answer, or one that was seen before, brings the difference to what is known of its call.
        Pass *model* where the answer doesn't name it, as Bedrock's don't. A call without a price
        counts in ``llm_calls_unpriced``.
        """
        readings = usages.read(answer)
        if readings is None:
            self._on_unread(answer)
            return {UNREAD: 1}
        delta: dict[str, int] = {}
        for reading in readings:
            for name, change in self._change(reading, model).items():
                delta[name] = delta.get(name, 0) + change
        return {name: change for name, change in delta.items() if change}

    def _change(self, reading: CallReading, model: str | None) -> dict[str, int]:
        if reading.kind == "whole" and reading.call_id is None:
            cost, unpriced = self._cost(reading.usage, model)
            before = _NOTHING
            usage = reading.usage
        else:
            with self._held():
                noted = self._calls.note(reading)
                if noted is None:
                    return {}
                usage, before = noted.call.usage, noted.before or _NOTHING
                cost, unpriced = self._change_of_cost(noted, model)
        if unpriced:
            is_certain = usage.is_told or reading.kind == "whole"
            self._on_unpriced(model or usage.model, unpriced, is_certain)
        change = {name: getattr(usage, name) - getattr(before, name) for name in _COUNTED}
        return {
            **change,
            "cost_microusd": self._rounded(cost),
            "llm_calls_unpriced": unpriced,
        }

    def _held(self) -> threading.RLock:
        """Return the lock; in a forked child a new one, as nobody there releases the old."""
        if self._process != os.getpid():
            self._lock, self._process = threading.RLock(), os.getpid()
        return self._lock

    def _change_of_cost(self, noted: Noted, model: str | None) -> tuple[int, int]:
        call = noted.call
        if noted.before == call.usage:
            return 0, 0
        cost, unpriced = self._cost(call.usage, model)
        change = cost - call.cost, unpriced - call.unpriced
        call.cost, call.unpriced = cost, unpriced
        return change

    def _cost(self, usage: Usage, model: str | None) -> tuple[int, int]:
        """Return the cost of calls in the prices' units, and how many have a cost nobody knows."""
        if not usage.input_tokens and not usage.output_tokens:
            is_known = usage.is_told or usage.is_free or usage.llm_errors
            return 0, 0 if is_known else usage.llm_calls
        cost = self._prices.cost(usage, model or usage.model)
        return (0, usage.llm_calls) if cost is None else (cost, 0)

    def _rounded(self, cost: int) -> int:
        left_over = getattr(self._left_over, "units", 0)
        whole, self._left_over.units = divmod(left_over + cost, UNITS_PER_MICROUSD)
        return whole
