"""The events of one made-up job."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from run_ledger_ops.demo.past.catalogue import Pipeline
from run_ledger_ops.demo.reporting.demo_events import TAGS, DemoEvent, rfc3339


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """What stays the same over a job's life."""

    job_id: str
    project_id: str
    client_id: str
    pipeline: Pipeline
    name: str
    heartbeat_seconds: int
    parent_job_id: str | None = None


class JobEvents:
    """A job's events in their order, each with a number in its id."""

    def __init__(self, job: SimulatedJob) -> None:
        self.job = job
        self.events: list[DemoEvent] = []

    def queued(self, at: datetime, attempt: int = 1, **fields: Any) -> None:
        """Add: an attempt waits for its turn; the event says what the job is, too."""
        job = self.job
        about: dict[str, Any] = {
            "name": job.name,
            "heartbeat_seconds": job.heartbeat_seconds,
            "tags": TAGS | {"model": job.pipeline.model.name},
        }
        if job.parent_job_id is not None:
            about["parent_job_id"] = job.parent_job_id
        self.add(at, attempt, status="queued", **about, **fields)

    def running(self, at: datetime, attempt: int = 1, **fields: Any) -> None:
        """Add: an attempt is at work; the event says where its log is, too."""
        log_url = f"https://logs.run-ledger.example/demo/{self.job.job_id}/{attempt}"
        self.add(at, attempt, status="running", log_url=log_url, **fields)

    def completed(
        self, at: datetime, attempt: int, result: str, error: dict[str, str] | None, **fields: Any
    ) -> None:
        """Add: an attempt ended, with this result, and by this error if there was one."""
        if error is not None:
            fields["error"] = error
        self.add(at, attempt, status="completed", result=result, **fields)

    def add(self, at: datetime, attempt: int, **fields: Any) -> None:
        """Add an event with these fields, and with the next number in its id."""
        job = self.job
        detail = {
            "schema_version": 1,
            "event_id": f"{job.job_id}:{len(self.events) + 1:04d}",
            "occurred_at": rfc3339(at),
            "job_id": job.job_id,
            "project_id": job.project_id,
            "client_id": job.client_id,
            "pipeline": job.pipeline.name,
            "attempt": attempt,
            **fields,
        }
        self.events.append(DemoEvent(at, "job_update", detail))
