"""Executions of Step Functions become jobs, by their events, in any order and however often."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.account.aws_samples import (
    BEGAN_MS,
    arn,
    batch_attempt,
    batch_event,
    batch_job,
    described,
    execution,
    execution_event,
    exited,
    glue_event,
    inference_event,
    map_run,
    task,
    task_event,
)
from tests.support.account.recorded_services import refusal
from tests.support.account.watched_account import WatchedAccount, rule

from run_ledger.domain.instants import text

BEGAN, ENDED = text(BEGAN_MS * 1_000), text(BEGAN_MS * 1_000 + 5_034_000)
COUNTERS = {"records_ok": "$.summary.ok"}


def of_job(house: WatchedAccount, name: str = "run-1") -> tuple[Any, ...]:
    """Return status, result, start, end and counters of a job's latest attempt."""
    job = house.jobs[name]
    current = job.current
    times = [None if one is None else text(one) for one in (current.started_at, current.ended_at)]
    return (current.status, current.result, *times, dict(job.counters))


def test_an_execution_is_a_job_of_the_rules_client() -> None:
    """Its project and pipeline are the rule's, and it is found by its ARN and leads to AWS."""
    house = WatchedAccount([rule(counters=COUNTERS)])
    house.follow(execution_event())
    assert of_job(house) == ("running", None, BEGAN, None, {})
    report = house.follow(execution_event(status="SUCCEEDED"))
    assert (report.sent, report.failed, report.ignored, report.not_understood) == (2, set(), 0, 0)
    assert of_job(house) == ("completed", "succeeded", BEGAN, ENDED, {"records_ok": 7})
    job = house.jobs["run-1"]
    assert (job.client_id, job.project_id, job.pipeline) == ("acme", "catalogue", "orders")
    key = arn("states", "execution:orders:run-1")
    assert job.latest("tags") == {"aws_service": "step-functions", "aws_key": key}
    assert job.latest("log_url").endswith(
        f"/states/home?region=us-east-1#/v2/executions/details/{key}"
    )
    assert {one["Source"] for one in house.bus.entries} == {"run-ledger/client/acme"}


def test_an_end_alone_is_a_whole_job() -> None:
    """The event of the start is best-effort, and may never come."""
    house = WatchedAccount([rule(counters=COUNTERS, pipeline="nightly")])
    house.follow(execution_event(status="SUCCEEDED"))
    assert of_job(house) == ("completed", "succeeded", BEGAN, ENDED, {"records_ok": 7})
    assert house.jobs["run-1"].pipeline == "nightly"


def test_order_and_repeats_change_nothing() -> None:
    """Start, end and a redrive's start and end, in each order, each twice, come to one job."""
    redriven = {"redriveCount": 1, "redriveDate": BEGAN_MS + 60_000}
    events = [
        execution_event(),
        execution_event(status="FAILED", error="Boom", cause="no"),
        execution_event(**redriven),
        execution_event(status="SUCCEEDED", stopDate=BEGAN_MS + 70_000, **redriven),
    ]
    found = []
    for order in permutations(events):
        house = WatchedAccount([rule(counters=COUNTERS)])
        for event in order:
            house.follow(event, event)
        job = house.jobs["run-1"]
        found.append((job.attempts, job.counters, job.latest_values))
    assert all(one == found[0] for one in found)
    attempts, counters, _ = found[0]
    assert counters == {"records_ok": 7}
    assert [(n, one.result) for n, one in attempts.items()] == [(1, "failed"), (2, "succeeded")]
    assert attempts[2].started_at == (BEGAN_MS + 60_000) * 1_000


