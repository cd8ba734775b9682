"""The OpenAPI 3.1 document of the intake, put together from its types and its table of problems."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from run_ledger.domain.api.access import ACT_SCOPE
from run_ledger.domain.contract.act_events import INCIDENT_UPDATE
from run_ledger.domain.contract.events import JOB_UPDATE, PROJECT_UPDATE
from run_ledger.domain.intake.bodies import JSON, MOST_BYTES, MOST_EVENTS, MOST_SENT_BYTES, NDJSON
from run_ledger.domain.intake.event_results import ResultsDocument
from run_ledger.domain.intake.lineage_results import LineageDocument
from run_ledger.domain.intake.reporters import REPORT_SCOPE
from run_ledger.domain.intake.trace_results import ExportTraceDocument, StatusDocument
from run_ledger.doors.door_answers import DOOR_PROBLEMS
from run_ledger.doors.event_door import EVENTS
from run_ledger.doors.lineage_door import LINEAGE, LINEAGE_BATCH
from run_ledger.doors.trace_door import TRACES
from run_ledger.read.answers import ProblemDocument
from run_ledger.read.gateway.description import DESCRIPTION

from .trace_operation import trace_operation

_REF = "#/components/schemas/"
_SUFFIX = "Document"
_DESCRIPTION = f"""\
Systems without AWS credentials report here what their jobs do. What is taken goes to the same event
bus, and counts by the same contract, as events that are put there directly.

**Sign in** by `Authorization: Bearer …`, with a report key (`rlk_…`), or with an access token of an
application that has the scope `{REPORT_SCOPE}`. Either may report for the clients of its grant; an
event of another client is refused with the field `detail.client_id`.

**Act on incidents** by `{INCIDENT_UPDATE}` events with a person's own access token that has the
scope `{ACT_SCOPE}`: that person has to have the right to act, and acts for the clients that they
see.

**Send** at most {MOST_EVENTS} events a request, as JSON or as one event a line (NDJSON), packed
with gzip or not: at most {MOST_SENT_BYTES:,} bytes as sent, and {MOST_BYTES:,} unpacked.

**OpenLineage** over HTTP works as it is: give its client this address with
`{LINEAGE}`, and a report key as its API key.

**OpenTelemetry**'s exporters send spans to `{TRACES}` below this address, by OTLP over HTTP.

