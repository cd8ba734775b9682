"""Real schedulers and queues of Python: what is tried again is an attempt of the same job."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.producers import orchestrators
from tests.support.producers.buses import jobs_of
from tests.support.producers.reporting import taken

from run_ledger.domain.state.job import Job

pytestmark = pytest.mark.machine_clock


def jobs(folder: Path) -> dict[str, Job]:
    """Return the jobs that a program in *folder* has reported, by id."""
    return jobs_of(taken(folder / "bus"))


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
