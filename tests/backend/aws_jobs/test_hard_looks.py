"""A look at an account where something is wrong with one job: all others are seen in time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.account.aws_samples import (
    arn,
    described,
    described_task,
    execution,
    execution_event,
    glue_run,
    map_run,
    task,
)
from tests.support.account.recorded_services import refusal
from tests.support.account.watched_account import WatchedAccount, rule
from tests.support.events.builders import job_update
from tests.support.readers.ledgers import make_ledger, post

COUNTERS = {"records_ok": "$.summary.ok"}


class Machines(WatchedAccount):
    """An account with state machines, of which each execution is to be recorded."""

    def ran(self, name: str, status: str = "SUCCEEDED", machine: str = "orders") -> str:
        """Let an execution have run, and return its ARN."""
        detail = execution(name, status, machine)
        key: str = detail["executionArn"]
        self.services.machines[detail["stateMachineArn"]] = "STANDARD"
        self.services.executions[key] = described(detail)
        return key


@pytest.mark.parametrize(
    ("service", "key"),
    [
        ("glue", "x"),
        ("glue", "glue:a:b::"),
        ("step-functions", "x"),
        ("step-functions", arn("states", "no execution")),
        ("batch", "a/"),
        ("bedrock", arn("bedrock", "x")),
        ("bedrock", ""),
    ],
)
def test_tags_that_a_producer_made_up_keep_no_look(service: str, key: str) -> None:
    """A client's own job may have any tags: no look fails for them."""
    house = Machines([rule("client-1")])
    tags = {"aws_service": service, "aws_key": key or "-"}
    began = job_update(occurred_at="2026-11-10T00:00:00Z", status="running", tags=tags)
    assert not post(make_ledger(house.store), [began]).rejected
    house.services.failures["describe_execution"] = refusal("InvalidArn")
    house.services.failures["get_model_invocation_job"] = refusal("ValidationException")
    assert house.reconcile().failed == []


def test_an_execution_that_cannot_be_asked_about_keeps_no_other() -> None:
    """The look says that it has not seen all, and the others are there."""
    house = Machines([rule()])
    denied = house.ran("a")
    house.ran("b")
    house.ran("c", machine="orders-2")
    every = house.services.describe_execution

    def describe(executionArn: str, **more: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        if executionArn == denied:
            raise refusal("AccessDeniedException")
        return every(executionArn, **more)

    house.services.describe_execution = describe  # type: ignore[method-assign]
    assert house.reconcile().failed == ["step-functions"]
    assert set(house.jobs) == {"b", "c"}


def test_an_execution_under_a_key_of_others_has_no_texts() -> None:
    """Its states count all the same, by event and by look."""
    house = Machines([rule(counters=COUNTERS)])
    house.services.closed.add(house.ran("a"))
    house.services.closed.add(house.ran("b"))
    outside = {"inputDetails": {"included": False}, "outputDetails": {"included": False}}
    event = execution_event("a", "SUCCEEDED", input=None, output=None, **outside)
    report = house.follow(event)
    assert (report.failed, report.counters_left_out) == (set(), 1)
    report_of_look = house.reconcile()
    assert (report_of_look.failed, report_of_look.sent) == ([], 2)
    assert {name: job.current.result for name, job in house.jobs.items()} == {
        "a": "succeeded",
        "b": "succeeded",
    }


def test_what_was_deleted_meanwhile_is_no_fault() -> None:
    """An execution's Map runs, and a state machine that was listed a moment ago."""
    house = Machines([rule(map_runs=True)])
    house.ran("a")
    house.services.failures["list_map_runs"] = refusal("ExecutionDoesNotExist")
    assert house.follow(execution_event("a", "FAILED")).failed == set()
    assert house.jobs["a"].current.result == "failed"
    house.services.failures["list_executions"] = refusal("StateMachineDoesNotExist")
    assert house.reconcile().failed == []


def test_of_another_account_the_event_has_to_do() -> None:
    """Its services can't be asked: the result counts, the output that is not there does not."""
    house = Machines([rule(counters=COUNTERS, map_runs=True)])
    house.services.failures["describe_execution"] = refusal("AccessDeniedException")
    house.services.failures["list_map_runs"] = refusal("AccessDeniedException")
    event = execution_event("a", "SUCCEEDED", output=None, outputDetails={"included": False})
    key = "arn:aws:states:us-east-1:999999999999:execution:orders:a"
    event["detail"]["executionArn"] = key
    report = house.follow(event)
    assert (report.failed, report.counters_left_out) == (set(), 1)
    assert house.jobs["a"].current.result == "succeeded"


def test_a_look_that_ends_in_time_has_got_on() -> None:
    """What it has asked about is sent, so that the next look goes on behind it."""
    house = Machines([rule(map_runs=True), rule(glue_job="orders-*")])
    for number in range(60):
        house.ran(f"n{number}")
    house.services.runs_of_glue["jr"] = glue_run("jr", "SUCCEEDED")
    left = 0.0

    def remaining() -> float:
        return left

    every = house.services.describe_execution

    def describe(executionArn: str, **more: Any) -> Iterator[dict[str, Any]]:  # noqa: N803
        nonlocal left
        left -= 2.0
        assert left > 0
        return every(executionArn, **more)

    house.services.describe_execution = describe  # type: ignore[method-assign]
    found: list[int] = []
    for _ in range(4):
        left = 60.0
        report = house.reconciler.reconcile(remaining)
        house.post()
        assert report.failed == (["step-functions"] if report.is_late else [])
        found.append(len(house.jobs))
    assert found == [23, 47, 61, 61]


def test_many_jobs_of_nobody_take_no_more_time_than_there_is() -> None:
    """Of a list in which nothing is declared, too, only so much is read."""
    house = Machines([rule(ecs_family="mine")])
    answered = iter([60.0, 40.0, 20.5, 3.0])
    house.services.tasks |= _tasks_of_others(9)
    report = house.reconciler.reconcile(lambda: next(answered))
    assert (report.failed, report.seen) == (["ecs"], 0)


def _tasks_of_others(count: int) -> dict[str, dict[str, Any]]:
    every = [described_task(task(f"t{number}")) for number in range(count)]
    return {one["taskArn"]: one for one in every}


def test_counters_of_an_output_count_once_whatever_the_map_runs_say() -> None:
    """The end comes twice, and a Map run tells of a failed item only the second time."""
    house = Machines([rule(map_runs=True, counters={"rows_read": "$.summary.ok"})])
    key = house.ran("a")
    event = execution_event("a", "SUCCEEDED")
    for failed in (0, 2):
        house.services.runs_of_maps[key] = [map_run(key, succeeded=5, failed=failed)]
        house.follow(event)
    job = house.jobs["a"]
    assert job.counters["rows_read"] == 7
    assert (job.current.status, job.current.restarted_at) == ("completed", None)


def test_no_execution_is_a_part_of_itself() -> None:
    """Its input is anybody's text, and may name it."""
    house = Machines([rule()])
    started_by = {"AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID": execution("a")["executionArn"]}
    for name in ("a", "b"):
        house.follow(execution_event(name, "SUCCEEDED", input=json.dumps(started_by)))
    jobs = house.jobs
    assert jobs["a"].latest("parent_job_id") is None
    assert jobs["b"].latest("parent_job_id") == jobs["a"].job_id