**Go by the results**, which stand in the order of the events: `accepted` is with the bus;
`rejected` will never be taken as it is; `retry` is to be sent again with the same `event_id`. After
429, 500, 502, 503 and 504 send the same body again, after `Retry-After` seconds where it is given:
what was taken before counts once.
"""
_ABOUT = {
    400: "The body can't be read.",
    401: "The request has no report key and no token that is taken here.",
    403: "The token lacks the scope, its application or the key has no grant, or its person has no "
    "right to act.",
    404: "The intake has no such path and method.",
    413: "The body, what it unpacks to, or the number of its events is beyond a limit.",
    415: "The body has a media type or a coding that is not read here.",
    429: "This caller, or all callers together, have sent too much.",
    500: "Something failed on our side.",
    502: "The intake could not be reached.",
    503: "Nothing was taken, as what the intake needs does not answer.",
    504: "The intake did not answer in time.",
}
_ABOUT_LINEAGE = {
    400: "The body, or the event in it, can't be read.",
    403: f"{_ABOUT[403][:-1]}, or the event is of a namespace beyond the grant.",
}
_ABOUT_BATCHES = {503: "Nothing was taken: send the same batch again."}
_LINEAGE_DESCRIPTION = """\
Takes what OpenLineage's own clients send. A run becomes a job of the client whose namespace it is
in, by the grant of the key or application. An event that is sent again counts once. Events about
datasets or jobs alone are taken and count nothing."""
_RUN_EVENT: Mapping[str, Any] = {
    "type": "object",
    "description": "A RunEvent, DatasetEvent or JobEvent of OpenLineage: "
    "https://openlineage.io/spec/2-0-2/OpenLineage.json",
}
_EXAMPLE = {
    "detail_type": JOB_UPDATE,
    "detail": {
        "event_id": "nightly-7-started",
        "job_id": "nightly-7",
        "project_id": "catalogue",
        "client_id": "acme",
        "status": "running",
    },
}
_MEMBERS = {
    "results": "What became of each event, in their order.",
    "event_id": "The event's id, its own or the one that the intake gave it; null where it was "
    "refused and states none.",
    "error": "Why it was not taken; null where it was.",
    "reason": "A word for programs, as of rejected events; of an event of OpenLineage, a sentence.",
    "field": "The field that is wrong.",
    "message": "What the field held and what is allowed; of a request with spans: why it was "
    "refused.",
    "type": "A stable name of the problem.",
    "status": "`accepted`, `rejected` or `retry`; of events of OpenLineage: `success`, or "
    "`partial_success` where some were not taken; of a problem: its HTTP status.",
    "summary": "How many events came, and what became of them.",
    "failed_events": "Those that were not taken.",
    "received": "How many came.",
    "successful": "How many were taken.",
    "failed": "How many were not.",
    "retriable": "Of these, those to send again; of one event: whether to send it again.",
    "non_retriable": "Those that will never be taken as they are.",
    "not_counted": "Of the successful, those about a dataset or a job and no run.",
    "index": "The event's place in the batch, from 0.",
    "partialSuccess": "How many spans were not taken, and why; absent if all were.",
    "rejectedSpans": "How many spans were not taken, in digits.",
    "errorMessage": "Why: at most two reasons, and how many others there are.",
    "title": "The problem in a few words.",
    "detail": "What is wrong, for people.",
    "parameter": "The parameter that is wrong.",
}


def intake_document() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Run Ledger intake",
            "version": "1.0.0",
            "summary": "Report from anywhere.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [
            {
                "url": "https://{intake}",
                "description": "On AWS: the stack's output `IntakeUrl`.",
                "variables": {"intake": {"default": "intake.example.com/intake"}},
            },
            {
                "url": "http://127.0.0.1:{port}/intake",
                "description": "On this machine, by `make run`.",
                "variables": {"port": {"default": "8600"}},
            },
        ],
        "security": [{"bearer": []}],
        "paths": {
            EVENTS: {"post": _operation()},
            LINEAGE: {"post": _lineage(_RUN_EVENT, "report_lineage", "Report one run event")},
            LINEAGE_BATCH: {
                "post": _lineage(
                    {"type": "array", "maxItems": MOST_EVENTS, "items": _RUN_EVENT},
                    "report_lineage_batch",
                    "Report several run events",
                )
            },
            TRACES: {"post": trace_operation(_ABOUT, _problem, _REF)},
            DESCRIPTION: {"get": _description()},
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def intake_file_text() -> str:
    """Return the text of the file that the document is published in."""
    encoded = msgspec.json.encode(intake_document())
    return msgspec.json.format(encoded, indent=2).decode() + "\n"


def _operation() -> dict[str, Any]:
    return {
        "operationId": "report_events",
        "summary": "Report events",
        "description": "Gives each event to the bus that keeps to the contract and the grant.",
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "required": ["events"],
                        "properties": {
                            "events": {
                                "type": "array",
                                "maxItems": MOST_EVENTS,
                                "items": {"$ref": f"{_REF}Event"},
                            }
                        },
                    },
                    "example": {"events": [_EXAMPLE]},
                },
                NDJSON: {"schema": {"type": "string"}},
            },
        },
        "responses": {
            "202": _results("The bus has taken all events."),
            "207": _results("The bus has not taken all events: see each result."),
            **{str(status): _problem(status, about) for status, about in _ABOUT.items()},
        },
    }


def _lineage(body: Mapping[str, Any], name: str, summary: str) -> dict[str, Any]:
    """Return an operation that takes events of OpenLineage, as its specification describes it."""
    is_batch = body["type"] == "array"
    about = (
        "The batch was read: `failed_events` are those that were not taken."
        if is_batch
        else "The event is with the bus, or is about no run and counts nothing."
    )
    problems = {**_ABOUT, **(_ABOUT_BATCHES if is_batch else _ABOUT_LINEAGE)}
    return {
        "operationId": name,
        "summary": summary,
        "description": _LINEAGE_DESCRIPTION,
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {
            "200": {
                "description": about,
                "content": {JSON: {"schema": {"$ref": f"{_REF}Lineage"}}},
            },
            **{str(status): _problem(status, told) for status, told in problems.items()},
        },
    }


def _description() -> dict[str, Any]:
    """Return the operation that answers with the document itself."""
    refusals = [401, 403, 404, 429, 500, 502, 503, 504]
    return {
        "operationId": "show_description",
        "summary": "Show this description",
        "description": "What you are reading, with the address of this stage as its server.",
        "parameters": [
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "The `ETag` of an answer that you have; you get 304 while it is the "
                "same.",
                "schema": {"type": "string"},
            }
        ],
        "responses": {
            "200": {
                "description": "The description, by the OpenAPI specification.",
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {JSON: {"schema": {"type": "object"}}},
            },
            "304": {"description": "It is still the one that you have."},
            **{str(status): _problem(status, _ABOUT[status]) for status in refusals},
        },
    }


def _results(about: str) -> dict[str, Any]:
    return {
        "description": about,
        "headers": {"Retry-After": _RETRY_AFTER},
        "content": {JSON: {"schema": {"$ref": f"{_REF}Results"}}},
    }


def _problem(status: int, about: str) -> dict[str, Any]:
    ours = [kind for kind in DOOR_PROBLEMS if kind.status == status]
    named = {"WWW-Authenticate"} & {name for kind in ours for name in kind.headers}
    headers = {name: {"schema": {"type": "string"}} for name in named}
    return {
        "description": about,
        "headers": {**headers, "Retry-After": _RETRY_AFTER},
        "content": {"application/problem+json": {"schema": {"$ref": f"{_REF}Problem"}}},
    }


_RETRY_AFTER: Mapping[str, Any] = {
    "description": "Seconds to wait before sending again, where that is worth it.",
    "schema": {"type": "string"},
}


def _schemas() -> dict[str, Any]:
    _, made = msgspec.json.schema_components(
        [
            *(ResultsDocument, LineageDocument, ProblemDocument),
            *(ExportTraceDocument, StatusDocument),
        ],
        ref_template=f"{_REF}{{name}}",
    )
    named = {name.removesuffix(_SUFFIX): _worded(schema) for name, schema in made.items()}
    return {**named, "Event": _event()}


def _event() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "An event, as docs/contract.md describes it.",
        "required": ["detail_type", "detail"],
        "properties": {
            "detail_type": {
                "enum": [JOB_UPDATE, PROJECT_UPDATE, INCIDENT_UPDATE],
                "description": f"`{INCIDENT_UPDATE}` is a person's act on an incident.",
            },
            "detail": {
                "type": "object",
                "description": "Its fields; backend/event-schema has the schema of each type.",
            },
        },
    }


def _worded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema with the meaning of its members, and references by their published names."""
    properties = {
        name: {**_renamed(member), "description": _MEMBERS[name]}
        for name, member in schema["properties"].items()
    }
    about = " ".join(schema["description"].replace("``", "`").split())
    return {**schema, "description": about, "properties": properties}


def _renamed(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _renamed(value) for name, value in part.items()}
    if isinstance(part, list):
        return [_renamed(one) for one in part]
    is_reference = isinstance(part, str) and part.startswith(_REF)
    return part.removesuffix(_SUFFIX) if is_reference else part
