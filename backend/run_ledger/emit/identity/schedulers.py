"""The schedulers that the library knows: what names a job in each, and what counts its attempts.

`SCHEDULERS` has those that say it by environment variables, `TASK_QUEUES` those whose libraries say
it inside the process. `docs/schedulers.md` shows both, and a test compares it with them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from run_ledger.emit.identity.identifiers import to_identifier


class ScheduledJob(Struct, frozen=True):
    """The job that a scheduler runs here, and the attempt's number, from 1."""

    job_id: str | None
    attempt: int
    per_task: bool = False
    """Whether it belongs to the task at hand rather than to the process and its children."""
    execution: Any = None
    """What stands for this one execution of the task; None: job id and attempt do."""
    is_shared: bool = False
    """Whether many programs run under this id, so that it can't be one job's alone."""


class Scheduler(NamedTuple):
    """One scheduler's environment variables."""

    name: str
    job: tuple[str, ...]
    """Variables that name the job together; without one of them it is not this scheduler."""
    attempt: str
    """The variable with the attempt's number."""
    first_attempt: int = 1
    """What that variable holds at the first attempt."""
    part: tuple[str, ...] = ()
    """Variables that tell the parts of the job apart, where they are set."""
    is_shared: bool = False
    """Whether many programs run under one id: then it is used with a name of the caller's."""


SCHEDULERS = (
    Scheduler(
        "Airflow",
        ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID"),
        "AIRFLOW_CTX_TRY_NUMBER",
    ),
    Scheduler(
        "AWS Batch",
        ("AWS_BATCH_JOB_ID",),  # of a child of an array, it ends in the child's index
        "AWS_BATCH_JOB_ATTEMPT",
        part=("AWS_BATCH_JOB_NODE_INDEX",),
    ),
    Scheduler(
        "Google Cloud Run jobs",
        ("CLOUD_RUN_EXECUTION", "CLOUD_RUN_TASK_INDEX"),
        "CLOUD_RUN_TASK_ATTEMPT",
        first_attempt=0,
    ),
    Scheduler(
        "Slurm",
        ("SLURM_JOB_ID",),
        "SLURM_RESTART_COUNT",
        first_attempt=0,
        part=("SLURM_STEP_ID", "SLURM_PROCID"),
        is_shared=True,
    ),
    Scheduler(
        "GitHub Actions",
        ("GITHUB_REPOSITORY_ID", "GITHUB_RUN_ID", "GITHUB_JOB"),
        "GITHUB_RUN_ATTEMPT",
        is_shared=True,
    ),
)
# For schedulers that set nothing by themselves, and for what should be called otherwise.
STATED_JOB, STATED_ATTEMPT, STATED_RETRIES = (
    "RUN_LEDGER_JOB_ID",
    "RUN_LEDGER_ATTEMPT",
    "RUN_LEDGER_RETRIES",
)
STATED_PART = "JOB_COMPLETION_INDEX"  # Kubernetes sets it in each pod of an indexed job


def job_of_environment(environment: Mapping[str, str]) -> ScheduledJob | None:
    """Return the job that the variables of *environment* name; None where they name none."""
    stated = _stated(environment)
    found = (_read(scheduler, environment) for scheduler in SCHEDULERS)
    return stated or next(filter(None, found), None)


def job_of_task_queue() -> ScheduledJob | None:
    """Return the job that a task queue's library runs in this thread or asyncio task, or None."""
    return next(filter(None, (read() for read in TASK_QUEUES.values())), None)


def attempt_of(text: str | None, first_attempt: int = 1) -> int | None:
    """Return the attempt's number, from 1, in *text*; None where that is no attempt's number."""
    if text is None or not text.isascii() or not text.isdecimal():
        return None
    number = int(text[:9]) + 1 - first_attempt
    return number if number >= 1 else None


def _stated(environment: Mapping[str, str]) -> ScheduledJob | None:
    """Return the job that RUN_LEDGER_… names: for Kubernetes, Step Functions and any other."""
    job_id = environment.get(STATED_JOB)
    attempt = attempt_of(environment.get(STATED_ATTEMPT)) or attempt_of(
        environment.get(STATED_RETRIES), first_attempt=0
    )
    if not job_id:
        return ScheduledJob(None, attempt) if attempt else None
    return ScheduledJob(to_identifier(job_id, *_set(environment, (STATED_PART,))), attempt or 1)


def _read(scheduler: Scheduler, environment: Mapping[str, str]) -> ScheduledJob | None:
    names = _set(environment, scheduler.job)
    if len(names) < len(scheduler.job):
        return None
    return ScheduledJob(
        to_identifier(*names, *_set(environment, scheduler.part)),
        attempt_of(environment.get(scheduler.attempt), scheduler.first_attempt) or 1,
        is_shared=scheduler.is_shared,
    )


def _set(environment: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    return [environment[name] for name in names if environment.get(name)]


def _celery() -> ScheduledJob | None:
    """Return the Celery task that runs in this thread.

    A message that is delivered again, as the worker was lost before it acknowledged, has the same
    number of retries: it is the same attempt, begun anew.
    """
    state = sys.modules.get("celery._state")
    tasks = getattr(getattr(state, "_task_stack", None), "stack", None) or ()
    for task in reversed(tasks):
        for request in reversed(getattr(task.request_stack, "stack", None) or ()):
            if request.id:  # of a task called as a function there is none: the one around counts
                retries = request.retries
                attempt = retries + 1 if isinstance(retries, int) and retries >= 0 else 1
                return ScheduledJob(
                    to_identifier(request.id), attempt, per_task=True, execution=request
                )
    return None


TASK_QUEUES: Mapping[str, Callable[[], ScheduledJob | None]] = {"Celery": _celery}
