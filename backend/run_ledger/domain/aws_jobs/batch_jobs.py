"""Jobs of AWS Batch, with their attempts; of an array job each child is a job of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.exceptions import UnknownStateChange, shown
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant

from .facts import (
    Facts,
    facts_in,
    listed_facts,
    needed_text,
    needed_time,
    optional_text,
    time_of,
    whole_number,
)
from .sightings import Reason, SeenAttempt, Sighting, StateChange

SERVICE = "batch"
_WAITING = ("SUBMITTED", "PENDING", "RUNNABLE", "STARTING")
_ENDED = ("SUCCEEDED", "FAILED")
_TIMED_OUT = "Job attempt duration exceeded timeout"
# As long as this after its last attempt's end, a job that was terminated had been waiting.
_WAITED = Duration(5 * MICROSECONDS)
_CHILD = re.compile(r"(.+)[:#][0-9]+")
_REVISION = re.compile(r":[0-9]+\Z")


def batch_change(detail: Facts, resources: Sequence[str]) -> StateChange:
    """Return what the detail of an event says, which is all there is to know."""
    facts = detail if "jobArn" in detail or not resources else {**detail, "jobArn": resources[0]}
    return StateChange(
        service=SERVICE,
        reference=(needed_text(facts, "jobId"),),
        names=batch_names(facts),
        facts=facts,
        is_whole=True,
    )


def batch_job(facts: Facts) -> Sighting:
    """Return what an event's detail or an answer of DescribeJobs says of a job.

    Raises UnknownStateChange where it can't be understood.
    """
    arn, name = needed_text(facts, "jobArn"), needed_text(facts, "jobName")
    child = _CHILD.fullmatch(arn.rpartition("/")[2])
    names = batch_names(facts)
    return Sighting(
        service=SERVICE,
        key=arn,
        name=name if child is None else f"{name}{arn.rpartition('/')[2][len(child[1]) :]}",
        runs=names["batch_definition"][0],
        names=names,
        attempts=tuple(_attempts(facts)),
        parent_key=None if child is None else f"{arn.rpartition('/')[0]}/{child[1]}",
        parent_name=None if child is None else name,
    )


def batch_names(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return what rules are held against: queue and definition, by name and ARN."""
    queue, definition = needed_text(facts, "jobQueue"), needed_text(facts, "jobDefinition")
    whole = _REVISION.sub("", definition)
    return {
        "batch_queue": (queue.rpartition("/")[2], queue),
        "batch_definition": (whole.rpartition("/")[2], whole, definition),
    }


def _attempts(facts: Facts) -> list[SeenAttempt]:
    status, told = needed_text(facts, "status"), listed_facts(facts, "attempts")
    if status not in (*_WAITING, "RUNNING", *_ENDED):
        allowed = ", ".join((*_WAITING, "RUNNING", *_ENDED))
        raise UnknownStateChange("status", f"got {shown(status)}; allowed: {allowed}")
    queued = needed_time(facts, "createdAt")
    seen: list[SeenAttempt] = []
    stopped = [one for one in told if time_of(one, "stoppedAt") is not None]
    # The last of them is the one that ended the job, if that was not waiting for a retry.
    waited = bool(stopped) and _was_waiting(facts, stopped[-1])
    retried = stopped[:-1] if status in _ENDED and not waited else stopped
    for number, one in enumerate(retried, 1):
        ended = needed_time(one, "stoppedAt")
        seen.append(
            SeenAttempt(
                number=number,
                queued_at=queued,
                started_at=time_of(one, "startedAt"),
                ended_at=ended,
                result="failed",
                reason=_reason(one, one),
            )
        )
        queued = ended
    if waited:
        # What the job tells of start and container is of the attempt before.
        facts = {name: facts[name] for name in facts if name not in ("startedAt", "container")}
    last = stopped[-1] if status in _ENDED and stopped and not waited else {}
    return [*seen, _latest(facts, len(seen) + 1, queued, last)]


def _was_waiting(facts: Facts, last: Facts) -> bool:
    """Return whether a job was stopped after its *last* attempt, before a further one began."""
    if facts.get("status") != "FAILED":
        return False
    ended, before = time_of(facts, "stoppedAt"), needed_time(last, "stoppedAt")
    is_later = ended is not None and ended - before >= _WAITED
    # Only what has not begun can be cancelled.
    return facts.get("isCancelled") is True or (facts.get("isTerminated") is True and is_later)


def _latest(facts: Facts, number: int, queued: Instant, told: Facts) -> SeenAttempt:
    status = facts["status"]
    started = time_of(told, "startedAt") or time_of(facts, "startedAt")
    if status in _WAITING:
        return SeenAttempt(number=number, queued_at=queued)
    if status == "RUNNING":
        return SeenAttempt(number=number, queued_at=queued, started_at=started or queued)
    result = _result(facts)
    return SeenAttempt(
        number=number,
        queued_at=queued,
        started_at=started,
        ended_at=time_of(facts, "stoppedAt") or time_of(told, "stoppedAt") or queued,
        result=result,
        reason=None if result == "succeeded" else _reason(facts, told),
    )


def _result(facts: Facts) -> JobResult:
    if facts["status"] == "SUCCEEDED":
        return "succeeded"
    if (optional_text(facts, "statusReason") or "").startswith(_TIMED_OUT):
        return "timed_out"
    if facts.get("isCancelled") is True or facts.get("isTerminated") is True:
        return "cancelled"
    return "failed"


def _reason(facts: Facts, attempt: Facts) -> Reason | None:
    """Return why an attempt failed, by its exit code and by the words of container and job."""
    container = facts_in(attempt, "container") or facts_in(facts, "container")
    code = whole_number(container.get("exitCode"))
    said_of_job = optional_text(facts, "statusReason") or optional_text(attempt, "statusReason")
    words = [said_of_job, optional_text(container, "reason")]
    said = ": ".join(word for word in words if word)
    if code is None and not said:
        return None
    kind = "Batch" if code is None else f"exit code {code}"
    return Reason(kind, said or kind)
