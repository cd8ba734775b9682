"""The shapes that the read API answers with. Times are RFC 3339 in UTC, ending in ``Z``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar

from msgspec import Raw, Struct

from run_ledger.domain.contract.vocabulary import JobResult, JobStatus
from run_ledger.domain.instants import MICROSECONDS, text
from run_ledger.domain.state.job import Attempt, Failure, Job

T = TypeVar("T")


class AttemptDocument(Struct, frozen=True):
    """One try at a job."""

    attempt: int
    status: JobStatus
    result: JobResult | None
    started_at: str | None
    ended_at: str | None
    duration_seconds: float | None
    error: Failure | None


class JobDocument(Struct, frozen=True):
    """A job as its events make it, and whether it has fallen silent."""

    job_id: str
    client_id: str
    project_id: str
    name: str | None
    pipeline: str
    parent_job_id: str | None
    status: JobStatus
    result: JobResult | None
    stalled: bool
    attempt: int
    stage: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    last_seen_at: str
    duration_seconds: float | None
    records_total: int | None
    counters: Mapping[str, int]
    error: Failure | None
    log_url: str | None
    tags: Mapping[str, str]
    attempts: Sequence[AttemptDocument]


class EntryDocument(Struct, frozen=True):
    """An accepted event, as it was sent."""

    event_id: str
    occurred_at: str
    received_at: str
    attempt: int
    detail_type: str
    source: str
    detail: dict[str, Any]


class RejectionDocument(Struct, frozen=True):
    """An event that broke the contract, how, and whether somebody has seen to it since."""

    rejection_id: str
    received_at: str
    status: Literal["open", "replaying", "replayed", "discarded"]
    reason: str
    field: str
    message: str
    source: str | None
    detail_type: str | None
    raw: str
    truncated: bool


class Covers(Struct, frozen=True, rename={"from_": "from"}):
    """The span of time that a page looked through, newest end ``to``; None where it is open."""

    from_: str | None
    to: str | None


class ListDocument(Struct, frozen=True):
    """A page of a list."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None


class HistoryDocument(Struct, frozen=True):
    """A page of a job's history, and what it is ordered by."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None
    order: str


def job_document(job: Job, *, last_seen_at: int, now: int) -> JobDocument:
    """Return *job* as the API shows it at *now*."""
    attempts = {number: _attempt_document(number, job.attempts[number]) for number in job.attempts}
    current = attempts[job.attempt]
    return JobDocument(
        job_id=job.job_id,
        client_id=job.client_id,
        project_id=job.project_id,
        name=job.said("name"),
        pipeline=job.pipeline,
        parent_job_id=job.said("parent_job_id"),
        status=current.status,
        result=current.result,
        stalled=job.is_stalled(last_seen_at, now),
        attempt=current.attempt,
        stage=job.said("stage"),
        created_at=text(job.created_at),
        started_at=current.started_at,
        ended_at=current.ended_at,
        last_seen_at=text(last_seen_at),
        duration_seconds=current.duration_seconds,
        records_total=job.said("records_total"),
        counters=_sorted(job.counters),
        error=current.error,
        log_url=job.said("log_url"),
        tags=_sorted(job.said("tags") or {}),
        attempts=[attempts[number] for number in sorted(attempts)],
    )


def _attempt_document(number: int, attempt: Attempt) -> AttemptDocument:
    return AttemptDocument(
        attempt=number,
        status=attempt.status,
        result=attempt.result,
        started_at=_time(attempt.started_at),
        ended_at=_time(attempt.ended_at),
        duration_seconds=None if attempt.duration is None else attempt.duration / MICROSECONDS,
        error=attempt.error,
    )


def _sorted(members: Mapping[str, T]) -> Mapping[str, T]:
    """Return *members* by name: a store gives them in any order, and the same job is one text."""
    return dict(sorted(members.items()))


def _time(instant: int | None) -> str | None:
    return None if instant is None else text(instant)
