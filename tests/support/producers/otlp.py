"""Requests of OTLP, in JSON and in Protobuf, of spans that a test describes once.

A span is a dictionary with `id` and perhaps `parent`, both small numbers, `trace`, `name`, `kind`,
`began` and `ended` (milliseconds after `NOW_NS`), `failed`, `events` and `attributes`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceRequest,
)

NOW_NS = 1_795_356_000_000_000_000
JSON_TYPE, PROTOBUF_TYPE = "application/json", "application/x-protobuf"
MODEL = "gpt-4o"
JOB = {"run_ledger.job_id": "job-1", "run_ledger.project_id": "p-1"}
AGENT = {"gen_ai.operation.name": "invoke_agent"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": MODEL}
Spans = Sequence[Mapping[str, Any]]


def tokens(given: int, answered: int) -> dict[str, int]:
    """Return attributes that tell tokens."""
    return {"gen_ai.usage.input_tokens": given, "gen_ai.usage.output_tokens": answered}


def chat(number: int, given: int = 10, answered: int = 2, **more: Any) -> dict[str, Any]:
    """Return the span of a call of a model."""
    attributes = {**CHAT, **tokens(given, answered), **more.pop("attributes", {})}
    return {"id": number, "kind": 3, **more, "attributes": attributes}


def nested_agents() -> list[dict[str, Any]]:
    """Return an agent that asks a model and another agent, each telling all below it."""
    totals = [{**AGENT, **tokens(given, 6)} for given in (70, 60)]
    spans = [
        {"id": 1, "name": "root"},
        {"id": 2, "parent": 1, "attributes": totals[0]},
        chat(3, 10, 1, parent=2),
        {"id": 4, "parent": 2, "attributes": {**TOOL, **tokens(60, 5)}},
        {"id": 5, "parent": 4, "attributes": totals[1]},
        chat(6, 20, 2, parent=5),
        chat(7, 40, 3, parent=5),
    ]
    # A framework tells each call once more, around the SDK's own; both name the answer.
    for number in (3, 6, 7):
        inner = next(one for one in spans if one["id"] == number)
        inner["attributes"] |= {"gen_ai.response.id": f"answer-{number}"}
        inner |= {"began": 100 * number, "ended": 100 * number + 50}
        attributes = dict(inner["attributes"])
        times = {"began": inner["began"] - 1, "ended": inner["ended"] + 1}
        above = inner["parent"]
        spans.append({"id": number + 10, "parent": above, "attributes": attributes, **times})
        inner["parent"] = number + 10
    return spans


def trace_id(span: Mapping[str, Any]) -> str:
    """Return a span's trace id in hexadecimal."""
    return f"{span.get('trace', 1):032x}"


def as_json(spans: Spans, resource: Mapping[str, Any] = JOB) -> str:
    """Return a request in JSON."""
    content = {"scopeSpans": [{"scope": {"name": "t"}, "spans": [_written(one) for one in spans]}]}
    return json.dumps(
        {"resourceSpans": [{"resource": {"attributes": _pairs(resource)}, **content}]}
    )


def as_protobuf(spans: Spans, resource: Mapping[str, Any] = JOB) -> bytes:
    """Return a request in Protobuf."""
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    _put(of_resource.resource.attributes, resource)
    of_scope = of_resource.scope_spans.add()
    for one in spans:
        span = of_scope.spans.add()
        span.trace_id = bytes.fromhex(trace_id(one))
        span.span_id = one["id"].to_bytes(8, "big")
        if one.get("parent"):
            span.parent_span_id = one["parent"].to_bytes(8, "big")
        span.name, span.kind = one.get("name", "span"), one.get("kind", 1)
        span.start_time_unix_nano, span.end_time_unix_nano = _times(one)
        _put(span.attributes, one.get("attributes", {}))
        if "failed" in one:
            span.status.code, span.status.message = 2, one["failed"]
        for name, attributes in one.get("events", ()):
            event = span.events.add()
            event.name = name
            _put(event.attributes, attributes)
    written: bytes = request.SerializeToString()
    return written


def refusal_text(body: str, media_type: str) -> str:
    """Return the message of a Status, which has the number of that of a partial success."""
    if media_type != PROTOBUF_TYPE:
        return str(json.loads(body)["message"])
    return str(ExportTracePartialSuccess.FromString(base64.b64decode(body)).error_message)


def _times(span: Mapping[str, Any]) -> tuple[int, int]:
    began, ended = span.get("began", 0), span.get("ended", 1_000)
    return NOW_NS + began * 1_000_000, NOW_NS + ended * 1_000_000


def _written(span: Mapping[str, Any]) -> dict[str, Any]:
    began, ended = _times(span)
    found: dict[str, Any] = {
        "traceId": trace_id(span).upper(),
        "spanId": f"{span['id']:016x}",
        "parentSpanId": f"{span['parent']:016x}" if span.get("parent") else "",
        "name": span.get("name", "span"),
        "kind": span.get("kind", 1),
        "startTimeUnixNano": str(began),
        "endTimeUnixNano": ended,
        "attributes": _pairs(span.get("attributes", {})),
        "events": [
            {"name": name, "attributes": _pairs(attributes)}
            for name, attributes in span.get("events", ())
        ],
        "flags": 257,
        "traceState": "",
    }
    if "failed" in span:
        found["status"] = {"code": 2, "message": span["failed"]}
    return found


def _pairs(attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in attributes.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value if abs(value) < float("inf") else str(value)}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": value}


def _put(holder: Any, attributes: Mapping[str, Any]) -> None:
    kinds = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value"}
    for name, value in attributes.items():
        pair = holder.add()
        pair.key = name
        if isinstance(value, list):
            for one in value:
                setattr(pair.value.array_value.values.add(), kinds[type(one)], one)
        else:
            setattr(pair.value, kinds[type(value)], value)
