"""A span as a request brought it, whatever the request was written in.

It has the shape of a span of OpenTelemetry's SDK as far as `span_usage.attributes_of` reads one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from .span_tree import SpanKey

Scalar = str | bool | int | float
Attributes = Mapping[str, Scalar]
MOST_SPANS = 100_000
"""In a request: an empty span takes two bytes there, and some hundred in memory."""
_NONE = 0
_TRACE_ID = re.compile(r"[0-9a-f]{32}\Z")
_SPAN_ID = re.compile(r"[0-9a-f]{16}\Z")


class UnreadableSpans(ValueError):
    """A request that is not written as OTLP; the message says what is wrong."""


class TooManySpans(UnreadableSpans):
    """A request with more than `MOST_SPANS`, groups of spans included."""


class UnusableSpan(ValueError):
    """A span that can't count; the message names the field and says what is allowed."""


class SpanKind(IntEnum):
    """What a span is to other systems, by OTLP's numbers."""

    UNSPECIFIED = 0
    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class StatusCode(IntEnum):
    """How a span ended, by OTLP's numbers."""

    UNSET = 0
    OK = 1
    ERROR = 2


class SpanStatus(NamedTuple):
    """How a span ended; the description is its author's text."""

    status_code: StatusCode = StatusCode.UNSET
    description: str = ""


class SpanEvent(NamedTuple):
    """Something that happened within a span."""

    name: str
    attributes: Attributes


class ReceivedSpan(NamedTuple):
    """A span that has ended; ids are hexadecimal, times are nanoseconds since 1970.

    Of attributes only those with one value are kept: texts, numbers and truth values.
    """

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: SpanKind
    started_ns: int
    ended_ns: int
    status: SpanStatus
    attributes: Attributes
    events: tuple[SpanEvent, ...]
    resource: Attributes
    scope: str
    """The name of the instrumentation that made the span."""

    @property
    def key(self) -> SpanKey:
        """Return which span it is; raise UnusableSpan where its ids are none."""
        return SpanKey(
            _number("traceId", self.trace_id, _TRACE_ID), _number("spanId", self.span_id, _SPAN_ID)
        )

    @property
    def parent(self) -> SpanKey | None:
        """Return which span it is below; None for none. Raises UnusableSpan as `key` does."""
        if not self.parent_id.strip("0"):
            return None
        trace_id = _number("traceId", self.trace_id, _TRACE_ID)
        return SpanKey(trace_id, _number("parentSpanId", self.parent_id, _SPAN_ID))


def check_number(found: int) -> None:
    """Raise TooManySpans where a request has more spans, or groups of spans, than are read.

    To look at an empty one takes a microsecond, so groups are counted before what is in them.
    """
    if found > MOST_SPANS:
        raise TooManySpans(
            f"The request has {found} spans, or groups of spans; allowed: at most {MOST_SPANS}"
        )


def _number(field: str, text: str, form: re.Pattern[str]) -> int:
    found = int(text, 16) if form.match(text) else _NONE
    if found == _NONE:
        digits = 32 if form is _TRACE_ID else 16
        raise UnusableSpan(
            f"{field} is {text!r:.80}; allowed: {digits} hexadecimal digits, not all of them 0"
        )
    return found
