"""A job is a fold over the set of its events.

Every part of the state is a sum, a minimum or a maximum. So the order and the grouping of events
can't change it, nor can repeats, which are removed by event id:

=====================  ======================================================================
created_at             minimum of ``occurred_at``
counters               sum of ``delta``, of all in ``delta_by_model``, and of running totals
counters_by_model      sum of ``delta_by_model``
attempt.started_at     minimum of ``occurred_at`` over the attempt's events that say running
attempt.heard_at       minimum of ``occurred_at`` over all its events, until it started
attempt.running_at     maximum of ``occurred_at`` over its events whose ``status`` is running
attempt.ended          maximum by (``occurred_at``, ``event_id``) over those that say completed
attempt.completed_at   minimum of ``occurred_at`` over the same
attempt.reported       maximum as of ``ended`` over others with an ``error``, until it ended
running_totals         see `running_totals`
latest_values[field]   maximum by (``attempt``, ``occurred_at``, ``event_id``) over those with it
=====================  ======================================================================

An event without ``status`` says running, too, and is left out of ``running_at`` alone.

An attempt's status is not kept, as it follows: completed when the attempt ended, else running when
it started, else queued. This is the greatest status of its events, as the contract asks for. An
attempt that has not ended when a later one is heard of is superseded: see `Job.superseded_at`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

from msgspec import UNSET, Struct, UnsetType, structs

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.domain.contract.vocabulary import (
    FAILURES,
    JOB_LATEST_FIELDS,
    Error,
    JobResult,
    JobStatus,
    JobUpdate,
)
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant

from .running_totals import NO_TOTALS, RunningTotals, changes_of_totals, with_totals
from .sums import CounterSums, LatestValue, take_latest_values

_latest_values = attrgetter(*JOB_LATEST_FIELDS)
_NO_VALUES = (UNSET,) * len(JOB_LATEST_FIELDS)
NO_FINGERPRINT = "none"
DEFAULT_HEARTBEAT_SECONDS = 900


class Failure(Struct, frozen=True):
    """An error as the ledger keeps it, always with a fingerprint."""

    type: str
    message: str
    fingerprint: str


def failure_group(result: str | None, error: Failure | None) -> str | None:
    """Return the fingerprint of the error group that an end with *result* and *error* belongs to.

    That is None where *result* is no failure, and `NO_FINGERPRINT` for a failure without an error.
    """
    if result not in FAILURES:
        return None
    return error.fingerprint if error else NO_FINGERPRINT


class Reported(Struct, frozen=True):
    """The latest error that an attempt reported before it ended."""

    at: Instant
    event_id: str
    error: Failure


class Ended(Struct, frozen=True):
    """The end of an attempt: its latest completed event, by ``at`` and then ``event_id``."""

    at: Instant
    event_id: str
    result: JobResult
    error: Failure | None

    @property
    def failure_fingerprint(self) -> str | None:
        """Return the fingerprint of the error group that this failure belongs to, or None."""
        return failure_group(self.result, self.error)


class Attempt(Struct, frozen=True):
    """One attempt at a job; the module's docstring gives the meaning of each part."""

    started_at: Instant | None = None
    ended: Ended | None = None
    reported: Reported | None = None
    heard_at: Instant | None = None
    running_at: Instant | None = None
    completed_at: Instant | None = None

    @property
    def status(self) -> JobStatus:
        """Return the greatest status among the attempt's events."""
        if self.ended is not None:
            return "completed"
        return "queued" if self.started_at is None else "running"

    @property
    def ended_at(self) -> Instant | None:
        """Return when the attempt ended, None until then."""
        return self.ended.at if self.ended else None

    @property
    def result(self) -> JobResult | None:
        """Return the attempt's result, None until it has ended."""
        return self.ended.result if self.ended else None

    @property
    def error(self) -> Failure | None:
        """Return the error that the attempt ended with, or until then the latest one reported."""
        if self.ended is not None:
            return self.ended.error
        return self.reported.error if self.reported else None

    @property
    def began_at(self) -> Instant | None:
        """Return when the attempt started, or until it has, the earliest event known of it."""
        return self.heard_at if self.started_at is None else self.started_at

    @property
    def restarted_at(self) -> Instant | None:
        """Return the latest event that says running after an end; None where there is none.

        Such an event does not reopen the attempt. Most likely a job id was used twice.
        """
        if self.completed_at is None or self.running_at is None:
            return None
        return self.running_at if self.running_at > self.completed_at else None

    @property
    def first_ended_at(self) -> Instant | None:
        """Return the earliest end of an attempt that was restarted, None for any other."""
        return None if self.restarted_at is None else self.completed_at

    @property
    def duration(self) -> Duration | None:
        """Return the time from start to end, None unless both are known."""
        return duration_between(self.started_at, self.ended_at)


