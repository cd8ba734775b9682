"""Jobs: the query of their list, and the shapes of a job and its attempts.

Every parameter has one meaning or gives InvalidQuery, which names it. Parameters that no job can
match together are a caller's mistake: they are refused, not answered with an empty list.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import FAILURES, RESULTS, JobResult, JobStatus
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import MICROSECONDS, Instant, text, text_or_none
from run_ledger.domain.state.job import Failure, Job, duration_between, failure_group

from .base_query import ListQuery, declared, filtered, page_limit
from .parameters import (
    QueryParameter,
    choice,
    choices,
    flag,
    identifier,
    order,
    short_text,
    tag_text,
    time_or_date,
)

T = TypeVar("T")
MEASURES = ("duration", "cost")


def _filter(
    parameter: QueryParameter[T], matches: Callable[[JobDocument, T], bool], meaning: str = ""
) -> T | None:
    return filtered(parameter, matches, meaning=meaning)


@dataclass(frozen=True, kw_only=True)
class JobsQuery(ListQuery):
    """The query of the list of jobs. A job must match all filters that are set.

    A filter that rows of an index can show needs a line in `run_ledger.store.lists.job_plans`,
    too: without it, rows are read whose jobs are left out afterwards.
    """

    limit: int = page_limit(50, 200)
    client_id: str | None = _filter(
        identifier("client_id", "Only jobs of this client."),
        lambda job, client_id: job.client_id == client_id,
    )
    project_id: str | None = _filter(
        identifier("project_id", "Only jobs of this project."),
        lambda job, project_id: job.project_id == project_id,
    )
    pipeline: str | None = _filter(
        identifier("pipeline", "Only jobs of this pipeline."),
        lambda job, pipeline: job.pipeline == pipeline,
    )
    parent_job_id: str | None = _filter(
        identifier("parent_job_id", "Only jobs that name this one as their parent."),
        lambda job, parent: job.parent_job_id == parent,
    )
    status: str | None = _filter(
        choice("status", "Only jobs that are in this state now.", get_args(JobStatus)),
        lambda job, status: job.status == status,
        meaning="outcomes",
    )
    results: tuple[str, ...] | None = _filter(
        choices("result", "Only jobs that are completed with this result, or these.", RESULTS),
        lambda job, results: job.result in results,
        meaning="outcomes",
    )
    fingerprint: str | None = _filter(
        short_text(
            "fingerprint",
            "Only jobs whose latest attempt has failed or timed out with an error of this "
            "fingerprint, as `/errors` groups them; `none` for those that reported no error. A job "
            "that was tried again is not among them, unless its latest attempt failed so, too.",
        ),
        lambda job, fingerprint: failure_group(job.result, job.error) == fingerprint,
    )
    stalled: bool | None = _filter(
        flag(
            "stalled",
            "`true`: only running jobs that have been silent for longer than their heartbeat "
            "allows. `false`: only other jobs.",
        ),
        lambda job, stalled: job.stalled is stalled,
    )
    since: Instant | None = _filter(
        time_or_date("from", "Only jobs created at this time or later."),
        lambda job, since: job.created_at >= text(since),
    )
    until: Instant | None = _filter(
        time_or_date("to", "Only jobs created before this time."),
        lambda job, until: job.created_at < text(until),
    )
    ended_since: Instant | None = _filter(
        time_or_date(
            "ended_from", "Only completed jobs whose latest attempt ended at this time or later."
        ),
        lambda job, since: job.ended_at is not None and job.ended_at >= text(since),
    )
    ended_until: Instant | None = _filter(
        time_or_date(
            "ended_to", "Only completed jobs whose latest attempt ended before this time."
        ),
        lambda job, until: job.ended_at is not None and job.ended_at < text(until),
    )
    tag: str | None = _filter(
        tag_text(
            "tag",
            "Only jobs that have this tag: its name, a colon and its whole value. Case counts. "
            "Any colon may be the one between them: `a:b:c` is `b:c` of the tag `a`, or `c` of the "
            "tag `a:b`. One tag can be asked for.",
        ),
        lambda job, tag: any(f"{name}:{value}" == tag for name, value in job.tags.items()),
    )
    text: str | None = _filter(
        short_text("q", "Only jobs with this text in their id or name, in any case."),
        lambda job, text: contains(job.job_id, text) or contains(job.name or "", text),
    )
    sort: str | None = declared(
        order(
            "sort",
            "`created`: newest first, the usual order. `duration`, `cost`: the longest or dearest "
            "first, those without a duration or cost last. A page has the first `limit` of the "
            "jobs that it looked through, which `covers` tells, and no page has the others. When "
            "`next_cursor` is null, all have been looked through, and the first `limit` of all "
            "pages together are the first of all jobs that match. Give all pages the same `limit`.",
            "created",
            MEASURES,
        )
    )

    @cached_property
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
    def asks_of_items(self) -> bool:
        """Return whether only jobs' items tell which jobs are asked for: rows never show it."""
        return (self.tag, self.text, self.sort) != (None, None, None)

    @property
    def asks_of_ends(self) -> bool:
        """Return whether a filter is about when a job ended, or about the error it ended with."""
        return (self.fingerprint, self.ended_since, self.ended_until) != (None, None, None)

    @property
    def before(self) -> Instant | None:
        """Return the time before which all matching jobs were created, None where it is open.

        No job ends before it is created.
        """
        return min((t for t in (self.until, self.ended_until) if t is not None), default=None)

    def check(self) -> None:
        """Raise InvalidQuery where no job can match all filters."""
        self._check_states()
        self._check_times()

    def _check_states(self) -> None:
        if self.status not in (None, "completed"):
            for name, value in (
                ("result", self.results),
                ("fingerprint", self.fingerprint),
                ("ended_from", self.ended_since),
                ("ended_to", self.ended_until),
            ):
                if value is not None:
                    message = f"a job that is {self.status} has none; ask for status completed"
                    raise InvalidQuery(name, message)
        if self.outcomes == ():
            message = f"jobs of that result have none; ask for {' or '.join(FAILURES)}"
            raise InvalidQuery("fingerprint", message)
        if self.stalled and (self.outcomes, self.status or "running") != (("running",), "running"):
            raise InvalidQuery("stalled", "only running jobs can be; ask for status running")

    def _check_times(self) -> None:
        for since, name, until, earlier in (
            (self.since, "to", self.until, "from"),
            (self.ended_since, "ended_to", self.ended_until, "ended_from"),
            (self.since, "ended_to", self.ended_until, "from"),
        ):
            if since is not None and until is not None and since >= until:
                raise InvalidQuery(name, f"no time lies between; allowed: a time after {earlier}")


