"""The traffic that the writer is measured with.

Its jobs belong to `CLIENTS` clients, each with a project and a pipeline of its own, unless said
otherwise. An event is about 650 bytes as the bus delivers it, and carries six counters.
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


USUAL = (
    "20 jobs of 4 clients, 10 batches of 100 events: in the first each job starts and sends 4 "
    "deltas, then 5 deltas a batch, in the last 4 and its end"
)
STERN = "20 jobs of 4 clients, 2 batches of 100 events: start and 4 deltas, 4 deltas and end"
DELTAS = "20 known jobs of 4 clients, batches of 100 events: 5 deltas each"
SCATTERED = (
    "100 jobs of 100 clients, 50 batches of 100 events, one of each job: a start, 48 deltas, an end"
)


def usual(generation: str) -> Iterator[Batch]:
    """Yield the batches of twenty whole jobs: see `USUAL`."""
    yield from lives(generation, BATCHES_A_LIFE)


def stern(generation: str) -> Iterator[Batch]:
    """Yield two batches of twenty whole jobs: every fifth event changes a job's state."""
    yield from lives(generation, 2)


def deltas_only(generation: str, batches: int) -> Iterator[Batch]:
    """Yield a batch in which twenty jobs start, and *batches* that hold only their deltas."""
    jobs = _jobs(generation, JOBS, CLIENTS)
    yield [_record(job, 0, 0, {"status": "running"}) for job in jobs]
    for batch in range(1, batches + 1):
        yield [_record(job, batch, step, {}) for step in range(EVENTS_A_JOB) for job in jobs]


def scattered(generation: str, batches: int = BATCHES_A_LIFE * EVENTS_A_JOB) -> Iterator[Batch]:
    """Yield batches in which every event is of another job and client: see `SCATTERED`."""
    jobs = _jobs(generation, BATCH, BATCH)
    for batch in range(batches):
        fields = START if batch == 0 else END if batch == batches - 1 else {}
        yield [_record(job, batch, 0, fields) for job in jobs]


def abrupt(generation: str) -> Iterator[Batch]:
    """Yield two batches over a hundred jobs of as many clients, which start and end."""
    yield from scattered(generation, 2)


def lives(generation: str, batches: int) -> Iterator[Batch]:
    """Yield so many batches in which twenty jobs start, send deltas and end."""
    jobs = _jobs(generation, JOBS, CLIENTS)
    for batch in range(batches):
        yield [
            _record(job, batch, step, _transition(batch, step, batches))
            for step in range(EVENTS_A_JOB)
            for job in jobs
        ]


def job_ids(generation: str) -> list[str]:
    """Return the ids of the twenty jobs."""
    return [job["job_id"] for job in _jobs(generation, JOBS, CLIENTS)]


def hot_start() -> dict[str, str]:
    """Return the record that starts the one job of `hot`."""
    return _record(_hot_job(), 0, 0, {"status": "running"} | {"delta": {}})


def hot(writer: int, deltas: int) -> Iterator[dict[str, str]]:
    """Yield one writer's records: *deltas* of the hot job, with ids by writer and number."""
    job = _hot_job()
    for number in range(deltas):
        serial = writer * deltas + number
        delta = {"records_ok": 1, "input_tokens": serial}
        yield _record(job, writer, 1, {"event_id": f"delta-{serial:06d}", "delta": delta})


def _hot_job() -> dict[str, str]:
    return _jobs("hot", 1, 1)[0]


START: dict[str, Any] = {"status": "running", "stage": "enrich", "records_total": 2_000}
END: dict[str, Any] = {"status": "completed", "result": "succeeded"}


def numbered_job(number: int, clients: int) -> dict[str, str]:
    """Return the identity of one of any number of jobs, which belong to so many clients in turn."""
    return _job("load", number, clients)


def event_of(job: dict[str, str], number: int, fields: dict[str, Any]) -> dict[str, str]:
    """Return the SQS record of a job's event of that *number*, up to 299, with *fields* besides."""
    return _record(job, number // EVENTS_A_JOB, number % EVENTS_A_JOB, fields)


def _transition(batch: int, step: int, batches: int) -> dict[str, Any]:
    if (batch, step) == (0, 0):
        return START
    if (batch, step) == (batches - 1, EVENTS_A_JOB - 1):
        return END
    return {}


def _jobs(generation: str, count: int, clients: int) -> list[dict[str, str]]:
    return [_job(generation, number, clients) for number in range(count)]


def _job(generation: str, number: int, clients: int) -> dict[str, str]:
    return {
        "job_id": f"enrich-2026-11-22-{generation}-{number:03d}",
        "client_id": f"client-{number % clients}",
        "project_id": f"catalogue-refresh-{number % clients}",
        "pipeline": "product-descriptions",
    }


def _record(job: dict[str, str], batch: int, step: int, fields: dict[str, Any]) -> dict[str, str]:
    """Return the SQS record of one event."""
    name = f"{job['job_id']}-{batch:02d}-{step}"
    detail: dict[str, Any] = {
        "event_id": name,
        **job,
        "occurred_at": f"2026-11-22T{14 + batch // 60}:{batch % 60:02d}:{step * 10:02d}.250Z",
        "delta": {
            "records_ok": 24 + step,
            "records_failed": 1,
            "llm_calls": 25,
            "input_tokens": 20_300 + step,
            "output_tokens": 5_120,
            "cost_microusd": 31_415,
        },
        **fields,
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
    return {"messageId": str(detail["event_id"]), "body": json.dumps(envelope)}
