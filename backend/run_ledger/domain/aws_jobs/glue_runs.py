"""Runs of AWS Glue's jobs. Its events lack the times, so Glue is asked about each run."""

from __future__ import annotations

import re

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.exceptions import UnknownStateChange, shown

from .facts import Facts, needed_text, needed_time, optional_text, time_of, whole_number
from .sightings import Reason, SeenAttempt, Sighting, StateChange

SERVICE = "glue"
_RESULTS: dict[str, JobResult] = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "ERROR": "failed",
    "TIMEOUT": "timed_out",
    "EXPIRED": "timed_out",
    "STOPPED": "cancelled",
}
_WAITING, _RUNNING = ("STARTING", "WAITING"), ("RUNNING", "STOPPING")
# A retry's run has the id of the first, with this behind it.
_RETRY = re.compile(r"(.+)_attempt_([0-9]{1,6})")
_NAMED = re.compile(r"([A-Za-z_][\w.]{0,120}(?:Error|Exception)): ")


def glue_change(detail: Facts) -> StateChange:
    """Return which run an event is about."""
    job, run = needed_text(detail, "jobName"), needed_text(detail, "jobRunId")
    return StateChange(service=SERVICE, reference=(job, run), names=glue_names(job))


def glue_run(facts: Facts, place: str) -> Sighting:
    """Return what an answer of GetJobRun says of a run; *place* is ``REGION:ACCOUNT``.

    Raises UnknownStateChange where it can't be understood.
    """
    job, run = needed_text(facts, "JobName"), needed_text(facts, "Id")
    retry = _RETRY.fullmatch(run)
    first = run if retry is None else retry[1]
    number = whole_number(facts.get("Attempt")) or (0 if retry is None else int(retry[2]))
    return Sighting(
        service=SERVICE,
        key=f"glue:{place}:{job}:{first}",
        name=first,
        runs=job,
        names=glue_names(job),
        attempts=(_attempt(facts, number + 1),),
    )


def glue_names(job: str) -> dict[str, tuple[str, ...]]:
    """Return what rules are held against: the name of the job."""
    return {"glue_job": (job,)}


def _attempt(facts: Facts, number: int) -> SeenAttempt:
    state, started = needed_text(facts, "JobRunState"), needed_time(facts, "StartedOn")
    result = _RESULTS.get(state)
    if result is None and state not in (*_WAITING, *_RUNNING):
        allowed = ", ".join((*_WAITING, *_RUNNING, *_RESULTS))
        raise UnknownStateChange("JobRunState", f"got {shown(state)}; allowed: {allowed}")
    if state in _WAITING:
        return SeenAttempt(number=number, queued_at=started)
    ended = None
    if result is not None:
        ended = time_of(facts, "CompletedOn") or needed_time(facts, "LastModifiedOn")
    return SeenAttempt(
        number=number,
        started_at=started,
        ended_at=ended,
        result=result,
        reason=None if result in (None, "succeeded") else _reason(facts, state),
    )


def _reason(facts: Facts, state: str) -> Reason | None:
    message = optional_text(facts, "ErrorMessage")
    if not message:
        return None
    named = _NAMED.match(message)
    return Reason(named[1] if named else state, message)