def duration_between(started_at: Instant | None, ended_at: Instant | None) -> Duration | None:
    """Return the time from start to end, None unless both are known.

    It is zero where the producer's clocks put the end before the start.
    """
    if started_at is None or ended_at is None:
        return None
    return Duration(max(0, ended_at - started_at))


class Job(Struct, frozen=True):
    """A job's state; the module's docstring gives the meaning of each part."""

    job_id: str
    client_id: str
    project_id: str
    pipeline: str
    created_at: Instant
    attempts: Mapping[int, Attempt]
    latest_values: Mapping[str, LatestValue]
    counters: Mapping[str, int]
    counters_by_model: Mapping[str, Mapping[str, int]] = {}
    running_totals: RunningTotals = NO_TOTALS

    @property
    def attempt(self) -> int:
        """Return the highest attempt's number."""
        return max(self.attempts)

    @property
    def current(self) -> Attempt:
        """Return the highest attempt: it gives the job its status, result, error, start and end."""
        return self.attempts[self.attempt]

    @property
    def has_retries(self) -> bool:
        """Return whether an attempt has ended that a later one follows."""
        latest = self.attempt
        return any(one.ended and number < latest for number, one in self.attempts.items())

    @property
    def outcome(self) -> str:
        """Return the job's result, or its status until there is one."""
        return self.current.result or self.current.status

    @property
    def failure_fingerprint(self) -> str | None:
        """Return the fingerprint of the error group that the job's end belongs to, or None."""
        ended = self.current.ended
        return ended.failure_fingerprint if ended else None

    @property
    def restarted_at(self) -> Instant | None:
        """Return the latest event that says running after an end of its attempt, or None."""
        restarts = (attempt.restarted_at for attempt in self.attempts.values())
        return max((at for at in restarts if at is not None), default=None)

    def is_superseded(self, number: int) -> bool:
        """Return whether attempt *number* has not ended and a later attempt follows it."""
        return self.attempts[number].ended is None and number < self.attempt

    def superseded_at(self, number: int) -> Instant | None:
        """Return when the attempt after the superseded attempt *number* began.

        That is when the superseded one ends for every reader. It is None where *number* is not
        superseded, and where an earlier version kept no time of the attempt that follows.
        """
        if not self.is_superseded(number):
            return None
        return self.attempts[min(later for later in self.attempts if later > number)].began_at

    def latest(self, field: str) -> Any:
        """Return the latest value of *field*, None where no event carried it."""
        known = self.latest_values.get(field)
        return known.value if known else None

    def is_stalled(self, last_seen_at: Instant, now: Instant) -> bool:
        """Return whether the job is running and has been silent for longer than its heartbeat."""
        if self.current.status != "running":
            return False
        return is_silent(last_seen_at, self.latest("heartbeat_seconds"), now)


def is_silent(last_seen_at: Instant, heartbeat_seconds: int | None, now: Instant) -> bool:
    """Return whether more time than the heartbeat has passed since a job was last seen.

    None for *heartbeat_seconds* stands for `DEFAULT_HEARTBEAT_SECONDS`.
    """
    heartbeat = heartbeat_seconds or DEFAULT_HEARTBEAT_SECONDS
    return now - last_seen_at > heartbeat * MICROSECONDS


def identity(update: JobUpdate) -> tuple[str, str, str]:
    """Return client, project and pipeline, which must be the same in all events of a job."""
    return (update.client_id, update.project_id, update.pipeline)


def check_identity(job: Job, update: JobUpdate) -> None:
    """Raise InvalidEvent where *update* names another client, project or pipeline than *job*."""
    if identity(update) == (job.client_id, job.project_id, job.pipeline):
        return
    for field, kept in (
        ("client_id", job.client_id),
        ("project_id", job.project_id),
        ("pipeline", job.pipeline),
    ):
        got = getattr(update, field)
        if got != kept:
            raise InvalidEvent(
                "identity_mismatch",
                field=f"detail.{field}",
                got=shown(got),
                allowed=f"{shown(kept)}, as in the earlier events of job {job.job_id}",
            )


