"""A job's state is a function of the set of its events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support import strategies
from tests.support.events import Envelope, decoded_all
from tests.support.recount import recount_job

from run_ledger.domain import job as jobs
from run_ledger.domain.events import Event
from run_ledger.domain.instants import text
from run_ledger.domain.job import Attempt, Failure, Job


def document(job: Job) -> dict[str, Any]:
    """Return what a fold made, in the form that a recount has."""
    attempts = [_attempt(number, job.attempts[number]) for number in sorted(job.attempts)]
    return {
        "job_id": job.job_id,
        "client_id": job.client_id,
        "project_id": job.project_id,
        "pipeline": job.pipeline,
        **{name: job.said(name) for name in jobs.JOB_SAYINGS},
        "tags": job.said("tags") or {},
        "created_at": text(job.created_at),
        "counters": dict(job.counters),
        **_attempt(job.attempt, job.current),
        "attempts": attempts,
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


def posted(batches: Iterable[Iterable[Envelope]]) -> Job:
    """Return the state after *batches*, each event id taken in once, as the writer does."""
    job: Job | None = None
    seen: set[str] = set()
    for batch in batches:
        fresh: list[Event] = []
        for event in decoded_all(batch):
            if event.event_id not in seen:
                seen.add(event.event_id)
                fresh.append(event)
        if job is not None or fresh:
            job = jobs.fold(job, fresh)
    assert job is not None
    return job


@given(strategies.job_histories())
def test_fold_agrees_with_recount(history: list[Envelope]) -> None:
    """The fold gives what the plain re-computation from scratch gives."""
    assert document(jobs.fold(None, decoded_all(history))) == recount_job(history)


@given(st.data())
def test_delivery_changes_nothing(data: st.DataObject) -> None:
    """Any order, any repetition and any split into batches give the same state."""
    history = data.draw(strategies.job_histories())
    batches = data.draw(strategies.deliveries(history))
    assert posted(batches) == jobs.fold(None, decoded_all(history))