@pytest.mark.parametrize(
    ("status", "more", "result", "error"),
    [
        ("FAILED", {"error": "Boom", "cause": "no"}, "failed", ("Boom", "no")),
        ("FAILED", {}, "failed", None),
        ("TIMED_OUT", {}, "timed_out", ("States.Timeout", "The execution timed out.")),
        ("ABORTED", {"cause": "by hand"}, "cancelled", ("ABORTED", "by hand")),
        (
            "FAILED",
            {"error": "KeyError", "cause": '{"errorMessage": "price", "stackTrace": ["x"]}'},
            "failed",
            ("KeyError", "price"),
        ),
        ("FAILED", {"error": "E", "cause": "[" * 100_000}, "failed", ("E", "[" * 1_024)),
        (
            "FAILED",
            {"error": "E", "cause": '{"errorMessage": 7}'},
            "failed",
            ("E", '{"errorMessage": 7}'),
        ),
    ],
)
def test_how_it_ended(
    status: str, more: dict[str, Any], result: str, error: tuple[str, str] | None
) -> None:
    """Each end of AWS is one of ours, with what it says of the reason."""
    house = WatchedAccount([rule()])
    house.follow(execution_event(status=status, **more))
    current = house.jobs["run-1"].current
    assert current.result == result
    found = None if current.error is None else (current.error.type, current.error.message)
    assert found == error


def test_secrets_in_a_cause_are_blanked() -> None:
    """As the producers' library does it."""
    house = WatchedAccount([rule()])
    cause = "login failed: password=hunter2-hunter2 for db"
    house.follow(execution_event(status="FAILED", error="Login", cause=cause))
    assert "hunter2" not in json.dumps(house.details)


def test_what_no_rule_is_about_is_nobodys() -> None:
    """Other machines, other services, other events of the bus: ignored, and asked about nothing."""
    house = WatchedAccount([rule()])
    other = execution_event(machine="billing")
    strange = execution_event() | {"detail-type": "Something Else"}
    report = house.follow(other, strange, {"source": "aws.s3", "detail-type": "x", "detail": {}})
    assert (report.ignored, report.sent, report.not_understood) == (3, 0, 0)
    assert not house.services.calls
    assert not house.jobs


def test_rules_of_two_clients_give_it_to_neither() -> None:
    """Nothing of one client may show at another, so it is counted and said."""
    rules = [rule("acme"), rule("globex", state_machine="ord*")]
    house = WatchedAccount(rules)
    report = house.follow(execution_event(status="SUCCEEDED"))
    assert (report.not_understood, report.sent, report.ignored) == (1, 0, 0)
    assert not house.jobs


def test_the_first_rule_of_a_client_counts() -> None:
    """So a narrow one stands before a wide one."""
    rules = [rule(state_machine="orders-eu", project="eu"), rule(project="world")]
    house = WatchedAccount(rules)
    house.follow(execution_event(name="a", machine="orders-eu"), execution_event(name="b"))
    assert {name: job.project_id for name, job in house.jobs.items()} == {"a": "eu", "b": "world"}


