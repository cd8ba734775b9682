"""Reads a request of OTLP in JSON.

It is Protobuf's JSON with ids in hexadecimal: names in lowerCamelCase, 64-bit integers as numbers
or as texts, null for what is not there. Members that are not known are passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import TypeVar

import msgspec
from msgspec import Struct

from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import shown

from .received_spans import (
    ReceivedSpan,
    Scalar,
    SpanEvent,
    SpanKind,
    SpanStatus,
    StatusCode,
    UnreadableSpans,
    check_sizes,
)

E = TypeVar("E", bound=IntEnum)
_INT64 = 2**63
_DIGITS = 20  # of an unsigned integer of 64 bits


class _Value(Struct, rename="camel"):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | float | str | None = None
    double_value: float | str | None = None


class _Attribute(Struct):
    key: str | None = None
    value: _Value | None = None


class _Resource(Struct):
    attributes: list[_Attribute] | None = None


class _Event(Struct):
    name: str | None = None
    attributes: list[_Attribute] | None = None


class _Status(Struct):
    code: int | str | None = None
    message: str | None = None


class _Span(Struct, rename="camel"):
    trace_id: str | None = None
    span_id: str | None = None
    parent_span_id: str | None = None
    name: str | None = None
    kind: int | str | None = None
    start_time_unix_nano: int | float | str | None = None
    end_time_unix_nano: int | float | str | None = None
    attributes: list[_Attribute] | None = None
    events: list[_Event] | None = None
    status: _Status | None = None


class _Scope(Struct):
    name: str | None = None


class _ScopeSpans(Struct):
    scope: _Scope | None = None
    spans: list[_Span] | None = None


class _ResourceSpans(Struct, rename="camel"):
    resource: _Resource | None = None
    scope_spans: list[_ScopeSpans] | None = None


class _Request(Struct, rename="camel"):
    resource_spans: list[_ResourceSpans] | None = None


_requests = msgspec.json.Decoder(_Request)


def read_json(body: bytes) -> list[ReceivedSpan]:
    """Return the spans of a request; raise UnreadableSpans where it is none."""
    try:
        request = _requests.decode(body)
    except msgspec.ValidationError as error:
        raise UnreadableSpans(f"The body is no ExportTraceServiceRequest: {error}") from error
    except UNREADABLE as error:
        raise UnreadableSpans(f"The body is no JSON that can be read: {error}") from error
    check_sizes(request.resource_spans or ())
    return list(_spans(request))


def _spans(request: _Request) -> Iterator[ReceivedSpan]:
    for of_resource in request.resource_spans or ():
        held = of_resource.resource
        resource = _attributes(held.attributes if held else None)
        for of_scope in of_resource.scope_spans or ():
            scope = of_scope.scope.name if of_scope.scope else None
            for span in of_scope.spans or ():
                yield _span(span, resource, scope or "")


def _span(span: _Span, resource: dict[str, Scalar], scope: str) -> ReceivedSpan:
    status = span.status or _Status()
    code = _word(StatusCode, status.code, "STATUS_CODE_")
    return ReceivedSpan(
        trace_id=(span.trace_id or "").lower(),
        span_id=(span.span_id or "").lower(),
        parent_id=(span.parent_span_id or "").lower(),
        name=span.name or "",
        kind=_word(SpanKind, span.kind, "SPAN_KIND_"),
        started_ns=_integer(span.start_time_unix_nano) or 0,
        ended_ns=_integer(span.end_time_unix_nano) or 0,
        status=SpanStatus(code, status.message or ""),
        attributes=_attributes(span.attributes),
        events=tuple(
            SpanEvent(event.name or "", _attributes(event.attributes))
            for event in span.events or ()
            if event.attributes
        ),
        resource=resource,
        scope=scope,
    )


def _word(words: type[E], value: int | str | None, prefix: str) -> E:
    """Return a member of an enumeration, by its number or its name; the first for another."""
    members = list(words)
    is_it = (one for one in members if value in (int(one), f"{prefix}{one.name}"))
    return next(is_it, members[0])


def _attributes(given: Sequence[_Attribute] | None) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for one in given or ():
        value = _scalar(one.value) if one.value is not None else None
        if value is not None:
            found[one.key or ""] = value
    return found


def _scalar(value: _Value) -> Scalar | None:
    if value.string_value is not None:
        return value.string_value
    if value.bool_value is not None:
        return value.bool_value
    if value.int_value is not None:
        return _integer(value.int_value)
    if isinstance(value.double_value, str):
        try:
            return float(value.double_value)
        except ValueError:
            raise UnreadableSpans(
                f"A doubleValue is {shown(value.double_value)}; allowed: a number, NaN or Infinity"
            ) from None
    return value.double_value


def _integer(value: float | str | None) -> int | None:
    """Return a whole number of 64 bits; raises UnreadableSpans for another value."""
    if value is None:
        return None
    if isinstance(value, str):
        is_number = len(value) <= _DIGITS and value.removeprefix("-").isdecimal()
        number: float = int(value) if is_number else math.nan
    else:
        number = value
    if not -_INT64 <= number < 2 * _INT64 or number != int(number):
        raise UnreadableSpans(f"An integer is {shown(value)}; allowed: one of 64 bits")
    return int(number)
