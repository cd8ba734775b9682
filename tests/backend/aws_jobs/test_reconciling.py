"""What best-effort events lose, the look at recent jobs fills in, with the same ids."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.account.aws_samples import (
    BEGAN_MS,
    Document,
    arn,
    at,
    batch_attempt,
    batch_event,
    batch_job,
    described,
    described_task,
    execution,
    execution_event,
    exited,
    glue_event,
    glue_run,
    inference,
    inference_event,
    map_run,
    task,
    task_event,
)
from tests.support.account.recorded_services import refusal
from tests.support.account.watched_account import WatchedAccount, rule
from tests.support.readers.ledgers import NOW

COUNTERS = {"records_ok": "$.summary.ok"}
DAY_MS = 86_400_000


def with_machines(house: WatchedAccount, *names: str) -> WatchedAccount:
    """Return *house* with standard workflows of these names, and an express one."""
    for name in names:
        house.services.machines[arn("states", f"stateMachine:{name}")] = "STANDARD"
    house.services.machines[arn("states", "stateMachine:orders-express")] = "EXPRESS"
    return house


def ran(house: WatchedAccount, *arguments: str, **more: Any) -> Document:
    """Let an execution have run, and return its event."""
    event = execution_event(*arguments, **more)
    detail = event["detail"]
    house.services.executions[detail["executionArn"]] = described(detail)
    return event


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_whatever_events_are_lost_the_ledger_equals_the_list(data: st.DataObject) -> None:
    """Any of them may be lost, come twice, late, or while the look runs: each counts once."""
    house = with_machines(WatchedAccount([rule(counters=COUNTERS)]), "orders", "orders-eu")
    events: list[Document] = []
    expected: dict[str, tuple[Any, ...]] = {}
    statuses = {"RUNNING": None, "SUCCEEDED": "succeeded", "FAILED": "failed"}
    statuses |= {"TIMED_OUT": "timed_out", "ABORTED": "cancelled"}
    for number in range(data.draw(st.integers(1, 8))):
        name = f"run-{number}"
        status = data.draw(st.sampled_from(sorted(statuses)))
        machine = data.draw(st.sampled_from(["orders", "orders-eu"]))
        more: dict[str, Any] = {}
        if data.draw(st.booleans()):
            more = {"redriveCount": 1, "redriveDate": BEGAN_MS + 60_000}
            if status != "RUNNING":
                more["stopDate"] = BEGAN_MS + 70_000
            events.append(execution_event(name, "FAILED", machine))
        events += [
            execution_event(name, machine=machine),
            ran(house, name, status, machine, **more),
        ]
        counted = {"records_ok": 7} if status == "SUCCEEDED" else {}
        expected[name] = (statuses[status], 2 if more else 1, counted)
    kept = [one for one in events if data.draw(st.booleans())]
    before, after = kept[::2], kept[1::2]
    house.follow(*before)
    house.reconcile()
    house.follow(*after, *before)
    house.reconcile()
    found = {
        name: (job.current.result, job.attempt, dict(job.counters))
        for name, job in house.jobs.items()
    }
    assert found == expected
    assert all(job.current.started_at is not None for job in house.jobs.values())


def test_one_in_twenty_lost() -> None:
    """Of two hundred executions, whose events come shuffled: the ledger has all, once."""
    house = with_machines(WatchedAccount([rule(counters=COUNTERS)]), "orders")
    dice = random.Random(7)
    events = []
    for number in range(200):
        status = dice.choice(["SUCCEEDED", "FAILED", "ABORTED", "RUNNING"])
        events += [execution_event(f"n{number}"), ran(house, f"n{number}", status)]
    kept = [one for one in events if dice.random() > 0.05]
    dice.shuffle(kept)
    house.follow(*kept)
    before = {name: job.current.status for name, job in house.jobs.items()}
    sent = house.reconcile().sent
    listed = {one["name"]: one["status"] for one in house.services.executions.values()}
    assert before != {n: "running" if s == "RUNNING" else "completed" for n, s in listed.items()}
    results = {"SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "cancelled"}
    assert {name: job.current.result for name, job in house.jobs.items()} == {
        name: results.get(status) for name, status in listed.items()
    }
    assert 0 < sent < 60
    assert house.reconcile().sent == 0


def test_nothing_is_sent_or_asked_twice() -> None:
    """Where the ledger has all, a look reads the list alone: what has ended is remembered."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    house.follow(ran(house, status="SUCCEEDED"))
    sent = len(house.bus.entries)
    house.reconcile()
    house.services.calls.clear()
    house.reconcile()
    assert len(house.bus.entries) == sent
    assert house.services.calls.keys() == {"list_state_machines", "list_executions"}


