"""The services whose jobs become ours: how their events are read, and what makes a sighting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.domain.exceptions import UnknownStateChange

from . import batch_jobs, bedrock_jobs, ecs_tasks, glue_runs, step_functions
from .facts import Facts, facts_in, needed_text
from .job_rules import AwsJobRule, Names
from .sightings import Sighting, StateChange

DETAIL_TYPES: Mapping[str, tuple[str, ...]] = {
    "aws.states": ("Step Functions Execution Status Change",),
    "aws.batch": ("Batch Job State Change",),
    "aws.glue": ("Glue Job State Change", "Glue Job Run Status"),
    "aws.ecs": ("ECS Task State Change",),
    "aws.bedrock": ("Batch Inference Job State Change",),
}
"""The events that are read, by their source."""


def read_state_change(event: Any) -> StateChange | None:
    """Return what an event of the account's default bus says; None where it is about no job.

    Raises UnknownStateChange where it should be understood, and is not.
    """
    if not isinstance(event, dict) or not isinstance(event.get("detail"), dict):
        raise UnknownStateChange("detail", "allowed: an object")
    source, detail = str(event.get("source")), facts_in(event, "detail")
    if str(event.get("detail-type")) not in DETAIL_TYPES.get(source, ()):
        return None
    match source:
        case "aws.states":
            return step_functions.execution_change(detail)
        case "aws.batch":
            return batch_jobs.batch_change(detail, _texts(event.get("resources")))
        case "aws.glue":
            return glue_runs.glue_change(detail)
        case "aws.ecs":
            return ecs_tasks.task_change(detail)
        case _:
            return bedrock_jobs.bedrock_change(detail)


def names_of(service: str, facts: Facts) -> Names:
    """Return what rules are held against, by what a service says of a job.

    Raises UnknownStateChange where it names nothing.
    """
    match service:
        case step_functions.SERVICE:
            return step_functions.machine_names(needed_text(facts, "stateMachineArn"))
        case batch_jobs.SERVICE:
            return batch_jobs.batch_names(facts)
        case glue_runs.SERVICE:
            return glue_runs.glue_names(needed_text(facts, "JobName"))
        case ecs_tasks.SERVICE:
            return ecs_tasks.task_names(facts)
        case _:
            name, arn = needed_text(facts, "jobName"), needed_text(facts, "jobArn")
            return bedrock_jobs.bedrock_names(name, arn)


def sighting_of(service: str, facts: Facts, rule: AwsJobRule, place: str) -> Sighting:
    """Return the sighting that *facts* of a service come to; *place* is ``REGION:ACCOUNT``.

    Raises UnknownStateChange where they can't be understood.
    """
    match service:
        case step_functions.SERVICE:
            return step_functions.execution(facts)
        case batch_jobs.SERVICE:
            return batch_jobs.batch_job(facts)
        case glue_runs.SERVICE:
            return glue_runs.glue_run(facts, place)
        case ecs_tasks.SERVICE:
            return ecs_tasks.task(facts, rule.container)
        case _:
            return bedrock_jobs.bedrock_job(facts)


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
