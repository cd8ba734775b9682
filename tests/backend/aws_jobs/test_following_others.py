"""Jobs of Batch, Glue, ECS and Bedrock, by events as AWS documents them."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from tests.support.account.aws_samples import (
    BEGAN_MS,
    arn,
    at,
    batch_attempt,
    batch_event,
    batch_job,
    exited,
    glue_event,
    glue_run,
    inference,
    inference_event,
    task,
    task_event,
)
from tests.support.account.watched_account import WatchedAccount, rule

from run_ledger.domain.state.job import Job

BATCH, GLUE = rule(batch_queue="nightly"), rule(glue_job="orders-*")
TASK, BEDROCK = rule(ecs_family="sample-fargate"), rule(bedrock_job="describe-*")


def ends(job: Job) -> list[tuple[Any, ...]]:
    """Return number, result and error of each attempt."""
    return [
        (n, one.result, None if one.error is None else (one.error.type, one.error.message))
        for n, one in sorted(job.attempts.items())
    ]


# ------------------------------------------------------------------------------- Batch


def test_a_batch_job_with_a_retry() -> None:
    """Each attempt is one of ours, whichever events come, in whichever order."""
    first, second = batch_attempt(1, 137, reason="OutOfMemoryError"), batch_attempt(2, 0)
    events = [
        batch_event(batch_job(status="RUNNABLE")),
        batch_event(batch_job(status="RUNNING", startedAt=first["startedAt"])),
        batch_event(batch_job(status="RUNNABLE", attempts=[first])),
        batch_event(
            batch_job(
                status="SUCCEEDED",
                attempts=[first, second],
                startedAt=second["startedAt"],
                stoppedAt=second["stoppedAt"],
            )
        ),
    ]
    oom = ("exit code 137", "Essential container in task exited: OutOfMemoryError")
    for order in permutations(events):
        house = WatchedAccount([BATCH])
        for event in order:
            house.follow(event, event)
        (job,) = house.jobs.values()
        assert ends(job) == [(1, "failed", oom), (2, "succeeded", None)]
        assert job.attempts[1].started_at == first["startedAt"] * 1_000
        assert job.attempts[2].ended_at == second["stoppedAt"] * 1_000
        assert (job.pipeline, job.created_at) == ("first-run", job.created_at)


@pytest.mark.parametrize(
    ("more", "result", "error"),
    [
        (
            {"attempts": [batch_attempt(1, 1)]},
            "failed",
            ("exit code 1", "Essential container in task exited"),
        ),
        (
            {"statusReason": "Job attempt duration exceeded timeout", "isTerminated": False},
            "timed_out",
            ("Batch", "Job attempt duration exceeded timeout"),
        ),
        (
            {"statusReason": "not needed", "isTerminated": True},
            "cancelled",
            ("Batch", "not needed"),
        ),
        ({"statusReason": "not yet", "isCancelled": True}, "cancelled", ("Batch", "not yet")),
        ({}, "failed", None),
    ],
)
def test_how_a_batch_job_ended(
    more: dict[str, Any], result: str, error: tuple[str, str] | None
) -> None:
    """By its exit code, or by what Batch says."""
    house = WatchedAccount([BATCH])
    house.follow(batch_event(batch_job(status="FAILED", stoppedAt=BEGAN_MS + 9_000, **more)))
    (job,) = house.jobs.values()
    found = ends(job)
    assert found == [(1, result, error)]


def test_children_of_an_array_job_are_its_parts() -> None:
    """The parent is a job, too."""
    house = WatchedAccount([rule(batch_definition="first-*")])
    parent = batch_job("abc", "PENDING", arrayProperties={"size": 2, "statusSummary": {}})
    child = batch_job("abc:1", "RUNNING", arrayProperties={"index": 1}, startedAt=BEGAN_MS + 5)
    house.follow(batch_event(parent), batch_event(child))
    jobs = house.jobs
    assert set(jobs) == {"event-test", "event-test:1"}
    assert jobs["event-test:1"].latest("parent_job_id") == jobs["event-test"].job_id


def test_older_events_of_batch_name_the_job_beside_the_detail() -> None:
    """Before there was `jobArn`."""
    house = WatchedAccount([BATCH])
    event = batch_event(batch_job(status="RUNNING", startedAt=BEGAN_MS))
    del event["detail"]["jobArn"]
    house.follow(event, batch_event(batch_job(status="RUNNING", startedAt=BEGAN_MS)))
    assert len(house.jobs) == 1


# ------------------------------------------------------------------------------- Glue


def test_a_run_of_glue() -> None:
    """Its event has no times, so Glue is asked, and what it says now counts."""
    house = WatchedAccount([GLUE])
    house.services.runs_of_glue["jr_1"] = glue_run("jr_1", "SUCCEEDED")
    house.follow(glue_event("jr_1", "RUNNING"))
    (job,) = house.jobs.values()
    assert ends(job) == [(1, "succeeded", None)]
    assert (job.pipeline, job.latest("name")) == ("orders-etl", "jr_1")
    assert job.current.started_at == BEGAN_MS * 1_000
    assert house.follow(glue_event("jr_1", "SUCCEEDED")).sent == 2
    assert len({one["event_id"] for one in house.details}) == 2


def test_a_retry_of_glue_is_a_further_attempt() -> None:
    """It has a run of its own, named after the first."""
    house = WatchedAccount([GLUE])
    failed = glue_run("jr_1", "FAILED", ErrorMessage="AnalysisException: no such table: orders")
    again = glue_run(
        "jr_1_attempt_1",
        "TIMEOUT",
        Attempt=1,
        StartedOn=at(BEGAN_MS + 100_000),
        CompletedOn=at(BEGAN_MS + 200_000),
    )
    house.services.runs_of_glue |= {"jr_1": failed, "jr_1_attempt_1": again}
    house.follow(glue_event("jr_1_attempt_1", "TIMEOUT"), glue_event("jr_1", "FAILED"))
    (job,) = house.jobs.values()
    said = ("AnalysisException", "AnalysisException: no such table: orders")
    assert ends(job) == [(1, "failed", said), (2, "timed_out", None)]


@pytest.mark.parametrize(
    ("state", "result"),
    [("STOPPED", "cancelled"), ("ERROR", "failed"), ("EXPIRED", "timed_out"), ("STOPPING", None)],
)
def test_states_of_glue(state: str, result: str | None) -> None:
    """Each is one of ours."""
    house = WatchedAccount([GLUE])
    house.services.runs_of_glue["jr_1"] = glue_run("jr_1", state)
    house.follow(glue_event("jr_1", state))
    (job,) = house.jobs.values()
    assert job.current.result == result


def test_a_run_that_glue_does_not_know_is_said() -> None:
    """And not retried, as it will not be known later either."""
    house = WatchedAccount([GLUE])
    report = house.follow(glue_event("jr_gone", "SUCCEEDED"))
    assert (report.not_understood, report.failed) == (1, set())


def test_others_jobs_are_not_asked_about() -> None:
    """Only what a rule is about costs a call."""
    house = WatchedAccount([GLUE])
    house.follow(glue_event("jr_1", "SUCCEEDED", job="billing"))
    assert not house.services.calls


# ------------------------------------------------------------------------------- ECS


@pytest.mark.parametrize(
    ("more", "container", "result", "error"),
    [
        ({"containers": exited(0)}, None, "succeeded", None),
        ({"containers": exited(0, 143)}, "worker", "succeeded", None),
        (
            {"containers": exited(0, 143)},
            None,
            "failed",
            ("exit code 143", "Essential container in task exited"),
        ),
        (
            {"containers": exited(1)},
            None,
            "failed",
            ("exit code 1", "Essential container in task exited"),
        ),
        (
            {"containers": exited(137), "stopCode": "UserInitiated", "stoppedReason": "by Ann"},
            None,
            "cancelled",
            ("UserInitiated", "by Ann"),
        ),
        (
            {
                "containers": exited(None),
                "stopCode": "TaskFailedToStart",
                "stoppedReason": "CannotPullContainerError",
            },
            None,
            "failed",
            ("TaskFailedToStart", "CannotPullContainerError"),
        ),
        (
            {"containers": exited(None), "stopCode": "SpotInterruption", "stoppedReason": ""},
            None,
            "failed",
            ("SpotInterruption", "SpotInterruption"),
        ),
        (
            {"containers": [], "stopCode": "TaskFailedToStart", "stoppedReason": "no room"},
            None,
            "failed",
            ("TaskFailedToStart", "no room"),
        ),
    ],
)
def test_how_a_task_ended(
    more: dict[str, Any], container: str | None, result: str, error: tuple[str, str] | None
) -> None:
    """By exit codes, of all containers or of the one that the rule names, or by who stopped it."""
    house = WatchedAccount([rule(ecs_family="sample-fargate", container=container)])
    house.follow(task_event(task(status="STOPPED", **more)), task_event(task()))
    (job,) = house.jobs.values()
    assert ends(job) == [(1, result, error)]
    assert job.current.started_at is not None


def test_tasks_of_declared_families_and_groups_alone() -> None:
    """A service's tasks have its group."""
    house = WatchedAccount([rule(ecs_group="service:orders*", project="service"), TASK])
    service = task("1", group="service:orders-api")
    service["taskDefinitionArn"] = arn("ecs", "task-definition/orders-api:7")
    other = task("2", group="family:billing")
    other["taskDefinitionArn"] = arn("ecs", "task-definition/billing:1")
    report = house.follow(*map(task_event, (service, task("3", "PENDING"), other)))
    assert report.ignored == 1
    assert {name: job.project_id for name, job in house.jobs.items()} == {
        "1": "service",
        "3": "catalogue",
    }


