"""A real Airflow reports: by OpenLineage, and by `run_ledger.emit` inside its tasks."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.support.producers import airflow

from run_ledger.domain.state.job import Job

RUNS = 2
SECONDS = 400.0  # far more than needed: what doesn't come is lost


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Give what two runs of the DAG reported."""
    folder = tmp_path_factory.mktemp("airflow")
    found = airflow.jobs_of_runs(folder, RUNS, SECONDS)
    assert airflow.ended(found) == airflow.attempts(RUNS), airflow.logs(folder)
    return list(found.values())


@pytest.fixture(scope="module")
def jobs_over_http(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Give what a run of the DAG reported, of OpenLineage through the intake."""
    folder = tmp_path_factory.mktemp("airflow-over-http")
    found = airflow.jobs_over_http(folder, 1, SECONDS)
    assert airflow.ended(found) == airflow.attempts(1), airflow.logs(folder)
    return list(found.values())


@pytest.mark.machine_clock
def test_the_stock_http_transport_tells_the_same(
    jobs: list[Job], jobs_over_http: list[Job]
) -> None:
    """Though each attempt reports by processes of its own, and the door remembers none of them."""
    assert Counter(map(told, by_client(jobs_over_http, "lineage"))) == Counter(
        {
            one: count // RUNS
            for one, count in Counter(map(told, by_client(jobs, "lineage"))).items()
        }
    )


def told(job: Job) -> tuple[Any, ...]:
    """Give what a job tells that does not differ from run to run."""
    errors = [one.error and (one.error.type, one.error.message) for one in job.attempts.values()]
    has_parent = "parent_job_id" in job.latest_values
    return (text(job, "name"), job.outcome, len(job.attempts), *errors, has_parent)


def by_client(jobs: list[Job], client_id: str) -> list[Job]:
    """Give the jobs of a client: `lineage` or `inside`."""
    return [job for job in jobs if job.client_id == client_id]


def text(job: Job, field: str) -> str:
    """Give the latest value of a job's field."""
    return str(job.latest_values[field].value)


@pytest.mark.machine_clock
def test_openlineage_tells_tries_as_attempts_of_one_job(jobs: list[Job]) -> None:
    """Each task of each run is a job with as many attempts as tries, mapped instances apart."""
    found = by_client(jobs, "lineage")
    tasks = [job for job in found if "parent_job_id" in job.latest_values]
    dag_runs = [job for job in found if job not in tasks]

    assert Counter((text(job, "name"), len(job.attempts)) for job in tasks) == Counter(
        {(f"enrich.{name}", tries): RUNS for name, tries in airflow.TRIES.items()}
    )
    assert [job.outcome for job in dag_runs] == ["failed"] * RUNS
    assert Counter(text(job, "parent_job_id") for job in tasks) == Counter(
        {job.job_id: len(airflow.TRIES) for job in dag_runs}
    )
    assert all(one.duration is not None for job in found for one in job.attempts.values())


@pytest.mark.machine_clock
def test_openlineage_tells_why_a_try_failed(jobs: list[Job]) -> None:
    """The error has the exception's type, message and cause; the last try says how it ended."""
    outcomes = {}
    for job in by_client(jobs, "lineage"):
        error = job.attempts[1].error
        outcomes[text(job, "name")] = (job.outcome, error and (error.type, error.message))

    assert outcomes["enrich.flaky"] == (
        "succeeded",
        ("RuntimeError", "record 7 (caused by ConnectionError: down)"),
    )
    assert outcomes["enrich.broken"] == ("failed", ("KeyError", "'price'"))
    assert outcomes["enrich.each [1]"] == ("succeeded", None)


@pytest.mark.machine_clock
def test_jobs_inside_tasks_are_attempts_of_one_job(jobs: list[Job]) -> None:
    """In the task's own process and in a program that it starts; each counts its record."""
    found = by_client(jobs, "inside")
    names = {name: (tries, tries) for name, tries in airflow.REPORTING.items()}

    assert Counter(job.job_id.rpartition("-")[0].partition(":")[0] for job in found) == {
        "enrich": RUNS * len(names)
    }
    assert sorted((len(job.attempts), job.counters["records_ok"]) for job in found) == sorted(
        list(names.values()) * RUNS
    )