AttemptStatus = Literal["queued", "running", "completed", "superseded"]


class AttemptDocument(Struct, frozen=True):
    """One attempt at a job.

    An attempt that never ended and that a later one follows is ``superseded``: it ends where the
    next one begins, without a result.
    """

    attempt: int
    status: AttemptStatus
    result: JobResult | None
    started_at: str | None
    ended_at: str | None
    first_ended_at: str | None
    duration_seconds: float | None
    error: Failure | None


class JobDocument(Struct, frozen=True):
    """A job's state by all its events, and whether it is stalled."""

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
    restarted_at: str | None
    counters_by_model: Mapping[str, Mapping[str, int]]


def job_document(job: Job, *, last_seen_at: Instant, now: Instant) -> JobDocument:
    """Return *job* as the API shows it at *now*."""
    attempts = [_attempt_document(job, number) for number in sorted(job.attempts)]
    current = job.current
    latest = {field: known.value for field, known in job.latest_values.items()}
    return JobDocument(
        job_id=job.job_id,
        client_id=job.client_id,
        project_id=job.project_id,
        name=latest.get("name"),
        pipeline=job.pipeline,
        parent_job_id=latest.get("parent_job_id"),
        status=current.status,
        result=current.result,
        stalled=job.is_stalled(last_seen_at, now),
        attempt=job.attempt,
        stage=latest.get("stage"),
        created_at=text(job.created_at),
        started_at=attempts[-1].started_at,
        ended_at=attempts[-1].ended_at,
        last_seen_at=text(last_seen_at),
        duration_seconds=attempts[-1].duration_seconds,
        records_total=latest.get("records_total"),
        counters=_sorted(job.counters),
        error=current.error,
        log_url=latest.get("log_url"),
        tags=_sorted(latest.get("tags", {})),
        attempts=attempts,
        restarted_at=text_or_none(job.restarted_at),
        counters_by_model=_sorted(
            {model: _sorted(mine) for model, mine in job.counters_by_model.items()}
        ),
    )


def first_by(measure: str, jobs: Sequence[JobDocument], limit: int) -> list[JobDocument]:
    """Return the *limit* longest or dearest of *jobs*, the first of these first.

    Of equal ones the newest comes first. Those without a duration or a cost come last.
    """

    def place(job: JobDocument) -> tuple[bool, float, str, str]:
        value = job.duration_seconds if measure == "duration" else job.counters.get("cost_microusd")
        return value is not None, value or 0, job.created_at, job.job_id

    return sorted(jobs, key=place, reverse=True)[:limit]


def contains(text: str, part: str) -> bool:
    """Return whether *part* stands in *text*, in any case and any of Unicode's forms."""
    return _folded(part) in _folded(text)


def _folded(text: str) -> str:
    """Return *text* by Unicode's canonical caseless matching, composed so that no letter is cut."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())


def _attempt_document(job: Job, number: int) -> AttemptDocument:
    attempt = job.attempts[number]
    is_superseded = job.is_superseded(number)
    ended_at = job.superseded_at(number) if is_superseded else attempt.ended_at
    duration = duration_between(attempt.started_at, ended_at)
    return AttemptDocument(
        attempt=number,
        status="superseded" if is_superseded else attempt.status,
        result=attempt.result,
        error=attempt.error,
        duration_seconds=None if duration is None else duration / MICROSECONDS,
        started_at=text_or_none(attempt.started_at),
        ended_at=text_or_none(ended_at),
        first_ended_at=text_or_none(attempt.first_ended_at),
    )


def _sorted(members: Mapping[str, T]) -> Mapping[str, T]:
    """Return *members* sorted by name, so that the same job is always the same text."""
    return dict(sorted(members.items()))
