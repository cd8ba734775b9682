"""What the fold makes, in the form that a recount has, so that the two can be compared."""

from __future__ import annotations

from typing import Any

from run_ledger.domain.contract.vocabulary import JOB_LATEST_FIELDS, PROJECT_LATEST_FIELDS
from run_ledger.domain.instants import text
from run_ledger.domain.state.job import Attempt, Failure, Job
from run_ledger.domain.state.project import Project


def job_document(job: Job) -> dict[str, Any]:
    """Return *job* in the form that a recount has."""
    return {
        "job_id": job.job_id,
        "client_id": job.client_id,
        "project_id": job.project_id,
        "pipeline": job.pipeline,
        **{name: job.latest(name) for name in JOB_LATEST_FIELDS},
        "tags": job.latest("tags") or {},
        "created_at": text(job.created_at),
        "counters": dict(job.counters),
        **_attempt(job.attempt, job.current),
        "attempts": [_attempt(number, job.attempts[number]) for number in sorted(job.attempts)],
    }


def project_document(project: Project) -> dict[str, Any]:
    """Return *project* in the form that a recount has."""
    due_at = project.latest("due_at")
    return {
        "project_id": project.project_id,
        "client_id": project.client_id,
        **{name: project.latest(name) for name in PROJECT_LATEST_FIELDS},
        "tags": project.latest("tags") or {},
        "due_at": None if due_at is None else text(due_at),
        "created_at": text(project.created_at),
        "counters": dict(project.counters),
    }


def _attempt(number: int, attempt: Attempt) -> dict[str, Any]:
    return {
        "attempt": number,
        "status": attempt.status,
        "result": attempt.result,
        "started_at": None if attempt.started_at is None else text(attempt.started_at),
        "ended_at": None if attempt.ended_at is None else text(attempt.ended_at),
        "duration_seconds": None if attempt.duration is None else attempt.duration / 1_000_000,
        "error": _error(attempt.error),
    }


def _error(failure: Failure | None) -> dict[str, str] | None:
    if failure is None:
        return None
    return {
        "type": failure.type,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
    }
