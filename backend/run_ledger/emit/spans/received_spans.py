"""A span as a request brought it, whatever the request was written in.

It has the shape of a span of OpenTelemetry's SDK as far as `span_usage.attributes_of` reads one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import IntEnum
from itertools import chain
from typing import Any, NamedTuple

from .span_tree import SpanKey

Scalar = str | bool | int | float
Attributes = Mapping[str, Scalar]
MOST_SPANS = 100_000
"""In a request: an empty span takes two bytes there, and some hundred in memory. Also of events."""
MOST_ATTRIBUTES = 400_000
"""In a request, of resources, spans and events: with its name and value, one has twenty bytes."""
_NONE = 0
_TRACE_ID = re.compile(r"[0-9a-f]{32}\Z")
_SPAN_ID = re.compile(r"[0-9a-f]{16}\Z")


class UnreadableSpans(ValueError):
    """A request that is not written as OTLP; the message says what is wrong."""


class TooManySpans(UnreadableSpans):
    """A request with more spans, groups of spans, events or attributes than are read."""


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


def check_sizes(resources: Collection[Any]) -> None:
    """Raise TooManySpans where the *resources* of a request hold more parts than are read.

    They are OTLP's ResourceSpans, read from either encoding. To look at an empty part takes some
    microseconds, and it has two bytes in the body: so parts are counted before what is in them.
    """
    _check("spans, or groups of spans", len(resources), MOST_SPANS)
    scopes = [scope for one in resources for scope in one.scope_spans or ()]
    _check("spans, or groups of spans", len(scopes), MOST_SPANS)
    found = sum(len(scope.spans or ()) for scope in scopes)
    _check("spans, or groups of spans", found, MOST_SPANS)
    spans = [span for scope in scopes for span in scope.spans or ()]
    _check("events", sum(len(span.events or ()) for span in spans), MOST_SPANS)
    events = [event for span in spans for event in span.events or ()]
    holders = [one.resource for one in resources if one.resource is not None]
    found = sum(len(holder.attributes or ()) for holder in chain(holders, spans, events))
    _check("attributes", found, MOST_ATTRIBUTES)


def _check(parts: str, found: int, most: int) -> None:
    if found > most:
        raise TooManySpans(f"The request has {found} {parts}; allowed: at most {most}")


def _number(field: str, text: str, form: re.Pattern[str]) -> int:
    found = int(text, 16) if form.match(text) else _NONE
    if found == _NONE:
        digits = 32 if form is _TRACE_ID else 16
        raise UnusableSpan(
            f"{field} is {text!r:.80}; allowed: {digits} hexadecimal digits, not all of them 0"
        )
    return found
