"""The demo's pipelines on the running system: real processes, real records, the API's view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.readers.ledger_http import all_items, machine_token, until
from tests.support.stacks.local_stack import LocalStack

from run_ledger_ops.demo.live.runner import PIPELINES, TAGS
from run_ledger_ops.demo.live.workers import Workers

pytestmark = pytest.mark.local_stack
SECONDS = 90


@pytest.fixture
def said(running: LocalStack) -> Iterator[list[str]]:
    """Let the three pipelines work, a job every three seconds each; give what was said of them."""
    complaints: list[str] = []
    with Workers(running.state / "stack.json", 60, complaints.append):
        yield complaints


def is_whole(job: dict[str, Any]) -> bool:
    """Tell whether the counted records of a job are as many as it said it has."""
    names = ("records_ok", "records_failed", "records_skipped")
    done = sum(job["counters"].get(name, 0) for name in names)
    return job["records_total"] in (None, done)


def test_three_pipelines_report_what_they_do(running: LocalStack, said: list[str]) -> None:
    """A job of each line shows as ended, with each of its records accounted for."""
    token = machine_token(running.document)

    def over(project_id: str) -> list[dict[str, Any]]:
        jobs = all_items(running.document, "/jobs", token, project_id=project_id)
        return [job for job in jobs if job["status"] == "completed"]

    def job_of(project_id: str, job_id: str) -> dict[str, Any]:
        return next(job for job in over(project_id) if job["job_id"] == job_id)

    for line in PIPELINES.values():
        project_id = line.project_id
        until(f"a job of {line.key}", SECONDS, lambda of=project_id: bool(over(of)))
        job_id = over(project_id)[0]["job_id"]
        until(
            f"all records of {job_id}",  # its end may be posted before deltas sent earlier
            SECONDS,
            lambda of=project_id, job_id=job_id: is_whole(job_of(of, job_id)),
        )
        job = job_of(project_id, job_id)
        assert bool(job["error"]) == (job["result"] != "succeeded")
        assert job["tags"] == TAGS
        assert job["pipeline"] == line.pipeline
    assert said == []
