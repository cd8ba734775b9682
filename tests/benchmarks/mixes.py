"""The traffic that the writer is measured with.

Jobs belong to `CLIENTS` clients, each with a project and a pipeline of its own. A job of the usual
mix takes part in ten batches: in the first it starts and sends four deltas, in eight it sends five
deltas, in the last it sends four and completes. The stern mix is its first and last batch alone, so
that every fifth event changes a job's state.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

JOBS = 20
EVENTS_A_JOB = 5
BATCH = JOBS * EVENTS_A_JOB
BATCHES_A_LIFE = 10
CLIENTS = 4

Batch = list[dict[str, str]]


def usual(generation: str) -> Iterator[Batch]:
    """Yield the ten batches in which twenty jobs live."""
    jobs = _jobs(generation, JOBS)
    for batch in range(BATCHES_A_LIFE):
        yield [
            _record(job, batch, step, _transition(batch, step, BATCHES_A_LIFE))
            for step in range(EVENTS_A_JOB)
            for job in jobs
        ]


def stern(generation: str) -> Iterator[Batch]:
    """Yield two batches: twenty jobs start, and end."""
    jobs = _jobs(generation, JOBS)
    for batch in range(2):
        yield [
            _record(job, batch, step, _transition(batch, step, 2))
            for step in range(EVENTS_A_JOB)
            for job in jobs
        ]


def deltas_only(generation: str, batches: int) -> Iterator[Batch]:
    """Yield a batch in which twenty jobs start, and then *batches* with nothing but deltas."""
    jobs = _jobs(generation, JOBS)
    yield [_record(job, 0, 0, {"status": "running"}) for job in jobs]
    for batch in range(1, batches + 1):
        yield [_record(job, batch, step, {}) for step in range(EVENTS_A_JOB) for job in jobs]


def scattered(generation: str) -> Iterator[Batch]:
    """Yield three batches over a hundred jobs, each with an event of each: start, delta, end."""
    jobs = _jobs(generation, BATCH)
    for batch, fields in enumerate((_START, {}, _END)):
        yield [_record(job, batch, 0, fields) for job in jobs]


_START: dict[str, Any] = {"status": "running", "stage": "enrich", "records_total": 2_000}
_END: dict[str, Any] = {"status": "completed", "result": "succeeded"}


def _transition(batch: int, step: int, batches: int) -> dict[str, Any]:
    if (batch, step) == (0, 0):
        return _START
    if (batch, step) == (batches - 1, EVENTS_A_JOB - 1):
        return _END
    return {}


def _jobs(generation: str, count: int) -> list[dict[str, str]]:
    return [
        {
            "job_id": f"enrich-2026-11-22-{generation}-{number:03d}",
            "client_id": f"client-{number % CLIENTS}",
            "project_id": f"catalogue-refresh-{number % CLIENTS}",
            "pipeline": "product-descriptions",
        }
        for number in range(count)
    ]


def _record(job: dict[str, str], batch: int, step: int, fields: dict[str, Any]) -> dict[str, str]:
    """Return the SQS record of one event, about 700 bytes as the bus delivers it."""
    name = f"{job['job_id']}-{batch:02d}-{step}"
    detail = {
        "event_id": name,
        **job,
        "occurred_at": f"2026-11-22T14:{batch:02d}:{step * 10:02d}.250Z",
        **fields,
        "delta": {
            "records_ok": 24 + step,
            "records_failed": 1,
            "llm_calls": 25,
            "input_tokens": 20_300 + step,
            "output_tokens": 5_120,
            "cost_microusd": 31_415,
        },
    }
    envelope = {
        "version": "0",
        "id": "7c1f0a52-5b1e-4f6f-9a43-0d1f6a2b3c4d",
        "detail-type": "job_update",
        "source": "pipelines.enrichment",
        "account": "123456789012",
        "time": "2026-11-22T14:15:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    }
    return {"messageId": name, "body": json.dumps(envelope)}
