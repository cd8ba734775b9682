"""A job, and how its events are told."""

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
    """Tells a job's events one by one, numbering them."""

    def __init__(self, job: SimulatedJob) -> None:
        self.job = job
        self.events: list[DemoEvent] = []

    def queued(self, at: datetime, attempt: int = 1, **fields: Any) -> None:
        """Tell that an attempt waits for its turn, and what the job is."""
        job = self.job
        about: dict[str, Any] = {
            "name": job.name,
            "heartbeat_seconds": job.heartbeat_seconds,
            "tags": TAGS | {"model": job.pipeline.model.name},
        }
        if job.parent_job_id is not None:
            about["parent_job_id"] = job.parent_job_id
        self.tell(at, attempt, status="queued", **about, **fields)

    def running(self, at: datetime, attempt: int = 1, **fields: Any) -> None:
        """Tell that an attempt is at work, and where it writes its log."""
        log_url = f"https://logs.run-ledger.example/demo/{self.job.job_id}/{attempt}"
        self.tell(at, attempt, status="running", log_url=log_url, **fields)

    def completed(
        self, at: datetime, attempt: int, result: str, error: dict[str, str] | None, **fields: Any
    ) -> None:
        """Tell how an attempt ended."""
        if error is not None:
            fields["error"] = error
        self.tell(at, attempt, status="completed", result=result, **fields)

    def tell(self, at: datetime, attempt: int, **fields: Any) -> None:
        """Tell anything else."""
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
