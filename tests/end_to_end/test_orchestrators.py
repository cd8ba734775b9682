"""Real schedulers and queues of Python: what is tried again is an attempt of the same job."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.support.producers import orchestrators
from tests.support.producers.buses import jobs_of
from tests.support.producers.reporting import taken
from tests.support.stacks.local_stack import wait_for

from run_ledger.domain.state.job import Job

pytestmark = pytest.mark.machine_clock


def jobs(folder: Path) -> dict[str, Job]:
    """Return the jobs that a program in *folder* has reported, by id."""
    return jobs_of(taken(folder / "bus"))


def all_ended(folder: Path, number: int) -> bool:
    """Return whether so many jobs were reported, and all of them have ended well."""
    found = jobs(folder).values()
    return len(found) == number and all(job.outcome == "succeeded" for job in found)


@contextmanager
def worker(folder: Path) -> Iterator[None]:
    """Run a worker of Celery, and end it by a signal to its process."""
    with (folder / "worker.log").open("wb") as log:
        process = subprocess.Popen(
            orchestrators.command("work", folder),
            env=orchestrators.environment(),
            stdout=log,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:  # on a busy machine; nothing is at work any more
            process.kill()
            process.wait()


def test_celery(tmp_path: Path) -> None:
    """Retries in one worker process are attempts; a lost worker's message is the same attempt."""
    lines = orchestrators.run("queue_tasks", tmp_path).splitlines()
    tasks = [(name, task_id) for name, task_id in map(str.split, lines)]
    ids = {name: task_id for name, task_id in tasks}  # noqa: C416 - the last one of each name

    with worker(tmp_path):
        wait_for("all tasks to end", lambda: all_ended(tmp_path, 6), seconds=300)

    found = jobs(tmp_path)
    plain = [task_id for name, task_id in tasks if name == "plain"]
    assert found.keys() == {task_id for _, task_id in tasks} | {f"{one}:2" for one in plain}
    flaky, lost = found[ids["flaky"]], found[ids["lost"]]
    assert [flaky.attempts[number].ended.result for number in (1, 2, 3)] == [  # type: ignore[union-attr]
        "failed",
        "failed",
        "succeeded",
    ]
    assert flaky.counters == {"records_ok": 3}
    assert (list(lost.attempts), lost.outcome) == ([1], "succeeded")
    assert lost.counters == {"records_ok": 2}
    assert {found[f"{one}:2"].latest("parent_job_id") for one in plain} == {*plain}


def test_dagster(tmp_path: Path) -> None:
    """Retries of a step are attempts, and each mapped step is a job of its own."""
    run_id = orchestrators.run("dagster", tmp_path).strip()

    found = {str(job.latest("name")): job for job in jobs(tmp_path).values()}
    assert {name: list(job.attempts) for name, job in found.items()} == {
        "flaky": [1, 2, 3],
        "each 1": [1],
        "each 2": [1],
    }
    assert found["flaky"].job_id == f"{run_id}:flaky"
    assert found["each 1"].job_id.startswith(f"{run_id}:each-one-")
    assert {job.outcome for job in found.values()} == {"succeeded"}


def test_a_notebook(tmp_path: Path) -> None:
    """A named cell that is run again is the next attempt; without a name it is another job."""
    orchestrators.run("notebook", tmp_path)

    found = jobs(tmp_path)
    named = found.pop("enrich")
    assert {number: one.ended.result for number, one in named.attempts.items() if one.ended} == {
        1: "failed",
        2: "succeeded",
        3: "succeeded",
    }
    assert [job.outcome for job in found.values()] == ["succeeded"] * 2


def test_joblibs_threads(tmp_path: Path) -> None:
    """What its threads do is part of the job around it."""
    orchestrators.run("joblib", tmp_path)

    found = jobs(tmp_path)
    assert found.pop("around").latest("parent_job_id") is None
    assert [job.latest("parent_job_id") for job in found.values()] == ["around"] * 6
