"""The examples of the OpenAPI document: requests to a reader of a small known ledger.

``python -m tests.support.readers.api_examples`` asks them and writes ``backend/openapi.json``, and
beside it ``backend/intake-openapi.json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.support.dynamo.stand_in import client_error
from tests.support.events.builders import Envelope, job_update, project_update, without
from tests.support.readers.declared import configure, declare
from tests.support.readers.reading import STAFF, House, house
from tests.support.recounts.proofs import keep_proof
from tests.support.recounts.told_incidents import keep_incidents

from run_ledger.openapi.document import Example, file_text
from run_ledger.openapi.intake_document import intake_file_text
from run_ledger.read.gateway.description import DESCRIPTION

FILE = Path(__file__).resolve().parents[3] / "backend" / "openapi.json"
INTAKE_FILE = FILE.with_name("intake-openapi.json")
JOB = {"job_id": "enrich-2026-11-22"}
CLIENT = {"client_id": "acme"}
INCIDENT = {"incident_id": "c7d297f4330b6662128dbd0c56102d53"}
PROBE = {"probe_id": "3Jc9mB0yQkWv6sXe_4tLhA"}

# What each path is asked; a path that the reader gains needs a line here.
REQUESTS: Mapping[str, tuple[tuple[Mapping[str, str], Mapping[str, Any]], ...]] = {
    "/jobs": (({}, {"client_id": "acme", "limit": 1}), ({}, {"result": "cancelled"})),
    "/jobs/{job_id}": ((JOB, {}),),
    "/jobs/{job_id}/entries": ((JOB, {"limit": 2}), (JOB, {"order": "newest", "limit": 1})),
    "/probes/{probe_id}": ((PROBE, {}),),
    "/proof": (({}, {}),),
    "/projects": (({}, {"client_id": "acme"}),),
    "/projects/{project_id}": (({"project_id": "crm-refresh"}, {}),),
    "/clients": (({}, {}),),
    "/clients/{client_id}": ((CLIENT, {}),),
    "/clients/{client_id}/config": ((CLIENT, {}),),
    "/overview": (({}, {"client_id": "acme"}),),
    "/errors": (({}, {}),),
    "/incidents": (({}, {"state": "open"}), ({}, {"state": "closed", "limit": 1})),
    "/incidents/{incident_id}": ((INCIDENT, {}),),
    "/rejections": (({}, {}),),
    "/trends": (
        ({}, {"interval": "hour", "group_by": "client"}),
        ({}, {"interval": "hour", "group_by": "model", "client_id": "acme"}),
    ),
    DESCRIPTION: (({}, {}),),
}
STRANGER = {"username": "u-3"}
# What is refused: whose request it is, what is asked.
REFUSED: tuple[tuple[Mapping[str, Any], str, Mapping[str, str], Mapping[str, Any]], ...] = (
    (STAFF, "/jobs", {}, {"limit": 1_000}),
    (STAFF, "/jobs", {}, {"cursor": "AAAA"}),
    ({**STAFF, "token_use": "id"}, "/jobs", {}, {}),
    (STRANGER, "/jobs", {}, {}),
    ({**STAFF, "scope": "openid"}, "/jobs", {}, {}),
    (STAFF, "/jobs/{job_id}", {"job_id": "no-such-job"}, {}),
)


def examples() -> list[Example]:
    """Return the answers of a reader to all requests."""
    with house() as here:
        _fill(here)
        return [*_answered(here), *_refused(here)]


def _answered(here: House) -> Iterator[Example]:
    for path, requests in REQUESTS.items():
        if path == DESCRIPTION:
            continue  # its answer holds all examples, and so can't be one
        for in_path, query in requests:
            reply = here.get(path, path=in_path, **query)
            assert reply.status == 200, reply.body
            yield Example(path, 200, _written(path, in_path, query), reply.json)


def _refused(here: House) -> Iterator[Example]:
    for asking, path, in_path, query in REFUSED:
        reply = here.get(path, asking, path=in_path, **query)
        yield Example(path, reply.status, _written(path, in_path, query), reply.json)
    here.counting.interfere = _throttled
    reply = here.get("/jobs")
    yield Example("/jobs", reply.status, "/jobs", reply.json)


def _throttled(number: int, name: str, call: Callable[[], Any]) -> Any:
    raise client_error("ThrottlingException", "slow down", name)


def _fill(here: House) -> None:
    """Declare a client, and post what pipelines of two reported on the day of the examples."""
    declare(
        here.client,
        "acme",
        name="Acme Tools",
        description="Product data, four markets.",
        contact="data@acme.example",
        tags={"tier": "gold"},
    )
    configure(here.client, "acme", "model", value="small", description="Which model answers.")
    configure(here.client, "acme", "model_key", secret_ref="not shown")
    here.keep_probe(PROBE["probe_id"], sent_at=here.now - 1_200_000)
    keep_proof(here.client, here.now, {"acme": 41, "globex": 7}, ("acme", "enrich-2026-11-21"))
    incidents = (INCIDENT["incident_id"], INCIDENT["incident_id"][::-1])
    keep_incidents(here.client, "acme", here.now, incidents)
    here.post(
        project_update(
            project_id="crm-refresh",
            client_id="acme",
            event_id="1",
            occurred_at="2026-11-20T09:00:00Z",
            name="CRM refresh",
            owner="ana@acme.example",
            status="active",
            due_at="2026-12-01T00:00:00Z",
            jobs_expected=12,
        ),
        *(_said(number, **fields) for number, fields in enumerate(_LIFE, start=1)),
        job_update(
            job_id="crawl-7",
            client_id="globex",
            project_id="catalogue",
            pipeline="crawl",
            event_id="1",
            occurred_at="2026-11-22T13:10:00Z",
            status="completed",
            result="cancelled",
        ),
        {**_said(9), "detail": without(_said(9)["detail"], "client_id")},
    )


def _said(number: int, **fields: Any) -> Envelope:
    detail = {
        **JOB,
        "client_id": "acme",
        "project_id": "crm-refresh",
        "pipeline": "entity-resolution",
        "event_id": f"event-{number}",
        "occurred_at": f"2026-11-22T14:{10 * number:02d}:00Z",
        **fields,
    }
    return job_update(source="pipelines.acme", envelope_id=f"bus-{number}", **detail)


_LIFE: tuple[dict[str, Any], ...] = (
    {"status": "running", "name": "Match the CRM", "records_total": 1_200, "tags": {"team": "crm"}},
    {
        "stage": "matching",
        "delta": {"records_ok": 640},
        "delta_by_model": {
            "small-2": {"llm_calls": 640, "input_tokens": 70_000, "cost_microusd": 140_000},
            "vendor/large-4": {"llm_calls": 32, "input_tokens": 11_200, "cost_microusd": 272_000},
        },
        "log_url": "https://logs.example.com/enrich-2026-11-22",
    },
    {
        "status": "completed",
        "result": "failed",
        "error": {"type": "RateLimit", "message": "429 from the model, 5 tries"},
        "delta": {"records_ok": 12, "records_failed": 3},
    },
    {"attempt": 2, "status": "running"},
)


def _written(path: str, in_path: Mapping[str, str], query: Mapping[str, Any]) -> str:
    filled = path.format(**in_path)
    return f"{filled}?{urlencode(query)}" if query else filled


def main() -> None:
    """Write the documents anew."""
    FILE.write_text(file_text(examples()), encoding="utf-8")
    INTAKE_FILE.write_text(intake_file_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