def test_without_rules_nothing_is_looked_at() -> None:
    """A stage that has the function and no rules pays for one read."""
    house = with_machines(WatchedAccount([]), "orders")
    report = house.reconcile()
    assert (report.seen, report.failed, dict(house.services.calls)) == (0, [], {})


def test_only_what_is_recent_is_listed() -> None:
    """Further pages are left alone, and what ran long and ended just now is found by its job."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    old = {"startDate": BEGAN_MS - 3 * DAY_MS}
    for number in range(9):
        ended = BEGAN_MS - 3 * DAY_MS + 5_000
        ran(house, f"old-{number}", "SUCCEEDED", stopDate=ended, **old)
    long = execution_event("long", **old)
    house.follow(long)
    ran(house, "new", "SUCCEEDED")
    ran(house, "long", "FAILED", **{**old, "startDate": old["startDate"] - 1_000_000})
    house.services.executions[long["detail"]["executionArn"]]["startDate"] = at(old["startDate"])
    report = house.reconcile()
    assert report.failed == []
    found = {name: job.current.result for name, job in house.jobs.items()}
    assert found == {"new": "succeeded", "long": "failed"}
    assert house.services.calls["list_executions"] == 1


def test_the_items_of_a_running_map_run_show_how_far_it_is() -> None:
    """An update of the running job at each look at which they have changed."""
    house = with_machines(WatchedAccount([rule(map_runs=True)]), "orders")
    key = execution()["executionArn"]
    house.follow(ran(house))
    house.services.runs_of_maps[key] = [map_run(key, succeeded=40, failed=2, pending=58)]
    assert (house.reconcile().sent, house.reconcile().sent) == (1, 0)
    job = house.jobs["run-1"]
    assert (job.counters, job.latest("records_total"), job.current.status) == (
        {"records_ok": 40, "records_failed": 2},
        100,
        "running",
    )
    house.now += 300_000_000
    house.services.runs_of_maps[key] = [map_run(key, succeeded=97, failed=3)]
    assert house.reconcile().sent == 1
    house.now += 300_000_000
    stop = house.now // 1_000 + 1_000
    house.services.runs_of_maps[key] = [map_run(key, succeeded=98, failed=2)]
    ran(house, status="SUCCEEDED", stopDate=stop)
    house.reconcile()
    job = house.jobs["run-1"]
    assert (job.counters, job.current.result) == (
        {"records_ok": 98, "records_failed": 2},
        "partial",
    )
    assert job.current.restarted_at is None


def filled(house: WatchedAccount) -> list[tuple[Any, ...]]:
    """Return what a look makes of an empty ledger."""
    report = house.reconcile()
    assert (report.failed, report.not_understood) == ([], 0)
    return sorted(
        (name, job.current.status, job.current.result, job.attempt)
        for name, job in house.jobs.items()
    )


def test_the_other_services_are_looked_at_too() -> None:
    """And their events then add nothing: ids and contents are the same, so none is refused."""
    rules = [
        rule(batch_queue="nightly"),
        rule(glue_job="orders-*"),
        rule(ecs_family="sample-*"),
        rule(bedrock_job="describe-*"),
    ]
    house = WatchedAccount(rules)
    first, second = batch_attempt(1, 1), batch_attempt(2, 0)
    ended = {"startedAt": second["startedAt"], "stoppedAt": second["stoppedAt"]}
    details = [
        batch_job("b1", "SUCCEEDED", attempts=[first, second], jobName="retried", **ended),
        batch_job("b2", "RUNNING", startedAt=BEGAN_MS, jobName="runs"),
        batch_job("b3", "PENDING", arrayProperties={"size": 1}, jobName="array"),
        batch_job(
            "b3:0",
            "FAILED",
            arrayProperties={"index": 0},
            jobName="array",
            stoppedAt=BEGAN_MS + 1,
        ),
    ]
    for one in details:
        container = {"image": "amazonlinux:latest"}
        house.services.jobs_of_batch[one["jobId"]] = one | {"container": container}
    house.services.runs_of_glue |= {"jr": glue_run("jr", "FAILED", ErrorMessage="no")}
    stopped = task("t1", "STOPPED", containers=exited(0))
    running = task("t2", "RUNNING")
    for one in (stopped, running):
        house.services.tasks[one["taskArn"]] = described_task(one)
    key = arn("bedrock", "model-invocation-job/abc")
    house.services.inferences[key] = inference("abc", "Completed")
    expected = sorted(
        [
            ("retried", "completed", "succeeded", 2),
            ("runs", "running", None, 1),
            ("array", "queued", None, 1),
            ("array:0", "completed", "failed", 1),
            ("jr", "completed", "failed", 1),
            ("t1", "completed", "succeeded", 1),
            ("t2", "running", None, 1),
            ("describe-products", "completed", "succeeded", 1),
        ]
    )
    assert filled(house) == expected
    ids = {one["event_id"] for one in house.details}
    events = [*map(batch_event, details), glue_event("jr", "FAILED")]
    events += [task_event(stopped), task_event(running), inference_event("abc", "Completed")]
    house.follow(*events)
    assert {one["event_id"] for one in house.details} == ids
    assert house.reconcile().sent == 0


def test_a_service_that_cannot_be_seen_keeps_no_other() -> None:
    """The look has failed and says of what; the others were looked at."""
    house = with_machines(WatchedAccount([rule(), rule(glue_job="orders-*")]), "orders")
    ran(house, status="SUCCEEDED")
    house.services.runs_of_glue |= {"jr": glue_run("jr", "SUCCEEDED")}
    house.services.failures["list_executions"] = refusal("AccessDeniedException")
    report = house.reconcile()
    assert report.failed == ["step-functions"]
    assert set(house.jobs) == {"jr"}


def test_what_the_bus_does_not_take_is_found_by_the_next_look() -> None:
    """The look has failed; nothing is taken for known."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    ran(house, status="SUCCEEDED")
    house.bus.codes = ["InternalFailure", None]
    assert house.reconcile().failed == ["step-functions"]
    assert house.reconcile().failed == []
    assert house.jobs["run-1"].current.started_at is not None