def fold(job: Job | None, events: Sequence[Event]) -> Job:
    """Return *job* after *events* as well; None stands for a job without events.

    The events must be of one job and one identity, have different event ids, and not be in *job*
    yet. Raises ValueError where there is neither a job nor an event.
    """
    state = fold_state(job, events)
    by_model = {model: dict(mine) for model, mine in state.counters_by_model.items()}
    sums = CounterSums(dict(state.counters), by_model)
    for event in events:
        sums.take(event)
    for _, change in changes_of_totals(
        job.running_totals if job else NO_TOTALS, state.running_totals
    ):
        sums.add(change)
    return structs.replace(state, counters=sums.counters, counters_by_model=sums.by_model)


def fold_state(job: Job | None, events: Sequence[Event]) -> Job:
    """Do as `fold`, but leave the counters as they are in *job*."""
    if job is None:
        if not events:
            raise ValueError("a job that has no events has no state")
        job = _unseen(events[0])
    attempts, latest_values, created_at = (
        dict(job.attempts),
        dict(job.latest_values),
        job.created_at,
    )
    for event in events:
        update = job_update(event)
        attempts[update.attempt] = _merged(attempts.get(update.attempt), event, update)
        if _latest_values(update) != _NO_VALUES:
            take_latest_values(latest_values, JOB_LATEST_FIELDS, event)
        created_at = min(created_at, event.occurred_at)
    return Job(
        job_id=job.job_id,
        client_id=job.client_id,
        project_id=job.project_id,
        pipeline=job.pipeline,
        created_at=created_at,
        attempts=attempts,
        latest_values=latest_values,
        counters=job.counters,
        counters_by_model=job.counters_by_model,
        running_totals=with_totals(job.running_totals, events),
    )


def job_update(event: Event) -> JobUpdate:
    """Return the detail of a job's event; raises TypeError for another event."""
    if not isinstance(event.update, JobUpdate):
        raise TypeError(f"event {event.event_id} is no job_update")
    return event.update


def changes_only_counters(event: Event, attempts: Mapping[int, Attempt]) -> bool:
    """Return whether *event* adds to the counters of a job and changes nothing else.

    *attempts* are those of the job as it is.
    """
    update = job_update(event)
    attempt = attempts.get(update.attempt)
    return (
        attempt is not None
        and attempt.started_at is not None
        and attempt.started_at <= event.occurred_at
        and (
            update.status is UNSET
            or (
                update.status == "running"
                and attempt.running_at is not None
                and event.occurred_at <= attempt.running_at
            )
        )
        and update.error is UNSET
        and update.running_totals is UNSET
        and _latest_values(update) == _NO_VALUES
    )


def _unseen(event: Event) -> Job:
    client_id, project_id, pipeline = identity(job_update(event))
    return Job(event.entity_id, client_id, project_id, pipeline, event.occurred_at, {}, {}, {})


def _merged(attempt: Attempt | None, event: Event, update: JobUpdate) -> Attempt:
    """Return the state of *attempt* after one more event."""
    attempt, at = attempt or Attempt(), event.occurred_at
    started_at, ended, reported = attempt.started_at, attempt.ended, attempt.reported
    running_at, completed_at = attempt.running_at, attempt.completed_at
    if update.status == "completed" and update.result is not UNSET:
        completed_at = _earlier(completed_at, at)
        if ended is None or (ended.at, ended.event_id) < (at, event.event_id):
            ended = Ended(at, event.event_id, update.result, _failure(update.error, event))
    else:
        if update.status != "queued":
            started_at = _earlier(started_at, at)
        if update.status == "running":
            running_at = at if running_at is None else max(running_at, at)
        failure = _failure(update.error, event)
        if failure and (
            reported is None or (reported.at, reported.event_id) < (at, event.event_id)
        ):
            reported = Reported(at, event.event_id, failure)
    return Attempt(
        started_at,
        ended,
        # An end is never undone, so what the attempt reported before need not be kept.
        None if ended else reported,
        # Nor need the first event be kept once a start is known, as a start is never undone.
        _earlier(attempt.heard_at, at) if started_at is None else None,
        running_at,
        completed_at,
    )


def _earlier(known: Instant | None, at: Instant) -> Instant:
    return at if known is None else min(known, at)


def _failure(error: Error | UnsetType, event: Event) -> Failure | None:
    if error is UNSET:
        return None
    if error.fingerprint is UNSET:
        derived = fingerprint(error.type, error.message, event.fingerprint_version)
        return Failure(error.type, error.message, derived)
    return Failure(error.type, error.message, error.fingerprint)
