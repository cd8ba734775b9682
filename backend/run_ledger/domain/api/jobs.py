"""What callers may ask for: query parameters, checked one by one.

Every parameter has one meaning or gives InvalidQuery, which names it: unknown and repeated ones,
and combinations that nothing can match, are a caller's mistakes and are said, not answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from msgspec import Struct

from run_ledger.domain.api.parameters import (
    CURSOR,
    Given,
    Parameter,
    check_names,
    choice,
    choices,
    flag,
    identifier,
    limit,
    moment,
    short_text,
)
from run_ledger.domain.contract.vocabulary import FAILURES, RESULTS, JobResult, JobStatus
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import MICROSECONDS, Instant, text
from run_ledger.domain.state.job import Attempt, Failure, Job

STATUSES: tuple[str, ...] = get_args(JobStatus)
MOST_JOBS, DEFAULT_JOBS = 200, 50
_CLIENT_ID = identifier("client_id", "Only jobs of this client.")
_PROJECT_ID = identifier("project_id", "Only jobs of this project.")
_PIPELINE = identifier("pipeline", "Only jobs of this pipeline.")
_PARENT = identifier("parent_job_id", "Only jobs that name this one as their parent.")
_STATUS = choice("status", "Only jobs that are in this state now.", STATUSES)
_RESULT = choices("result", "Only jobs that are completed with this result, or these.", RESULTS)
_FINGERPRINT = short_text(
    "fingerprint",
    "Only jobs that have failed or timed out with an error of this fingerprint, as `/errors` "
    "groups them; `none` for those that said no error. It is the failure that stands, that of the "
    "latest attempt: a job that was tried again is not among them, unless it failed so again.",
)


_STALLED = flag(
    "stalled",
    "Only jobs that say they run and have been silent beyond their heartbeat, or no such.",
)


_FROM = moment("from", "Only jobs created at this time or later.")
_TO = moment("to", "Only jobs created before this time.")
_ENDED_FROM = moment(
    "ended_from",
    "Only jobs that are completed and whose latest attempt ended at this time or later.",
)


_ENDED_TO = moment(
    "ended_to",
    "Only jobs that are completed and whose latest attempt ended before this time.",
)


_PREFIX = identifier("q", "Only jobs whose id begins so.")
_JOBS_LIMIT = limit(DEFAULT_JOBS, MOST_JOBS)


# What each path takes.
JOBS_PARAMETERS: tuple[Parameter[Any], ...] = (
    _CLIENT_ID,
    _PROJECT_ID,
    _PIPELINE,
    _PARENT,
    _STATUS,
    _RESULT,
    _FINGERPRINT,
    _STALLED,
    _FROM,
    _TO,
    _ENDED_FROM,
    _ENDED_TO,
    _PREFIX,
    _JOBS_LIMIT,
    CURSOR,
)


class JobsQuery(Struct, frozen=True, kw_only=True):
    """Which jobs, and which page of them."""

    client_id: str | None = None
    project_id: str | None = None
    pipeline: str | None = None
    parent_job_id: str | None = None
    status: str | None = None
    results: tuple[str, ...] | None = None
    fingerprint: str | None = None
    stalled: bool | None = None
    since: Instant | None = None
    until: Instant | None = None
    ended_since: Instant | None = None
    ended_until: Instant | None = None
    prefix: str | None = None
    limit: int = DEFAULT_JOBS
    cursor: str | None = None

    @property
    def outcomes(self) -> tuple[str, ...] | None:
        """Return the outcomes that match, None where all do."""
        if self.results is not None or self.asks_of_ends or self.status == "completed":
            wanted = self.results or RESULTS
            possible = wanted if self.fingerprint is None else FAILURES
            return tuple(result for result in wanted if result in possible)
        if self.stalled:
            return ("running",)
        return None if self.status is None else (self.status,)

    @property
    def asks_of_ends(self) -> bool:
        """Return whether it matters when or of what the jobs ended."""
        return (self.fingerprint, self.ended_since, self.ended_until) != (None, None, None)

    @property
    def before(self) -> Instant | None:
        """Return what all matching jobs were created before: none ends before it is created."""
        return min((t for t in (self.until, self.ended_until) if t is not None), default=None)

    @property
    def binding(self) -> list[Any]:
        """Return what ties a cursor to the filters; two ways to ask the same are one."""
        return [
            self.client_id,
            self.project_id,
            self.pipeline,
            self.parent_job_id,
            self.outcomes,
            self.stalled,
            self.since,
            self.until,
            self.prefix,
            self.fingerprint,
            self.ended_since,
            self.ended_until,
        ]

    def matches(self, job: Job, last_seen_at: Instant, now: Instant) -> bool:
        """Return whether *job*, seen then, is one that is asked for at *now*."""
        return (
            self.client_id in (None, job.client_id)
            and self.project_id in (None, job.project_id)
            and self.pipeline in (None, job.pipeline)
            and self.parent_job_id in (None, job.latest("parent_job_id"))
            and (self.outcomes is None or job.outcome in self.outcomes)
            and (self.stalled is None or job.is_stalled(last_seen_at, now) is self.stalled)
            and (self.since is None or job.created_at >= self.since)
            and (self.until is None or job.created_at < self.until)
            and (self.prefix is None or job.job_id.startswith(self.prefix))
            and self.fingerprint in (None, job.failure)
            and self._covers_end(job.current.ended_at)
        )

    def _covers_end(self, ended_at: Instant | None) -> bool:
        if self.ended_since is None is self.ended_until:
            return True
        return (
            ended_at is not None
            and (self.ended_since is None or ended_at >= self.ended_since)
            and (self.ended_until is None or ended_at < self.ended_until)
        )


def jobs_query(given: Given) -> JobsQuery:
    """Return the query that the parameters of a list of jobs make."""
    check_names(given, JOBS_PARAMETERS)
    query = JobsQuery(
        client_id=_CLIENT_ID.of(given),
        project_id=_PROJECT_ID.of(given),
        pipeline=_PIPELINE.of(given),
        parent_job_id=_PARENT.of(given),
        status=_STATUS.of(given),
        results=_RESULT.of(given),
        fingerprint=_FINGERPRINT.of(given),
        stalled=_STALLED.of(given),
        since=_FROM.of(given),
        until=_TO.of(given),
        ended_since=_ENDED_FROM.of(given),
        ended_until=_ENDED_TO.of(given),
        prefix=_PREFIX.of(given),
        limit=_JOBS_LIMIT.of(given) or DEFAULT_JOBS,
        cursor=CURSOR.of(given),
    )
    _check_states(query)
    _check_times(query)
    return query


def _check_states(query: JobsQuery) -> None:
    """Raise InvalidQuery where no job can be in all the states that are asked for."""
    if query.status not in (None, "completed"):
        for name, value in (
            ("result", query.results),
            ("fingerprint", query.fingerprint),
            ("ended_from", query.ended_since),
            ("ended_to", query.ended_until),
        ):
            if value is not None:
                message = f"a job that is {query.status} has none; ask for status completed"
                raise InvalidQuery(name, message)
    if query.outcomes == ():
        message = f"jobs of that result have none; ask for {' or '.join(FAILURES)}"
        raise InvalidQuery("fingerprint", message)
    if query.stalled and (query.outcomes, query.status or "running") != (("running",), "running"):
        raise InvalidQuery("stalled", "only running jobs can be; ask for status running")


def _check_times(query: JobsQuery) -> None:
    """Raise InvalidQuery where no time lies between those that are asked for."""
    for since, name, until, earlier in (
        (query.since, "to", query.until, "from"),
        (query.ended_since, "ended_to", query.ended_until, "ended_from"),
        (query.since, "ended_to", query.ended_until, "from"),
    ):
        if since is not None and until is not None and since >= until:
            raise InvalidQuery(name, f"no time lies between; allowed: a time after {earlier}")


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


def job_document(job: Job, *, last_seen_at: Instant, now: Instant) -> JobDocument:
    """Return *job* as the API shows it at *now*."""
    attempts = {number: _attempt_document(number, job.attempts[number]) for number in job.attempts}
    current = attempts[job.attempt]
    return JobDocument(
        job_id=job.job_id,
        client_id=job.client_id,
        project_id=job.project_id,
        name=job.latest("name"),
        pipeline=job.pipeline,
        parent_job_id=job.latest("parent_job_id"),
        status=current.status,
        result=current.result,
        stalled=job.is_stalled(last_seen_at, now),
        attempt=current.attempt,
        stage=job.latest("stage"),
        created_at=text(job.created_at),
        started_at=current.started_at,
        ended_at=current.ended_at,
        last_seen_at=text(last_seen_at),
        duration_seconds=current.duration_seconds,
        records_total=job.latest("records_total"),
        counters=_sorted(job.counters),
        error=current.error,
        log_url=job.latest("log_url"),
        tags=_sorted(job.latest("tags") or {}),
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


def _time(instant: Instant | None) -> str | None:
    return None if instant is None else text(instant)
