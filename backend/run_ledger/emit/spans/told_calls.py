"""Calls of models that two instrumentations tell, of which neither span is below the other.

Some frameworks don't make their spans current, so that the SDK's own span of a call is not below
theirs. The framework's encloses it in time, and tells the same tokens, or none. Two calls that a
program makes at the same moment can look so, too: where their models have other names, they are
two. A framework's name of a model may say less, or more, than the SDK's: one then holds the other.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from run_ledger.emit.counting.span_usage import (
    INPUT,
    OUTPUT,
    REQUEST_MODEL,
    RESPONSE_MODEL,
    SpanReading,
)


@dataclass
class ToldCall:
    """A call as one span tells it: for whom it counts, who tells it, and when, in nanoseconds."""

    owner: Any
    scope: str
    started_ns: int
    ended_ns: int = 0
    tokens: tuple[int, int] = (0, 0)
    has_failed: bool = False
    models: tuple[str, ...] = ()

    def learn(self, reading: SpanReading) -> None:
        """Note what the span says of the call."""
        told = reading.attributes
        self.tokens = (told.get(INPUT, 0), told.get(OUTPUT, 0))
        self.has_failed = reading.has_failed
        names = (told.get(REQUEST_MODEL), told.get(RESPONSE_MODEL))
        self.models = tuple(name.lower() for name in names if name)

    def encloses(self, other: ToldCall) -> bool:
        """Return whether *other* can be the same call, told from further inside."""
        return (
            self.owner == other.owner
            and self.scope != other.scope
            and self.started_ns <= other.started_ns
            and other.ended_ns <= self.ended_ns
            and self.has_failed == other.has_failed
            and self.tokens in {other.tokens, (0, 0)}
            and self._may_be_of_the_model_of(other)
        )

    def _may_be_of_the_model_of(self, other: ToldCall) -> bool:
        if not self.models or not other.models:
            return True
        return any(one in two or two in one for one in self.models for two in other.models)


class ToldCalls:
    """The calls that were counted last; each can be told once more, and is not counted then."""

    def __init__(self, most: int) -> None:
        """Remember *most* calls."""
        self._counted: deque[ToldCall] = deque(maxlen=most)

    def is_repeat(self, call: ToldCall) -> bool:
        """Return whether *call*, which ended last, was told before; remember it if it was not."""
        inner = next((other for other in self._counted if call.encloses(other)), None)
        if inner is None:
            self._counted.append(call)
            return False
        self._counted.remove(inner)  # it is told twice, not three times
        return True
