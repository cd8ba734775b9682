"""What names a job in each scheduler, and what counts its attempts: as each documents it.

AWS Batch: docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html. Cloud Run:
cloud.google.com/run/docs/container-contract. Slurm: slurm.schedmd.com/sbatch.html. GitHub:
docs.github.com/en/actions/reference/workflows-and-actions/variables. Kubernetes:
kubernetes.io/docs/tasks/job/indexed-parallel-processing-static.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.emit import RunLedger
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger.emit.identity.schedulers import (
    ScheduledJob,
    job_of_environment,
    job_of_task_queue,
)

OWNER = {"client_id": "c", "project_id": "p"}
BATCH = {"AWS_BATCH_JOB_ID": "4c2f-11", "AWS_BATCH_JOB_ATTEMPT": "2"}
AIRFLOW = {
    "AIRFLOW_CTX_DAG_ID": "d",
    "AIRFLOW_CTX_DAG_RUN_ID": "r",
    "AIRFLOW_CTX_TASK_ID": "t",
    "AIRFLOW_CTX_TRY_NUMBER": "2",
}
CLOUD_RUN = {"CLOUD_RUN_JOB": "enrich", "CLOUD_RUN_EXECUTION": "enrich-mdw84"}
SLURM = {"SLURM_JOB_ID": "991", "SLURM_CLUSTER_NAME": "c1"}
GITHUB = {
    "GITHUB_REPOSITORY_ID": "5",
    "GITHUB_RUN_ID": "1658821493",
    "GITHUB_JOB": "enrich",
    "GITHUB_RUN_ATTEMPT": "2",
}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({**BATCH}, ("4c2f-11", 2)),
        ({**BATCH, "AWS_BATCH_JOB_ID": "4c2f-11:7", "AWS_BATCH_JOB_ARRAY_INDEX": "7"},
         ("4c2f-11:7", 2)),
        ({**BATCH, "AWS_BATCH_JOB_NODE_INDEX": "1"}, ("4c2f-11:1", 2)),
        ({**AIRFLOW}, ("d:r:t", 2)),
        ({**AIRFLOW, "AIRFLOW_CTX_MAP_INDEX": "-1"}, ("d:r:t", 2)),
        ({**AIRFLOW, "AIRFLOW_CTX_MAP_INDEX": "3"}, ("d:r:t:3", 2)),
        ({**CLOUD_RUN, "CLOUD_RUN_TASK_INDEX": "0", "CLOUD_RUN_TASK_ATTEMPT": "0"},
         ("enrich-mdw84:0", 1)),
        ({**CLOUD_RUN, "CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_ATTEMPT": "2"},
         ("enrich-mdw84:3", 3)),
        ({"RUN_LEDGER_JOB_ID": "nightly-29", "JOB_COMPLETION_INDEX": "0",
          "RUN_LEDGER_RETRIES": "0"}, ("nightly-29:0", 1)),
        ({"RUN_LEDGER_JOB_ID": "nightly-29", "JOB_COMPLETION_INDEX": "4",
          "RUN_LEDGER_RETRIES": "2"}, ("nightly-29:4", 3)),
        ({"RUN_LEDGER_JOB_ID": "arn:aws:states:eu-central-1:1:execution:Nightly:41",
          "RUN_LEDGER_RETRIES": "1"}, ("arn:aws:states:eu-central-1:1:execution:Nightly:41", 2)),
    ],
)  # fmt: skip
def test_a_schedulers_variables_name_job_and_attempt(
    make: Make, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: Any
) -> None:
    """A job without an id takes both from the scheduler."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    job = make().job(**OWNER)

    assert (job.job_id, job.attempt) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (SLURM, ("991", 1)),
        ({**SLURM, "SLURM_RESTART_COUNT": "2", "SLURM_STEP_ID": "0", "SLURM_PROCID": "3"},
         ("991:0:3", 3)),
        (GITHUB, ("5:1658821493:enrich", 2)),
    ],
)  # fmt: skip
def test_what_many_programs_share_names_no_job_by_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: Any
) -> None:
    """Two steps of a workflow are not one job; but each knows at which attempt it is."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    ledger = make()

    assert job_of_environment(variables) == ScheduledJob(*expected, is_shared=True)
    assert ledger.job(**OWNER).job_id not in {expected[0], None}
    assert ledger.job(**OWNER, job_id="own").attempt == expected[1]


def test_an_id_that_the_pipeline_chose_keeps_the_schedulers_attempt(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many attempts this process has seen, and without a word in the log."""
    ledger = make()
    for retries in ("0", "1", "2"):
        monkeypatch.setenv("RUN_LEDGER_RETRIES", retries)
        with ledger.job(**OWNER, job_id="order-7") as job:
            assert job.attempt == int(retries) + 1

    assert ledger.flush(30)
    assert sorted(bus.jobs["order-7"].attempts) == [1, 2, 3]
    assert ledger.stats().reused == 0


class CeleryState:
    """Stands for ``celery._state``: the tasks that run in this thread, the innermost last."""

    def __init__(self) -> None:
        """Begin outside of any task."""
        self._task_stack = SimpleNamespace(stack=[])

    @contextmanager
    def running(self, job_id: str | None, retries: int = 0) -> Iterator[None]:
        """Run a task; without an id, it is called as a function."""
        request = _Request(job_id, retries)
        task = SimpleNamespace(request_stack=SimpleNamespace(stack=[request]))
        self._task_stack.stack.append(task)
        yield
        self._task_stack.stack.pop()


