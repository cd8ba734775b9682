"""Executions of Step Functions' standard workflows, which it tells of in events of its own.

Of express workflows it sends none. An execution that a Map run started for its items is no job: its
item counts in the job of the Map run's execution.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.exceptions import UnknownStateChange, shown

from .facts import (
    Facts,
    facts_in,
    needed_text,
    needed_time,
    optional_text,
    whole_number,
)
from .sightings import ItemCounts, Reason, SeenAttempt, Sighting, StateChange

SERVICE = "step-functions"
_RESULTS: dict[str, JobResult] = {
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "TIMED_OUT": "timed_out",
    "ABORTED": "cancelled",
}
_STARTED_BY = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"


def execution_change(detail: Facts) -> StateChange | None:
    """Return what the detail of an event says; None for an execution of a Map run's item.

    Input and output that were too large for the event have to be asked for.
    """
    machine_arn = needed_text(detail, "stateMachineArn")
    if is_of_map_run(machine_arn):
        return None
    is_whole = all(
        facts_in(detail, part).get("included") is not False
        for part in ("inputDetails", "outputDetails")
    )
    return StateChange(
        service=SERVICE,
        reference=(needed_text(detail, "executionArn"),),
        names=machine_names(machine_arn),
        facts=detail,
        is_whole=is_whole,
    )


def is_of_map_run(machine_arn: str) -> bool:
    """Return whether the executions of this ARN are those of a Map run's items."""
    return "/" in machine_arn.rpartition(":")[2]


def machine_names(machine_arn: str) -> dict[str, tuple[str, ...]]:
    """Return what rules are held against: the name of a state machine, and its ARN."""
    return {"state_machine": (machine_arn.rpartition(":")[2], machine_arn)}


def execution(facts: Facts) -> Sighting:
    """Return what an event's detail or an answer of DescribeExecution says of an execution.

    Raises UnknownStateChange where it can't be understood.
    """
    arn, machine_arn = needed_text(facts, "executionArn"), needed_text(facts, "stateMachineArn")
    parent = _started_by(optional_text(facts, "input"))
    if parent == arn:
        # Anybody may write into an input what Step Functions does.
        parent = None
    return Sighting(
        service=SERVICE,
        key=arn,
        name=arn.rpartition(":")[2],
        runs=machine_arn.rpartition(":")[2],
        names=machine_names(machine_arn),
        attempts=_attempts(facts),
        parent_key=parent,
        parent_name=None if parent is None else parent.rpartition(":")[2],
        output=optional_text(facts, "output") if facts.get("status") == "SUCCEEDED" else None,
        log_url=_console(arn),
    )


def item_counts(map_runs: Iterable[Facts]) -> ItemCounts | None:
    """Return the counts of all Map runs of an execution, by answers of DescribeMapRun.

    A redrive of the execution goes on with the same Map runs, whose counts are then those of all.
    """
    counts = [facts_in(one, "itemCounts") for one in map_runs]
    if not counts:
        return None

    def summed(*names: str) -> int:
        return sum(whole_number(one.get(name)) or 0 for one in counts for name in names)

    return ItemCounts(summed("total"), summed("succeeded"), summed("failed", "timedOut", "aborted"))


def _attempts(facts: Facts) -> tuple[SeenAttempt, ...]:
    """Return the first attempt and the latest one: each redrive is a further attempt."""
    status, redrives = needed_text(facts, "status"), whole_number(facts.get("redriveCount") or 0)
    if redrives is None:
        raise UnknownStateChange("redriveCount", "allowed: a whole number")
    started = needed_time(facts, "startDate")
    first = () if redrives == 0 else (SeenAttempt(number=1, started_at=started),)
    if status == "PENDING_REDRIVE":
        return first or (SeenAttempt(number=1, started_at=started),)
    result = _RESULTS.get(status)
    if result is None and status != "RUNNING":
        raise UnknownStateChange("status", f"got {shown(status)}; allowed: {', '.join(_RESULTS)}")
    latest = SeenAttempt(
        number=redrives + 1,
        started_at=needed_time(facts, "redriveDate") if redrives else started,
        ended_at=None if result is None else needed_time(facts, "stopDate"),
        result=result,
        reason=None if result in (None, "succeeded") else _reason(facts, status),
    )
    return (*first, latest)


def _reason(facts: Facts, status: str) -> Reason | None:
    kind, cause = optional_text(facts, "error"), optional_text(facts, "cause")
    if kind or cause:
        return Reason(kind or status, _told(cause) or status)
    return Reason("States.Timeout", "The execution timed out.") if status == "TIMED_OUT" else None


def _told(cause: str | None) -> str | None:
    """Return what a cause says: that of a function is JSON, with a stack trace beside the text."""
    try:
        found = json.loads(cause or "")
    except (ValueError, RecursionError):
        return cause
    message = optional_text(found, "errorMessage") if isinstance(found, dict) else None
    return message or cause


def _started_by(text: str | None) -> str | None:
    """Return the ARN of the execution that started this one, if its input says so."""
    if text is None or _STARTED_BY not in text:
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return optional_text(found, _STARTED_BY) if isinstance(found, dict) else None


def _console(arn: str) -> str | None:
    """Return where AWS's console shows an execution; other partitions have others."""
    parts = arn.split(":")
    if parts[:3] != ["arn", "aws", "states"] or any(char.isspace() for char in arn):
        return None
    region = parts[3]
    page = f"https://{region}.console.aws.amazon.com/states/home?region={region}"
    return f"{page}#/v2/executions/details/{arn}"