@pytest.mark.parametrize(
    "event",
    [
        "no JSON",
        "[" * 100_000,
        "[]",
        {"source": "aws.states", "detail": None},
        execution_event(status="PAUSED"),
        execution_event(status="SUCCEEDED", stopDate="yesterday"),
        execution_event(status="SUCCEEDED", stopDate=None),
        execution_event(startDate=10**30),
        execution_event(redriveCount=1),
        execution_event(redriveCount=-1),
        execution_event(executionArn=7),
    ],
)
def test_what_cannot_be_understood_is_counted_and_not_retried(
    event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It would be the same the next time; the log names the field."""
    house = WatchedAccount([rule()])
    report = house.follow(event, execution_event(name="other"))
    assert (report.not_understood, report.failed) == (1, set())
    assert [record.message for record in caplog.records] == ["not understood"]
    assert set(house.jobs) == {"other"}


def test_too_large_an_output_is_asked_for() -> None:
    """Step Functions leaves it out of the event, and says so."""
    house = WatchedAccount([rule(counters=COUNTERS)])
    whole = execution(status="SUCCEEDED")
    house.services.executions[whole["executionArn"]] = described(whole)
    cut = {"output": None, "outputDetails": {"included": False}}
    house.follow(execution_event(status="SUCCEEDED", **cut))
    assert house.services.calls == {"describe_execution": 1}
    assert of_job(house)[-1] == {"records_ok": 7}


def test_a_forgotten_execution_has_no_counters() -> None:
    """After ninety days: what the event tells has to do, and it is said."""
    house = WatchedAccount([rule(counters=COUNTERS)])
    cut = {"output": None, "outputDetails": {"included": False}}
    report = house.follow(execution_event(status="SUCCEEDED", **cut))
    assert (report.counters_left_out, report.failed) == (1, set())
    assert of_job(house) == ("completed", "succeeded", BEGAN, ENDED, {})


def test_a_service_that_does_not_answer_is_asked_again() -> None:
    """The message stays in the queue; the others go on."""
    house = WatchedAccount([rule(counters=COUNTERS)])
    house.services.failures["describe_execution"] = refusal("AccessDeniedException")
    cut = {"output": None, "outputDetails": {"included": False}}
    report = house.follow(execution_event(status="SUCCEEDED", **cut), execution_event(name="run-2"))
    assert report.failed == {"m0"}
    assert set(house.jobs) == {"run-2"}


def test_what_the_bus_does_not_take_comes_again() -> None:
    """Both updates of a message are sent again, and count once."""
    house = WatchedAccount([rule(counters=COUNTERS)])
    house.bus.codes = [None, "ThrottlingException"]
    event = execution_event(status="SUCCEEDED")
    assert house.follow(event).failed == {"m0"}
    assert house.follow(event).failed == set()
    assert of_job(house) == ("completed", "succeeded", BEGAN, ENDED, {"records_ok": 7})


def test_without_time_nothing_is_begun() -> None:
    """The messages come again."""
    house = WatchedAccount([rule()])
    assert house.follow(execution_event(), seconds=12.0).failed == {"m0"}
    assert not house.bus.entries


@pytest.mark.parametrize("value", ["7", -1, 1.5, True, None, 2**60, [7], {"a": 1}, "<script>"])
def test_a_counter_that_is_no_whole_number_is_left_out(value: Any) -> None:
    """The others count; which one was left out is logged, what stood there is not."""
    paths = {**COUNTERS, "records_failed": "$.summary.failed"}
    house = WatchedAccount([rule(counters=paths)])
    output = json.dumps({"summary": {"ok": 3.0, "failed": value}})
    report = house.follow(execution_event(status="SUCCEEDED", output=output))
    assert report.counters_left_out == 1
    assert of_job(house)[-1] == {"records_ok": 3}


def test_map_runs_are_records() -> None:
    """All items of all Map runs; a redrive goes on with the same ones, and counts none twice."""
    house = WatchedAccount([rule(map_runs=True)])
    one = execution(status="FAILED", error="States.ExceedToleratedFailureThreshold")
    key = one["executionArn"]
    house.services.executions[key] = described(one)
    house.services.runs_of_maps[key] = [
        map_run(key, "A", succeeded=90, failed=6, timedOut=3, aborted=1),
        map_run(key, "B", succeeded=5),
        map_run(key, "C", pending=10),
    ]
    house.follow(execution_event(status="FAILED", error=one["error"]))
    job = house.jobs["run-1"]
    assert job.counters == {"records_ok": 95, "records_failed": 10}
    assert job.latest("records_total") == 115
    house.services.runs_of_maps[key] = [
        map_run(key, "A", succeeded=99, failed=1),
        map_run(key, "B", succeeded=5),
        map_run(key, "C", succeeded=10),
    ]
    redriven = {"redriveCount": 1, "redriveDate": BEGAN_MS + 60_000}
    house.follow(execution_event(status="SUCCEEDED", stopDate=BEGAN_MS + 70_000, **redriven))
    job = house.jobs["run-1"]
    assert job.counters == {"records_ok": 114, "records_failed": 1}
    assert job.current.result == "partial"


def test_a_late_repeat_of_an_end_changes_nothing() -> None:
    """Although the Map run that it ended has gone on by then, as its execution was redriven."""
    house = WatchedAccount([rule(map_runs=True)])
    failed = execution_event(status="FAILED", error="E")
    key = failed["detail"]["executionArn"]
    house.services.runs_of_maps[key] = [map_run(key, succeeded=9, failed=1)]
    house.services.executions[key] = described(failed["detail"])
    house.follow(failed)
    redriven = {"redriveCount": 1, "redriveDate": BEGAN_MS + 60_000}
    again = execution_event(status="SUCCEEDED", stopDate=BEGAN_MS + 70_000, **redriven)
    house.services.runs_of_maps[key] = [map_run(key, succeeded=10)]
    house.follow(again)
    house.follow(failed, again)
    job = house.jobs["run-1"]
    assert (job.counters, job.latest("records_total"), job.current.result) == (
        {"records_ok": 10, "records_failed": 0},
        10,
        "succeeded",
    )


def test_items_of_map_runs_are_no_jobs() -> None:
    """Although a child of a Map run has events of its own, and the parent's name in its ARN."""
    house = WatchedAccount([rule()])
    report = house.follow(execution_event(machine="orders/Items", status="SUCCEEDED"))
    assert (report.ignored, report.sent) == (1, 0)


def test_an_execution_that_another_one_started_is_its_part() -> None:
    """By what Step Functions puts into its input."""
    house = WatchedAccount([rule()])
    parent = execution_event(name="parent")
    key = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
    started = json.dumps({key: parent["detail"]["executionArn"]})
    house.follow(parent, execution_event(name="child", input=started))
    jobs = house.jobs
    assert jobs["child"].latest("parent_job_id") == jobs["parent"].job_id
    house.follow(execution_event(name="odd", input=json.dumps({key: ["x"]})))
    assert house.jobs["odd"].latest("parent_job_id") is None


@pytest.mark.parametrize("name", ["a b", "ünï-cødé", "x" * 300, "<b>", "\ud800", "..", "a/b"])
def test_any_name_is_a_job(name: str) -> None:
    """Names that are no ids have ids of their own, and no two executions share one."""
    house = WatchedAccount([rule()])
    house.follow(execution_event(name=name), execution_event(name=f"{name}!"))
    assert len({job.job_id for job in house.jobs.values()}) == 2


def test_the_same_name_elsewhere_is_another_job() -> None:
    """Machines, regions and accounts each have executions of that name."""
    house = WatchedAccount([rule()])
    house.follow(execution_event(), execution_event(machine="orders-eu"))
    assert len({one["job_id"] for one in house.details}) == 2


def test_other_errors_of_the_services_are_not_hidden() -> None:
    """What is no answer about the job is raised, and keeps the message."""
    house = WatchedAccount([])
    house.services.failures["describe_execution"] = refusal("ThrottlingException")
    with pytest.raises(ClientError):
        house.follower._means.account.look("step-functions", ("execution",))


def test_a_job_keeps_the_project_that_it_began_with() -> None:
    """A rule that was changed meanwhile is for jobs to come: the ledger would refuse the end."""
    house = WatchedAccount([rule()])
    house.follow(execution_event())
    house.rules = [rule(project="other", pipeline="new", counters=COUNTERS)]
    house.follow(execution_event(status="SUCCEEDED"), execution_event(name="next"))
    assert of_job(house) == ("completed", "succeeded", BEGAN, ENDED, {"records_ok": 7})
    assert {name: job.project_id for name, job in house.jobs.items()} == {
        "run-1": "catalogue",
        "next": "other",
    }


def test_a_job_never_changes_its_client() -> None:
    """Where the rule is another client's now, what began for the first stays as it is."""
    house = WatchedAccount([rule()])
    house.follow(execution_event())
    house.rules = [rule("globex")]
    assert house.follow(execution_event(status="SUCCEEDED")).ignored == 1
    assert of_job(house)[:2] == ("running", None)


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_anything_may_stand_anywhere(data: st.DataObject) -> None:
    """Whatever a field of any event holds, it is understood or said to be not; nothing breaks."""
    rules = [
        rule(counters=COUNTERS),
        rule(batch_queue="nightly"),
        rule(glue_job="orders-*"),
        rule(ecs_family="sample-*"),
        rule(bedrock_job="describe-*"),
    ]
    events = [
        execution_event(status="FAILED", error="E", cause="c"),
        batch_event(batch_job(status="FAILED", attempts=[batch_attempt(1, 1)])),
        glue_event("jr", "FAILED"),
        task_event(task(status="STOPPED", containers=exited(1))),
        inference_event("abc", "Failed"),
    ]
    event = data.draw(st.sampled_from(events))
    place = event if data.draw(st.booleans()) and data.draw(st.booleans()) else event["detail"]
    for name in data.draw(st.lists(st.sampled_from(sorted(place)), min_size=1, max_size=3)):
        place[name] = data.draw(ANY_JSON)
    house = WatchedAccount(rules)
    report = house.follow(json.dumps(event))
    assert report.failed == set()
    assert (report.sent > 0) + report.ignored + report.not_understood == 1
    assert len(house.jobs) == (report.sent > 0)
