"""The schedulers that the library knows: what names a job in each, and what counts its attempts.

`SCHEDULERS` has those that say it by environment variables, `TASK_QUEUES` those whose libraries say
it inside the process. `docs/schedulers.md` shows both, and a test compares it with them.
"""

from __future__ import annotations

import os
import re
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
    no_part: str = ""
    """What a variable of `part` holds where the job has no parts."""
    is_shared: bool = False
    """Whether many programs run under one id: then it is used with a name of the caller's."""


SCHEDULERS = (
    Scheduler(
        "a program that an Airflow task starts",
        ("AIRFLOW_CTX_DAG_ID", "AIRFLOW_CTX_DAG_RUN_ID", "AIRFLOW_CTX_TASK_ID"),
        "AIRFLOW_CTX_TRY_NUMBER",
        part=("AIRFLOW_CTX_MAP_INDEX",),
        no_part="-1",
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
_WHOLE = re.compile(r"\s*([0-9]{1,9})(?:\.0*)?\s*\Z")  # 2, and 2.0 as some engines write it
STATED_PART = "JOB_COMPLETION_INDEX"  # Kubernetes sets it in each pod of an indexed job


def job_of_environment(environment: Mapping[str, str]) -> ScheduledJob | None:
    """Return the job that the variables of *environment* name; None where they name none."""
    stated = _stated(environment)
    found = (_read(scheduler, environment) for scheduler in SCHEDULERS)
    return stated or next(filter(None, found), None)


def job_of_task_queue() -> ScheduledJob | None:
    """Return the job that a task queue's library runs in this thread or asyncio task, or None."""
    return next(filter(None, (_asked(read) for read in TASK_QUEUES.values())), None)


def _asked(read: Callable[[], ScheduledJob | None]) -> ScheduledJob | None:
    try:
        return read()
    except Exception:  # noqa: BLE001 - another version of a queue's library is no known queue
        return None


def attempt_of(text: str | None, first_attempt: int = 1) -> int | None:
    """Return the attempt's number, from 1, in *text*; None where that is no attempt's number."""
    found = _WHOLE.match(text or "")
    if found is None:
        return None
    number = int(found[1]) + 1 - first_attempt
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
    parts = [one for one in _set(environment, scheduler.part) if one != scheduler.no_part]
    return ScheduledJob(
        to_identifier(*names, *parts),
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


def _airflow() -> ScheduledJob | None:
    """Return the task of Airflow that this process runs, whichever executor started it.

    A worker that the task forks has inherited Airflow's context, but is not the task.
    """
    task = None if _is_forked_worker() else _airflow_task()
    if task is None:
        return None
    names = (task.dag_id, task.run_id, task.task_id)
    index = getattr(task, "map_index", None)
    parts = (index,) if isinstance(index, int) and index >= 0 else ()
    number = attempt_of(str(task.try_number)) or 1
    return ScheduledJob(to_identifier(*names, *parts), number, per_task=True)


def _airflow_task() -> Any:
    """Return Airflow's task instance in this thread; None where Airflow runs none here."""
    for module in _AIRFLOW_MODULES:
        current_context = getattr(sys.modules.get(module), "get_current_context", None)
        try:
            if current_context is not None:
                return current_context()["ti"]
        except Exception:  # noqa: BLE001 - Airflow raises where no task runs, each version its own
            return None
    return None


def _is_forked_worker() -> bool:
    """Return whether `multiprocessing` started this very process, by a fork.

    Airflow's LocalExecutor has such workers, but forks the task's process from one of them.
    """
    module = sys.modules.get("multiprocessing.process")
    parent = module.parent_process() if module else None
    return parent is not None and parent.pid == os.getppid()


def _dagster() -> ScheduledJob | None:
    """Return the step of Dagster that runs in this thread; a mapped op's step has its key."""
    context_type = getattr(sys.modules.get("dagster"), "OpExecutionContext", None)
    context = context_type.get() if context_type else None  # raises where no step runs
    if context is None:
        return None
    step = context.get_step_execution_context().step
    job_id = to_identifier(context.run_id, step.key)
    return ScheduledJob(job_id, context.retry_number + 1, per_task=True)


_AIRFLOW_MODULES = ("airflow.sdk", "airflow.operators.python")  # of Airflow 3, and 2
# Airflow stands first: its CeleryExecutor runs a task of Airflow inside a task of Celery.
TASK_QUEUES: Mapping[str, Callable[[], ScheduledJob | None]] = {
    "Airflow": _airflow,
    "Celery": _celery,
    "Dagster": _dagster,
}