class _Request:
    def __init__(self, job_id: str | None, retries: int) -> None:
        self.id, self.retries = job_id, retries


@pytest.fixture
def celery(monkeypatch: pytest.MonkeyPatch) -> CeleryState:
    """Let Celery seem imported, in a worker process."""
    state = CeleryState()
    monkeypatch.setitem(sys.modules, "celery._state", state)  # type: ignore[arg-type]
    monkeypatch.setattr(environment, "is_worker", lambda: True)
    return state


def reported(ledger: RunLedger) -> tuple[str | None, int]:
    """Report a job, and return its id and attempt."""
    with ledger.job(**OWNER) as job:
        return job.job_id, job.attempt


def test_retries_of_a_celery_task_are_attempts(make: Make, celery: CeleryState) -> None:
    """In one worker process, too, where a further job of the same execution gets a number."""
    ledger = make()
    found = []
    for retries in range(3):
        with celery.running("task-1", retries):
            found += [reported(ledger), reported(ledger)]

    assert found == [
        *(("task-1", 1), ("task-1:2", 1)),
        *(("task-1", 2), ("task-1:2", 2)),
        *(("task-1", 3), ("task-1:2", 3)),
    ]
    assert ledger.stats().reused == 0


def test_a_job_that_names_the_tasks_own_id_has_it(make: Make, celery: CeleryState) -> None:
    """A further job of the task does not take it as well, and so is no part of itself."""
    ledger = make()
    with (
        celery.running("task-1", 1),
        ledger.job(**OWNER, job_id="task-1") as own,
        ledger.job(**OWNER) as part,
    ):
        assert (own.job_id, own.attempt) == ("task-1", 2)
        assert (part.job_id, part.attempt) == ("task-1:2", 2)


def test_a_message_that_celery_delivers_again_is_the_same_attempt(
    make: Make, celery: CeleryState
) -> None:
    """The broker does not count deliveries, so that nobody can number them."""
    ledger = make()
    found = []
    for _ in range(2):
        with celery.running("task-1", 1):
            found.append(reported(ledger))

    assert found == [("task-1", 2), ("task-1", 2)]


def test_a_celery_task_called_as_a_function_is_part_of_the_one_around_it(
    make: Make, celery: CeleryState
) -> None:
    """It has no id of its own, and the jobs in it are further jobs of that execution."""
    ledger = make()
    with celery.running("task-1"), ledger.job(**OWNER) as around, celery.running(None):
        assert reported(ledger) == ("task-1:2", 1)

    assert around.job_id == "task-1"


def test_outside_of_any_celery_task_a_job_gets_an_id_of_its_own(
    make: Make, celery: CeleryState
) -> None:
    """And a call of a task as a function is none either."""
    with celery.running(None):
        assert len(reported(make())[0] or "") == 32


def test_a_task_id_from_outside_is_mended(make: Make, celery: CeleryState) -> None:
    """`apply_async(task_id=…)` takes any text."""
    with celery.running("bestellung 7/ä"):
        assert reported(make())[0] == to_identifier("bestellung 7/ä")


def airflow_runs(
    monkeypatch: pytest.MonkeyPatch, task: SimpleNamespace | None, module: str = "airflow.sdk"
) -> None:
    """Let Airflow's module say that this process runs *task*."""

    def get_current_context() -> dict[str, Any]:
        if task is None:
            raise RuntimeError("no context was found")
        return {"ti": task}

    stand_in: Any = SimpleNamespace(get_current_context=get_current_context)
    monkeypatch.setitem(sys.modules, module, stand_in)


@pytest.mark.parametrize("module", ["airflow.sdk", "airflow.operators.python"])
@pytest.mark.parametrize(("map_index", "job_id"), [(-1, "d:r:t"), (0, "d:r:t:0"), (7, "d:r:t:7")])
def test_an_airflow_task_is_known_in_any_process(
    make: Make, monkeypatch: pytest.MonkeyPatch, module: str, map_index: int, job_id: str
) -> None:
    """Executors fork the task's process, so that it looks like a worker; instances are apart."""
    task = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=map_index, try_number=2)
    airflow_runs(monkeypatch, task, module)
    monkeypatch.setattr(environment, "is_worker", lambda: True)

    jobs = [make().job(**OWNER) for _ in range(2)]

    assert [(job.job_id, job.attempt) for job in jobs] == [
        (job_id, 2),
        (to_identifier(job_id, 2), 2),
    ]


def test_a_process_without_an_airflow_task_asks_the_environment(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow may be imported where none of its tasks runs."""
    airflow_runs(monkeypatch, None)
    for name, text in AIRFLOW.items():
        monkeypatch.setenv(name, text)

    job = make().job(**OWNER)

    assert (job.job_id, job.attempt) == ("d:r:t", 2)


def test_a_pool_inside_an_airflow_task_leaves_the_id_to_the_task(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A forked worker inherits what Airflow says, but is not the task."""
    task = SimpleNamespace(dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1)
    airflow_runs(monkeypatch, task)
    context = multiprocessing.get_context("fork")

    with context.Pool(1) as pool:
        inside = pool.apply(job_of_task_queue)

    assert inside is None
    assert job_of_task_queue() == ScheduledJob("d:r:t", 1, per_task=True)
