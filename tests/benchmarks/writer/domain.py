"""Measure the pure part of the ledger, without AWS."""

from __future__ import annotations

import json

from tests.benchmarks.figures import Figure, side_by_side

from run_ledger.domain.contract import events
from run_ledger.domain.state import job, rollups

EVENTS = 2_000


def envelopes() -> list[bytes]:
    """Return the events of one job as the queue delivers them: started, deltas, completed."""
    last = EVENTS - 1
    return [
        json.dumps(
            {
                "version": "0",
                "id": f"envelope-{number}",
                "detail-type": "job_update",
                "source": "benchmark",
                "time": f"2026-01-01T00:{number * 60 // EVENTS:02d}:00Z",
                "detail": {
                    "event_id": f"event-{number:06d}",
                    "job_id": "job-1",
                    "project_id": "project-1",
                    "client_id": "client-1",
                    "pipeline": "enrich",
                    "status": "completed" if number == last else "running",
                    **({"result": "succeeded"} if number == last else {}),
                    "delta": {"records_ok": 25, "llm_calls": 3, "input_tokens": 8_120},
                },
            }
        ).encode()
        for number in range(EVENTS)
    ]


def events_per_cpu_second() -> Figure:
    """Decode, check, fold and count a job's events; the baseline only parses their JSON."""
    batch = envelopes()

    def ledger() -> None:
        decoded = [events.decode(envelope) for envelope in batch]
        rollups.state_differences(None, job.fold(None, decoded))
        rollups.delta_differences(decoded)

    def parse() -> None:
        for envelope in batch:
            json.loads(envelope)

    value, baseline = side_by_side(ledger, parse, work=len(batch))
    return Figure("domain_events_per_cpu_second", value, "events/s", baseline)
