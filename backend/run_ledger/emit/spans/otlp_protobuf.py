"""Reads a request of OTLP in Protobuf, by the messages that OpenTelemetry publishes.

Their package is loaded with the first such request: it takes a tenth of a second, which nobody else
has to wait for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

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

_SCALARS = frozenset({"string_value", "bool_value", "int_value", "double_value"})
_KINDS = {int(kind): kind for kind in SpanKind}
_CODES = {int(code): code for code in StatusCode}


def read_protobuf(body: bytes) -> list[ReceivedSpan]:
    """Return the spans of a request; raise UnreadableSpans where it is none."""
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as said above
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (  # noqa: PLC0415
        ExportTraceServiceRequest,
    )

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise UnreadableSpans(f"The body is no ExportTraceServiceRequest: {error}") from error
    check_sizes(request.resource_spans)
    return list(_spans(request))


def _spans(request: Any) -> Iterator[ReceivedSpan]:
    for of_resource in request.resource_spans:
        resource = _attributes(of_resource.resource.attributes)
        for of_scope in of_resource.scope_spans:
            for span in of_scope.spans:
                yield _span(span, resource, of_scope.scope.name)


def _span(span: Any, resource: dict[str, Scalar], scope: str) -> ReceivedSpan:
    status = span.status
    return ReceivedSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        kind=_KINDS.get(span.kind, SpanKind.UNSPECIFIED),
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        status=SpanStatus(_CODES.get(status.code, StatusCode.UNSET), status.message),
        attributes=_attributes(span.attributes),
        events=tuple(
            SpanEvent(event.name, _attributes(event.attributes))
            for event in span.events
            if event.attributes
        ),
        resource=resource,
        scope=scope,
    )


def _attributes(given: Iterable[Any]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for one in given:
        kind = one.value.WhichOneof("value")
        if kind in _SCALARS:
            found[one.key] = getattr(one.value, kind)
    return found
