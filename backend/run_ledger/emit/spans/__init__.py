"""Spans of OpenTelemetry: which of them count, and what job events they come to.

`SpanTree` serves the span processor, in the process whose spans these are. The rest is for spans
that come from elsewhere by OTLP: `read_json` and `read_protobuf` read a request, `TraceRequest`
says which of its spans count, and for whom.
"""

from .otlp_json import read_json
from .otlp_protobuf import read_protobuf
from .received_spans import ReceivedSpan, TooManySpans, UnreadableSpans, UnusableSpan
from .span_tree import SpanKey, SpanTree
from .trace_requests import TraceRequest

__all__ = [
    "ReceivedSpan",
    "SpanKey",
    "SpanTree",
    "TooManySpans",
    "TraceRequest",
    "UnreadableSpans",
    "UnusableSpan",
    "read_json",
    "read_protobuf",
]
