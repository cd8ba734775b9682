"""Batch inference of Amazon Bedrock. Its events lack the counts, so Bedrock is asked for each."""

from __future__ import annotations

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.exceptions import UnknownStateChange, shown

from .facts import Facts, needed_text, needed_time, optional_text, time_of, whole_number
from .sightings import ItemCounts, Reason, SeenAttempt, Sighting, StateChange

SERVICE = "bedrock"
_RESULTS: dict[str, JobResult] = {
    "Completed": "succeeded",
    "PartiallyCompleted": "partial",
    "Failed": "failed",
    "Stopped": "cancelled",
    "Expired": "timed_out",
}
_WAITING, _RUNNING = ("Submitted", "Validating", "Scheduled"), ("InProgress", "Stopping")


def bedrock_change(detail: Facts) -> StateChange:
    """Return which job an event is about."""
    arn = needed_text(detail, "batchJobArn")
    return StateChange(
        service=SERVICE,
        reference=(arn,),
        names=bedrock_names(needed_text(detail, "batchJobName"), arn),
    )


def bedrock_job(facts: Facts) -> Sighting:
    """Return what an answer of GetModelInvocationJob says of a job.

    Raises UnknownStateChange where it can't be understood.
    """
    arn, name = needed_text(facts, "jobArn"), needed_text(facts, "jobName")
    return Sighting(
        service=SERVICE,
        key=arn,
        name=name,
        runs=name,
        names=bedrock_names(name, arn),
        attempts=(_attempt(facts),),
        items=_items(facts),
    )


def bedrock_names(name: str, arn: str) -> dict[str, tuple[str, ...]]:
    """Return what rules are held against: the name and the ARN of the job."""
    return {"bedrock_job": (name, arn)}


def _items(facts: Facts) -> ItemCounts | None:
    """Return the counts of records, None where Bedrock tells none (yet)."""
    total, succeeded, failed = (
        whole_number(facts.get(f"{name}RecordCount")) for name in ("total", "success", "error")
    )
    if total is None or succeeded is None or failed is None:
        return None
    return ItemCounts(total, succeeded, failed)


def _attempt(facts: Facts) -> SeenAttempt:
    status, queued = needed_text(facts, "status"), needed_time(facts, "submitTime")
    if status in _WAITING:
        return SeenAttempt(number=1, queued_at=queued)
    if status in _RUNNING:
        changed = needed_time(facts, "lastModifiedTime")
        return SeenAttempt(number=1, queued_at=queued, started_at=changed)
    result = _RESULTS.get(status)
    if result is None:
        allowed = ", ".join((*_WAITING, *_RUNNING, *_RESULTS))
        raise UnknownStateChange("status", f"got {shown(status)}; allowed: {allowed}")
    message = optional_text(facts, "message")
    return SeenAttempt(
        number=1,
        queued_at=queued,
        ended_at=time_of(facts, "endTime") or needed_time(facts, "lastModifiedTime"),
        result=result,
        reason=Reason(status, message) if message and result != "succeeded" else None,
    )
