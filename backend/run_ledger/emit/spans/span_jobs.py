"""Whose work a span is, by attributes of the span or of its resource.

| attribute | says | otherwise |
|---|---|---|
| `run_ledger.job_id` | the job; `{trace_id}` stands for the trace's id | the span can't count |
| `run_ledger.project_id` | the project | `service.namespace`, `service.name` |
| `run_ledger.pipeline` | the pipeline | the contract's default |
| `run_ledger.client_id` | the client | the only one that the caller may report for |
| `run_ledger.attempt` | the attempt's number | 1 |
| `run_ledger.parent_job_id` | the job that a run is a part of | none |
| `run_ledger.name` | a run's name for people | the span's name |
| `run_ledger.result` | what became of a run | `failed` where its status is an error |

A span's own attributes come before those of its resource. OpenLLMetry writes properties of its own
with a prefix, which is read, too. A span can't ask those above it, as they come later, in other
requests: so what holds for all spans of a job stands on each of them, or on the resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.domain.contract.vocabulary import (
    ALLOWED,
    IDENTIFIER_ALLOWED,
    RESULTS,
    is_identifier,
)
from run_ledger.domain.exceptions import shown
from run_ledger.emit.counting.told_errors import error_members
from run_ledger.emit.identity.identifiers import to_identifier

from .received_spans import Attributes, ReceivedSpan, SpanKind, StatusCode, UnusableSpan

PREFIX = "run_ledger."
_PREFIXES = (PREFIX, f"traceloop.association.properties.{PREFIX}")
TRACE_ID = "{trace_id}"
_NO_NAME = "unknown_service"  # what an SDK says of a service without a name
_CALLS_OF_OTHERS = frozenset({SpanKind.CLIENT, SpanKind.PRODUCER})


def identity_of(span: ReceivedSpan, only_client: str) -> dict[str, Any]:
    """Return the fields of an event that say which attempt at which job a span belongs to.

    *only_client* is the client of a span that names none, empty for no such client. Raises
    UnusableSpan where a field is missing or wrong.
    """
    job_id = _said(span, "job_id")
    if not job_id:
        raise UnusableSpan(
            f"the span has no {PREFIX}job_id; allowed: a job's id as an attribute of the span or "
            f"its resource, in which {TRACE_ID} stands for the trace's id"
        )
    client_id = _said(span, "client_id") or only_client
    if not is_identifier(client_id):
        raise UnusableSpan(
            f"{PREFIX}client_id is {client_id!r:.80}; allowed: {IDENTIFIER_ALLOWED}, "
            "of a client that this caller may report for"
        )
    project_id = _said(span, "project_id") or _service(span.resource)
    if not project_id:
        raise UnusableSpan(
            f"the span has no {PREFIX}project_id; allowed: a project's id as an attribute of the "
            "span or its resource, or a service.name"
        )
    found: dict[str, Any] = {
        "job_id": to_identifier(job_id.replace(TRACE_ID, span.trace_id)),
        "project_id": to_identifier(project_id),
        "client_id": client_id,
    }
    if pipeline := _said(span, "pipeline"):
        found["pipeline"] = to_identifier(pipeline)
    if attempt := _said(span, "attempt"):
        found["attempt"] = _attempt(attempt)
    return found


def is_run(span: ReceivedSpan) -> bool:
    """Return whether a span is its job's run from start to end, if it is no call of a model.

    That is the root of a trace that names the job itself, or whose job is the trace. A call of
    another system is none, as it has no parent where a program begins no span of its own.
    """
    if span.parent_id.strip("0") or span.kind in _CALLS_OF_OTHERS:
        return False
    return bool(_in(span.attributes, "job_id")) or TRACE_ID in _said(span, "job_id")


def beginning_of(span: ReceivedSpan) -> dict[str, Any]:
    """Return the fields of the event that begins a run."""
    found: dict[str, Any] = {"status": "running", "name": _said(span, "name") or span.name}
    if parent := _said(span, "parent_job_id"):
        found["parent_job_id"] = to_identifier(parent.replace(TRACE_ID, span.trace_id))
    return found


def end_of(span: ReceivedSpan) -> dict[str, Any]:
    """Return the fields of the event that ends a run; raise UnusableSpan for an unknown result."""
    has_failed = span.status.status_code is StatusCode.ERROR
    result = _in(span.attributes, "result") or ("failed" if has_failed else "succeeded")
    if result not in RESULTS:
        raise UnusableSpan(f"{PREFIX}result is {shown(result)}; allowed: one of {RESULTS}")
    found: dict[str, Any] = {"status": "completed", "result": result}
    if has_failed and result != "succeeded":
        found["error"] = _error(span)
    return found


def _error(span: ReceivedSpan) -> Mapping[str, str]:
    told = [event.attributes for event in span.events if event.name == "exception"]
    last: Attributes = told[-1] if told else {}
    kind = last.get("exception.type") or span.attributes.get("error.type") or "Error"
    return error_members(kind, last.get("exception.message") or span.status.description)


def _attempt(text: str) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(2**53))
    if not is_number or not 1 <= int(text) <= 2**53:
        raise UnusableSpan(f"{PREFIX}attempt is {text!r:.80}; allowed: {ALLOWED['attempt']}")
    return int(text)


def _said(span: ReceivedSpan, name: str) -> str:
    return _in(span.attributes, name) or _in(span.resource, name)


def _in(attributes: Attributes, name: str) -> str:
    """Return an attribute of ours as text; empty where it has none.

    Programs without integers, as those in Lua, write 2 as 2.0.
    """
    for prefix in _PREFIXES:
        value = attributes.get(prefix + name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is not None:
            return str(value).strip()
    return ""


def _service(resource: Attributes) -> str:
    for name in ("service.namespace", "service.name"):
        value = resource.get(name)
        if isinstance(value, str) and value.strip() and not value.startswith(_NO_NAME):
            return value
    return ""