# ------------------------------------------------------------------------------- Bedrock


def test_a_batch_of_bedrock() -> None:
    """With the counts of its records, which its event lacks."""
    house = WatchedAccount([BEDROCK])
    key = arn("bedrock", "model-invocation-job/abc")
    house.services.inferences[key] = inference("abc", "InProgress")
    house.follow(inference_event("abc", "InProgress"))
    (job,) = house.jobs.values()
    assert (job.current.status, job.counters) == ("running", {})
    counts = {"totalRecordCount": 100, "processedRecordCount": 100}
    counts |= {"successRecordCount": 97, "errorRecordCount": 3}
    house.services.inferences[key] = inference("abc", "Completed", **counts)
    house.follow(inference_event("abc", "Completed"))
    (job,) = house.jobs.values()
    assert ends(job) == [(1, "partial", None)]
    assert job.counters == {"records_ok": 97, "records_failed": 3}
    assert job.latest("records_total") == 100


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("Completed", "succeeded"),
        ("PartiallyCompleted", "partial"),
        ("Failed", "failed"),
        ("Stopped", "cancelled"),
        ("Expired", "timed_out"),
        ("Submitted", None),
        ("Validating", None),
        ("Scheduled", None),
        ("Stopping", None),
    ],
)
def test_states_of_bedrock(status: str, result: str | None) -> None:
    """Each is one of ours; what it says is the error's text."""
    house = WatchedAccount([BEDROCK])
    key = arn("bedrock", "model-invocation-job/abc")
    house.services.inferences[key] = inference("abc", status, message="because")
    house.follow(inference_event("abc", status))
    (job,) = house.jobs.values()
    assert job.current.result == result
    if result not in (None, "succeeded"):
        assert job.current.error is not None
        assert (job.current.error.type, job.current.error.message) == (status, "because")


def test_counts_that_bedrock_tells_later_are_taken() -> None:
    """An end without them is no other event than one with them."""
    house = WatchedAccount([BEDROCK])
    key = arn("bedrock", "model-invocation-job/abc")
    house.services.inferences[key] = inference("abc", "Completed")
    house.follow(inference_event("abc", "Completed"))
    counts = {"totalRecordCount": 100, "successRecordCount": 100, "errorRecordCount": 0}
    house.services.inferences[key] = inference("abc", "Completed", **counts)
    house.follow(inference_event("abc", "Completed"))
    (job,) = house.jobs.values()
    assert ends(job) == [(1, "succeeded", None)]
    assert (job.counters, job.latest("records_total")) == (
        {"records_ok": 100, "records_failed": 0},
        100,
    )
    assert job.current.started_at is None
