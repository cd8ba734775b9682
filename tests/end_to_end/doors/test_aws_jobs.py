"""Real executions of the local AWS's Step Functions: the ledger equals the list of them."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers.ledger_http import Stack, all_items, machine_token
from tests.support.site.site_seed import declare_clients
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger_ops import command

pytestmark = pytest.mark.local_stack

CLIENT, PROJECT = "umbrella", "workflows"
RULE, FUNCTION = "run-ledger-local-aws-jobs", "run-ledger-local-aws-jobs"
SECONDS = 120
EXECUTIONS = 60
RESULTS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "ABORTED": "cancelled", "RUNNING": None}
STEPS = {
    "StartAt": "Wait",
    "States": {
        "Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "Decide"},
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.fails", "BooleanEquals": True, "Next": "Fail"}],
            "Default": "Done",
        },
        "Fail": {"Type": "Fail", "Error": "PriceMissing", "Cause": "no price for sku 7"},
        "Done": {"Type": "Succeed"},
    },
}
ITEMS = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ToleratedFailurePercentage": 100,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Look",
                "States": {
                    "Look": {
                        "Type": "Choice",
                        "Choices": [{"Variable": "$", "NumericEquals": 0, "Next": "Bad"}],
                        "Default": "Good",
                    },
                    "Bad": {"Type": "Fail", "Error": "Bad"},
                    "Good": {"Type": "Succeed"},
                },
            },
            "End": True,
        }
    },
}


class Workflows:
    """State machines of the running stack, whose executions are the client's jobs."""

    def __init__(self, running: LocalStack, folder: Path) -> None:
        """Make the machines and declare them."""
        self.stack: Stack = running.document
        self.states, self.events = running.client("stepfunctions"), running.client("events")
        self.functions = running.client("lambda", retries=0)
        self.mark = f"e2e-{uuid.uuid4().hex[:8]}"
        trust = {"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}}
        policy = {"Version": "2012-10-17", "Statement": [{**trust, "Action": "sts:AssumeRole"}]}
        role = running.client("iam").create_role(
            RoleName=self.mark, AssumeRolePolicyDocument=json.dumps(policy)
        )
        self.role = role["Role"]["Arn"]
        self.machine = self._machine("steps", STEPS)
        self.mapping = self._machine("items", ITEMS)
        rules = [
            {
                "state_machine": f"{self.mark}-*",
                "project": PROJECT,
                "counters": {"records_skipped": "$.summary.skipped"},
            }
        ]
        rules.insert(
            0, {"state_machine": f"{self.mark}-items", "project": PROJECT, "map_runs": True}
        )
        declared = {"id": CLIENT, "name": "Umbrella", "aws_jobs": rules}
        declare_clients(running, folder, {"clients": [declared]})

    def _machine(self, name: str, definition: Mapping[str, Any]) -> str:
        made = self.states.create_state_machine(
            name=f"{self.mark}-{name}",
            definition=json.dumps(definition),
            roleArn=self.role,
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str | None = None, **said: Any) -> str:
        """Start an execution and return its ARN."""
        content = {"seconds": 0, "fails": False, "summary": {"skipped": 1}, **said}
        arn = machine or self.machine
        return str(
            self.states.start_execution(stateMachineArn=arn, input=json.dumps(content))[
                "executionArn"
            ]
        )

    def listed(self) -> dict[str, dict[str, Any]]:
        """Return what Step Functions lists, by the names of executions."""
        pages = self.states.get_paginator("list_executions")
        return {
            one["name"]: one
            for machine in (self.machine, self.mapping)
            for page in pages.paginate(stateMachineArn=machine)
            for one in page["executions"]
        }

    def wait(self, *arns: str) -> None:
        """Wait until executions have ended."""
        for arn in arns:
            wait_for(
                "an execution",
                lambda arn=arn: (
                    self.states.describe_execution(executionArn=arn)["status"] != "RUNNING"
                ),
                SECONDS,
            )

    def hear(self, *, loses: bool) -> None:
        """Let the events of the services be lost from now on, or come."""
        (self.events.disable_rule if loses else self.events.enable_rule)(Name=RULE)

    def look(self) -> None:
        """Let the function look at recent jobs now instead of within five minutes."""
        answer = self.functions.invoke(FunctionName=FUNCTION, Qualifier="live", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the jobs of the client, by name."""
        token = machine_token(self.stack)
        found = all_items(self.stack, "/jobs", token, client_id=CLIENT, limit=200)
        return {one["name"]: one for one in found if one["pipeline"].startswith(self.mark)}

    def wait_for_ledger(self) -> dict[str, dict[str, Any]]:
        """Wait until the ledger has each execution as it is listed, and return its jobs."""
        seen: dict[str, dict[str, Any]] = {}

        def is_equal() -> bool:
            seen.clear()
            seen.update(self.jobs())
            listed = self.listed()
            return seen.keys() == listed.keys() and all(
                (seen[name]["status"] == "running") == (one["status"] == "RUNNING")
                for name, one in listed.items()
            )

        wait_for("the ledger to equal the list", is_equal, SECONDS)
        return seen


@pytest.fixture(scope="module")
def workflows(running: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Workflows:
    """Give machines that are declared."""
    return Workflows(running, tmp_path_factory.mktemp("aws-jobs"))


def test_the_ledger_equals_the_list_although_events_are_lost(workflows: Workflows) -> None:
    """Of sixty executions some lose their start's event, some their end's, some both."""
    dice = random.Random(20)
    usual = [workflows.start(fails=dice.random() < 0.2) for _ in range(EXECUTIONS - 7)]
    stopped = workflows.start(seconds=600)
    workflows.states.stop_execution(executionArn=stopped, error="ByHand", cause="not needed")
    end_lost = [workflows.start(seconds=3) for _ in range(2)]
    workflows.hear(loses=True)
    try:
        both_lost = [workflows.start(fails=bool(n)) for n in range(2)]
        start_lost = [workflows.start(seconds=4) for _ in range(2)]
        workflows.wait(*both_lost, *end_lost)
    finally:
        workflows.hear(loses=False)
    workflows.wait(*usual, *start_lost)
    wait_for("the events", lambda: len(workflows.jobs()) >= EXECUTIONS - len(both_lost), SECONDS)
    before = workflows.jobs()
    assert len(before) == EXECUTIONS - len(both_lost)
    lost = {arn.rpartition(":")[2] for arn in end_lost}
    assert {before[name]["status"] for name in lost} == {"running"}

    workflows.look()
    workflows.look()
    jobs = workflows.wait_for_ledger()
    listed = workflows.listed()
    assert len(jobs) == len(listed) == EXECUTIONS
    assert {name: job["result"] for name, job in jobs.items()} == {
        name: RESULTS[one["status"]] for name, one in listed.items()
    }
    for name, job in jobs.items():
        one = listed[name]
        assert job["started_at"] == one["startDate"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert job["ended_at"] == one["stopDate"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        counted = {"records_skipped": 1} if job["result"] == "succeeded" else {}
        assert (job["counters"], job["attempt"]) == (counted, 1)
    failed = next(job for job in jobs.values() if job["result"] == "failed")
    assert (failed["error"]["type"], failed["error"]["message"]) == (
        "PriceMissing",
        "no price for sku 7",
    )


def test_items_of_a_map_run_are_records(workflows: Workflows) -> None:
    """Three of ten fail, which the workflow tolerates; no item is a job."""
    arn = workflows.start(workflows.mapping, items=[1, 2, 0, 4, 5, 0, 7, 8, 0, 10])
    name = arn.rpartition(":")[2]
    workflows.wait(arn)
    wait_for("the job", lambda: workflows.jobs().get(name, {}).get("result"), SECONDS)
    job = workflows.jobs()[name]
    assert (job["result"], job["records_total"]) == ("partial", 10)
    assert job["counters"] == {"records_ok": 7, "records_failed": 3}
    assert all(
        one["pipeline"] != f"{workflows.mark}-items-Each" for one in workflows.jobs().values()
    )


def test_nothing_was_rejected_or_left(workflows: Workflows) -> None:
    """What event and look send of the same state is the same, so the ledger refused none of it."""
    token = machine_token(workflows.stack)
    refused = [
        one for one in all_items(workflows.stack, "/rejections", token) if CLIENT in str(one)
    ]
    assert refused == []


def test_status_counts_dead_letters_of_jobs_of_aws(
    running: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    """Beside those of the others, where a stage has such a queue."""
    sqs = running.client("sqs")
    url = sqs.get_queue_url(QueueName="run-ledger-local-aws-jobs-dead")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="dead")
    stack_file = str(running.state / "stack.json")
    try:
        assert command.main(["status", "--stack", stack_file, "--json"]) == 1
    finally:
        sqs.purge_queue(QueueUrl=url)
    found = json.loads(capsys.readouterr().out)["parts"]["dead letters"]
    assert (found["level"], found["aws"]) == ("wrong", 1)
