"""Tasks of Amazon ECS: those of a family or a group that a rule declares."""

from __future__ import annotations

import re

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.exceptions import UnknownStateChange, shown

from .facts import (
    Facts,
    listed_facts,
    needed_text,
    needed_time,
    optional_text,
    time_of,
    whole_number,
)
from .sightings import Reason, SeenAttempt, Sighting, StateChange

SERVICE = "ecs"
_WAITING = ("PROVISIONING", "PENDING", "ACTIVATING")
_RUNNING = ("RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING")
_STOPPED = ("STOPPED", "DELETED")
# Somebody stopped it; or what it ran on was taken away. Containers that are told to end may give 0.
_CANCELLED = ("UserInitiated", "ServiceSchedulerInitiated")
_TAKEN_AWAY = ("SpotInterruption", "TerminationNotice", "InfrastructureHealth")
_REVISION = re.compile(r":[0-9]+\Z")


def task_change(detail: Facts) -> StateChange:
    """Return what the detail of an event says, which is all there is to know."""
    return StateChange(
        service=SERVICE,
        reference=(needed_text(detail, "clusterArn"), needed_text(detail, "taskArn")),
        names=task_names(detail),
        facts=detail,
        is_whole=True,
    )


def task(facts: Facts, container: str | None = None) -> Sighting:
    """Return what an event's detail or an answer of DescribeTasks says of a task.

    Its result is that of the *container*, or else of all its containers. Raises UnknownStateChange
    where it can't be understood.
    """
    arn, names = needed_text(facts, "taskArn"), task_names(facts)
    return Sighting(
        service=SERVICE,
        key=arn,
        name=arn.rpartition("/")[2],
        runs=names["ecs_family"][0],
        names=names,
        attempts=(_attempt(facts, container),),
    )


def task_names(facts: Facts) -> dict[str, tuple[str, ...]]:
    """Return what rules are held against: the family of the task's definition, and its group."""
    definition, group = needed_text(facts, "taskDefinitionArn"), optional_text(facts, "group")
    whole = _REVISION.sub("", definition)
    return {
        "ecs_family": (whole.rpartition("/")[2], whole, definition),
        "ecs_group": () if group is None else (group,),
    }


def _attempt(facts: Facts, container: str | None) -> SeenAttempt:
    status, queued = needed_text(facts, "lastStatus"), needed_time(facts, "createdAt")
    started = time_of(facts, "startedAt")
    if status in _WAITING:
        return SeenAttempt(number=1, queued_at=queued)
    if status in _RUNNING:
        return SeenAttempt(number=1, queued_at=queued, started_at=started)
    if status not in _STOPPED:
        allowed = ", ".join((*_WAITING, *_RUNNING, *_STOPPED))
        raise UnknownStateChange("lastStatus", f"got {shown(status)}; allowed: {allowed}")
    ended = time_of(facts, "stoppedAt") or needed_time(facts, "executionStoppedAt")
    result, reason = _result(facts, container)
    return SeenAttempt(
        number=1,
        queued_at=queued,
        started_at=started,
        ended_at=ended,
        result=result,
        reason=reason,
    )


def _result(facts: Facts, container: str | None) -> tuple[JobResult, Reason | None]:
    """Return how a stopped task ended: by exit codes, if nobody and nothing else stopped it."""
    code, said = optional_text(facts, "stopCode"), optional_text(facts, "stoppedReason") or ""
    every = listed_facts(facts, "containers")
    counted = [one for one in every if container is None or one.get("name") == container]
    if every and not counted:
        raise UnknownStateChange("containers", "allowed: one that the rule names")
    if code in _CANCELLED:
        return "cancelled", Reason(code, said or code)
    if code in _TAKEN_AWAY:
        return "failed", Reason(code, said or code)
    exits = [whole_number(one.get("exitCode")) for one in counted]
    if exits and all(exit_code == 0 for exit_code in exits):
        return "succeeded", None
    failed = [
        (f"exit code {exit_code}", optional_text(one, "reason"))
        for one, exit_code in zip(counted, exits, strict=True)
        if exit_code
    ]
    kind, words = failed[0] if failed else (code or "ECS", None)
    return "failed", Reason(kind, ": ".join(word for word in (said, words) if word) or kind)
