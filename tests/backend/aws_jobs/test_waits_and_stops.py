"""What a job waited for before it began or was stopped, by services that retry or stop jobs."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from tests.support.account.aws_samples import (
    BEGAN_MS,
    arn,
    batch_attempt,
    batch_event,
    batch_job,
    exited,
    inference,
    inference_event,
    task,
    task_event,
)
from tests.support.account.watched_account import WatchedAccount, rule

BATCH, TASK = rule(batch_queue="nightly"), rule(ecs_family="sample-*")
BEDROCK = rule(bedrock_job="describe-*")


@pytest.mark.parametrize("flag", ["isCancelled", "isTerminated"])
def test_a_batch_job_stopped_while_it_waits_for_its_retry(flag: str) -> None:
    """The attempt that was waited for ends, and with it the job, in whichever order events come."""
    first = batch_attempt(1, 1)
    stop = first["stoppedAt"] + 60_000
    said: dict[str, Any] = {flag: True, "statusReason": "not needed", "stoppedAt": stop}
    events = [
        batch_event(batch_job(status="RUNNING", startedAt=first["startedAt"])),
        batch_event(batch_job(status="RUNNABLE", attempts=[first])),
        batch_event(batch_job(status="FAILED", attempts=[first], **said)),
    ]
    for order in permutations(events):
        house = WatchedAccount([BATCH])
        for event in order:
            house.follow(event, event)
        (job,) = house.jobs.values()
        results = [one.result for _, one in sorted(job.attempts.items())]
        assert (results, job.current.status) == (["failed", "cancelled"], "completed")
        assert job.current.ended_at == stop * 1_000


def test_a_batch_job_stopped_while_it_runs() -> None:
    """Its attempt ends with it: there is no further one."""
    first = batch_attempt(1, 137)
    said = {"isTerminated": True, "statusReason": "not needed", "stoppedAt": first["stoppedAt"]}
    house = WatchedAccount([BATCH])
    house.follow(batch_event(batch_job(status="FAILED", attempts=[first], **said)))
    (job,) = house.jobs.values()
    assert {n: one.result for n, one in job.attempts.items()} == {1: "cancelled"}


@pytest.mark.parametrize("code", ["UserInitiated", "ServiceSchedulerInitiated"])
def test_a_task_that_was_stopped_in_good_order(code: str) -> None:
    """It ended by itself with 0 because it was told to end: its work is not done."""
    house = WatchedAccount([TASK])
    stopped = task(status="STOPPED", containers=exited(0), stopCode=code, stoppedReason="by Ann")
    house.follow(task_event(stopped))
    (job,) = house.jobs.values()
    assert job.current.result == "cancelled"


@pytest.mark.parametrize("code", ["SpotInterruption", "TerminationNotice", "InfrastructureHealth"])
def test_a_task_whose_machine_was_taken_away(code: str) -> None:
    """Whatever its containers made of it: it failed, with what took it away."""
    house = WatchedAccount([TASK])
    stopped = task(status="STOPPED", containers=exited(0), stopCode=code, stoppedReason="gone")
    house.follow(task_event(stopped))
    (job,) = house.jobs.values()
    error = job.current.error
    assert error is not None
    assert (job.current.result, error.type, error.message) == ("failed", code, "gone")


def test_a_container_that_the_task_lacks_is_said() -> None:
    """A rule with a slip of the pen makes no failures."""
    house = WatchedAccount([rule(ecs_family="sample-*", container="wroker")])
    report = house.follow(task_event(task(status="STOPPED", containers=exited(0))))
    assert (report.not_understood, report.sent) == (1, 0)


def test_what_only_its_end_tells_of_was_queued_before() -> None:
    """Bedrock tells no start, and a job that was cancelled had none: since when it was, counts."""
    house = WatchedAccount([BATCH, BEDROCK])
    key = arn("bedrock", "model-invocation-job/abc")
    house.services.inferences[key] = inference("abc", "Completed")
    house.follow(
        inference_event("abc", "Completed"),
        batch_event(batch_job(status="FAILED", isCancelled=True, stoppedAt=BEGAN_MS + 9_000)),
    )
    assert {name: job.created_at for name, job in house.jobs.items()} == {
        "describe-products": BEGAN_MS * 1_000,
        "event-test": BEGAN_MS * 1_000,
    }