def test_a_look_ends_in_time() -> None:
    """It says that it has not seen all."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    ran(house, status="SUCCEEDED")
    report = house.reconcile(seconds=5.0)
    assert (report.failed, report.sent) == (["step-functions"], 0)


def test_a_job_keeps_the_project_that_it_began_with() -> None:
    """A rule that was changed meanwhile is for jobs to come: the ledger would refuse the end."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    house.follow(execution_event())
    house.rules = [rule(project="other", pipeline="new")]
    ran(house, status="SUCCEEDED")
    house.reconcile()
    job = house.jobs["run-1"]
    assert (job.project_id, job.current.result) == ("catalogue", "succeeded")


def test_a_job_never_changes_its_client() -> None:
    """Where the rule is another client's now, the job stays as it is, and the log says it once."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    house.follow(execution_event())
    house.rules = [rule("globex")]
    ran(house, status="SUCCEEDED")
    assert (house.reconcile().sent, house.reconcile().sent) == (0, 0)
    job = house.jobs["run-1"]
    assert (job.client_id, job.current.status) == ("acme", "running")


def test_rules_of_two_clients_give_it_to_neither(caplog: pytest.LogCaptureFixture) -> None:
    """As with events: the log says of which."""
    rules = [rule("acme"), rule("globex", state_machine="ord*")]
    house = with_machines(WatchedAccount(rules), "orders")
    ran(house, status="SUCCEEDED")
    report = house.reconcile()
    assert (report.not_understood, report.sent) == (1, 0)
    said = [one for one in caplog.records if one.message == "rules of several clients"]
    assert [vars(one)["clients"] for one in said] == [["acme", "globex"]]


@pytest.mark.parametrize("status", ["PENDING_REDRIVE", "SOMETHING_NEW"])
def test_states_without_an_end(status: str) -> None:
    """One that waits for its redrive has begun; a new word of AWS is said and keeps no other."""
    house = with_machines(WatchedAccount([rule()]), "orders")
    ran(house, "odd", status, stopDate=None)
    ran(house, "other", "SUCCEEDED")
    report = house.reconcile()
    is_new = status == "SOMETHING_NEW"
    assert report.not_understood == int(is_new)
    assert set(house.jobs) == ({"other"} if is_new else {"odd", "other"})


def test_now_is_later_than_what_was_recorded() -> None:
    """The samples lie within the time that a look goes back."""
    assert 0 < NOW // 1_000 - BEGAN_MS < DAY_MS
