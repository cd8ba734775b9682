"""What the fold makes, in the form that a recount has, so that the two can be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from tests.support.events import Envelope, decoded_all

from run_ledger.domain.contract import JOB_SAYINGS
from run_ledger.domain.events import Event
from run_ledger.domain.instants import text
from run_ledger.domain.job import Attempt, Failure, Job
from run_ledger.domain.project import Project

State = TypeVar("State")


def job_document(job: Job) -> dict[str, Any]:
    """Return what a recount of the events of *job* must give."""
    return {
        "job_id": job.job_id,
        "client_id": job.client_id,
        "project_id": job.project_id,
        "pipeline": job.pipeline,
        **{field: job.said(field) for field in JOB_SAYINGS},
        "tags": job.said("tags") or {},
        "created_at": text(job.created_at),
        "counters": dict(job.counters),
        **_attempt(job.attempt, job.current),
        "attempts": [_attempt(number, job.attempts[number]) for number in sorted(job.attempts)],
    }


def project_document(project: Project) -> dict[str, Any]:
    """Return what a recount of the events of *project* must give."""
    due_at = project.said("due_at")
    return {
        "project_id": project.project_id,
        "client_id": project.client_id,
        "name": project.said("name"),
        "owner": project.said("owner"),
        "due_at": None if due_at is None else text(due_at),
        "jobs_expected": project.said("jobs_expected"),
        "status": project.said("status"),
        "tags": project.said("tags") or {},
        "created_at": text(project.created_at),
        "counters": dict(project.counters),
    }


def posted(
    fold: Callable[[State | None, list[Event]], State], batches: Iterable[Iterable[Envelope]]
) -> State:
    """Return the state after *batches*, with each event id taken in once, as the writer does."""
    state: State | None = None
    seen: set[str] = set()
    for batch in batches:
        fresh = []
        for event in decoded_all(batch):
            if event.event_id not in seen:
                seen.add(event.event_id)
                fresh.append(event)
        if state is not None or fresh:
            state = fold(state, fresh)
    assert state is not None
    return state


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
