"""The operation of the intake that takes spans, as OTLP describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.domain.intake.bodies import JSON, PROTOBUF

_DESCRIPTION = """\
Takes what OpenTelemetry's exporters send by OTLP over HTTP. Calls of language models in it count
for the job that `run_ledger.job_id` names, an attribute of the span or its resource, in which
`{trace_id}` stands for the trace's id; a root span that names its job begins and ends it. Spans of
agents and tools repeat what the calls below them tell, and count nothing. A span that is sent again
counts once. Answers have the encoding of the request."""
_TAKEN = """\
The request was read. `partialSuccess` says how many spans were not taken, and why; it is not there
if all were."""
_RETRIED = "The bus has not taken all: send the same request again."
_BINARY: Mapping[str, Any] = {"schema": {"type": "string", "format": "binary"}}


def trace_operation(problems: Mapping[int, str], problem: Any, reference: str) -> dict[str, Any]:
    """Return the operation; *problems* says by status why a request is refused.

    *problem* makes the description of such an answer, and *reference* is what names of schemas
    begin with.
    """
    about = {**problems, 503: _RETRIED}
    return {
        "operationId": "report_spans",
        "summary": "Report spans of OpenTelemetry",
        "description": _DESCRIPTION,
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "description": "An ExportTraceServiceRequest of OTLP, in its JSON: "
                        "https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding",
                    }
                },
                PROTOBUF: _BINARY,
            },
        },
        "responses": {
            "200": {
                "description": " ".join(_TAKEN.split()),
                "content": {
                    JSON: {"schema": {"$ref": f"{reference}ExportTrace"}},
                    PROTOBUF: _BINARY,
                },
            },
            **{
                str(status): _refusal(problem(status, text), reference)
                for status, text in about.items()
            },
        },
    }


def _refusal(made: dict[str, Any], reference: str) -> dict[str, Any]:
    """Return an answer that has OTLP's Status, or the gateway's own document where it answers."""
    status = {JSON: {"schema": {"$ref": f"{reference}Status"}}, PROTOBUF: _BINARY}
    return {**made, "content": {**status, **made["content"]}}
