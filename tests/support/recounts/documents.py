"""What the fold makes, in the form that a recount has, so that the two can be compared."""

from __future__ import annotations

from typing import Any

from tests.support.recounts.model_sums import with_other_models

from run_ledger.domain.contract.vocabulary import JOB_LATEST_FIELDS, PROJECT_LATEST_FIELDS
from run_ledger.domain.instants import Instant, text
from run_ledger.domain.state.job import Failure, Job, duration_between
from run_ledger.domain.state.project import Project


def job_document(job: Job) -> dict[str, Any]:
    """Return *job* in the form that a recount has."""
    attempts = [_attempt(job, number) for number in sorted(job.attempts)]
    current = attempts[-1]
    return {
        "job_id": job.job_id,
        "client_id": job.client_id,
        "project_id": job.project_id,
        "pipeline": job.pipeline,
        **{name: job.latest(name) for name in JOB_LATEST_FIELDS},
        "tags": job.latest("tags") or {},
        "created_at": text(job.created_at),
        "counters": dict(job.counters),
        "counters_by_model": {
            model: dict(counters)
            for model, counters in with_other_models(job.counters_by_model).items()
        },
        **{name: current[name] for name in current if name != "first_ended_at"},
        "attempts": attempts,
        "restarted_at": _text_or_none(job.restarted_at),
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


def _attempt(job: Job, number: int) -> dict[str, Any]:
    attempt = job.attempts[number]
    status, ended_at = attempt.status, attempt.ended_at
    if job.is_superseded(number):
        status, ended_at = "superseded", job.superseded_at(number)
    duration = duration_between(attempt.started_at, ended_at)
    return {
        "attempt": number,
        "status": status,
        "result": attempt.result,
        "started_at": _text_or_none(attempt.started_at),
        "ended_at": _text_or_none(ended_at),
        "first_ended_at": _text_or_none(attempt.first_ended_at),
        "duration_seconds": None if duration is None else duration / 1_000_000,
        "error": _error(attempt.error),
    }


def _text_or_none(at: Instant | None) -> str | None:
    return None if at is None else text(at)


def _error(failure: Failure | None) -> dict[str, str] | None:
    if failure is None:
        return None
    return {
        "type": failure.type,
        "message": failure.message,
        "fingerprint": failure.fingerprint,
    }
