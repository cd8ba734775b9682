"""Builders of EventBridge events: plain dictionaries, as the bus delivers them.

An *envelope* is the whole event as a dictionary. `text` returns its JSON, and `decoded` the `Event`
that the domain reads from that.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from run_ledger.domain.contract.events import Event, decode

Envelope = dict[str, Any]

JOB_ID = "job-1"
PROJECT_ID = "project-1"
CLIENT_ID = "client-1"
TIME = "2026-11-22T14:15:00Z"
SOURCE = "pipelines.test"


def envelope(
    detail: Any,
    *,
    detail_type: str = "job_update",
    envelope_id: str | None = None,
    time: str = TIME,
    source: str = SOURCE,
) -> Envelope:
    """Return an envelope around *detail*, with every field that the bus itself sets."""
    return {
        "version": "0",
        "id": envelope_id or str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": time,
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }


def job_detail(**fields: Any) -> dict[str, Any]:
    """Return the smallest valid detail of a job_update, with *fields* added or replaced."""
    return {"job_id": JOB_ID, "project_id": PROJECT_ID, "client_id": CLIENT_ID, **fields}


def project_detail(**fields: Any) -> dict[str, Any]:
    """Return the smallest valid detail of a project_update, with *fields* added or replaced."""
    return {"project_id": PROJECT_ID, "client_id": CLIENT_ID, **fields}


def job_update(
    *,
    envelope_id: str | None = None,
    time: str = TIME,
    source: str = SOURCE,
    **fields: Any,
) -> Envelope:
    """Return the envelope of a job_update whose detail has *fields*."""
    return envelope(job_detail(**fields), envelope_id=envelope_id, time=time, source=source)


def project_update(
    *,
    envelope_id: str | None = None,
    time: str = TIME,
    source: str = SOURCE,
    **fields: Any,
) -> Envelope:
    """Return the envelope of a project_update whose detail has *fields*."""
    return envelope(
        project_detail(**fields),
        detail_type="project_update",
        envelope_id=envelope_id,
        time=time,
        source=source,
    )


def without(content: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return *content* without the members *names*."""
    return {name: value for name, value in content.items() if name not in names}


def text(content: Any) -> str:
    """Return the JSON of *content*, as an SQS body or an invocation payload holds it."""
    return json.dumps(content)


def decoded(one: Envelope) -> Event:
    """Return the `Event` that the domain reads from an envelope's JSON."""
    return decode(text(one))


def decoded_all(envelopes: Iterable[Envelope]) -> list[Event]:
    """Return the `Event` of each of *envelopes*."""
    return [decoded(one) for one in envelopes]
