"""The handler of jobs of AWS's services: batches of the queue, and the look by a schedule."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from tests.support.account.aws_samples import arn, described, execution_event
from tests.support.account.recorded_services import refusal
from tests.support.account.watched_account import WatchedAccount, rule
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers import log_lines

from run_ledger import account_events, logs


class Invocation(Context):
    """An invocation in the account of the samples."""

    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:run-ledger-t-aws-jobs"


@pytest.fixture
def house() -> Iterator[WatchedAccount]:
    """Give an account whose jobs are acme's, behind the handler."""
    account = WatchedAccount([rule(counters={"records_ok": "$.summary.ok"})])
    tools = account_events._Tools(account.follower, account.reconciler)
    with mock.patch.object(account_events, "_tools", return_value=tools), log_lines.restored():
        yield account


def batch(*events: Any) -> dict[str, Any]:
    """Return a batch of the queue."""
    return {
        "Records": [
            {"messageId": f"m{number}", "body": json.dumps(one)}
            for number, one in enumerate(events)
        ]
    }


def test_a_batch_is_followed_and_measured(
    house: WatchedAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line tells what became of it; only what was not understood is a metric."""
    logs.configure("INFO", stage="t", function="aws-jobs")
    answer = account_events.handler(
        batch(execution_event(status="SUCCEEDED"), execution_event(status="X")), Invocation()
    )
    assert answer == {"batchItemFailures": []}
    (line,) = [
        one for one in log_lines.read(capsys.readouterr().out) if one["message"] == "followed"
    ]
    assert (line["Messages"], line["Sent"], line["NotUnderstood"]) == (2, 2, [1])
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert [one["Name"] for one in directive["Metrics"]] == ["NotUnderstood"]
    house.post()
    assert house.jobs["run-1"].current.result == "succeeded"


def test_a_message_that_failed_comes_again(house: WatchedAccount) -> None:
    """It alone."""
    house.bus.codes = ["ThrottlingException"]
    answer = account_events.handler(
        batch(execution_event(), execution_event(name="b")), Invocation()
    )
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m0"}]}


def test_the_schedule_looks(house: WatchedAccount, capsys: pytest.CaptureFixture[str]) -> None:
    """And says whether it could see all."""
    logs.configure("INFO", stage="t", function="aws-jobs")
    house.services.machines[arn("states", "stateMachine:orders")] = "STANDARD"
    event = execution_event(status="SUCCEEDED")
    house.services.executions[event["detail"]["executionArn"]] = described(event["detail"])
    assert account_events.handler({"source": "aws.events"}, Invocation()) is None
    house.services.failures["list_state_machines"] = refusal("AccessDeniedException")
    account_events.handler({"source": "aws.events"}, Invocation())
    first, second = [
        one for one in log_lines.read(capsys.readouterr().out) if one["message"] == "reconciled"
    ]
    assert (first["ReconcileFailed"], first["Sent"], first["failed_looks"]) == (0, 2, [])
    assert (second["ReconcileFailed"], second["failed_looks"]) == (1, ["step-functions"])


def test_a_look_that_breaks_is_told(
    house: WatchedAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the same metric, whatever it was."""
    logs.configure("INFO", stage="t", function="aws-jobs")
    with mock.patch.object(house.reconciler, "reconcile", side_effect=RuntimeError("x")):
        account_events.handler({}, Invocation())
    lines = log_lines.read(capsys.readouterr().out)
    assert [one["message"] for one in lines] == ["failed", "reconciled"]
    assert lines[1]["ReconcileFailed"] == 1


def test_the_real_parts_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """The function makes them of its settings, and says which one lacks."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    account_events._tools.cache_clear()
    with pytest.raises(ValueError, match="BUS_NAME is not set"):
        account_events._tools("us-east-1:1")
    monkeypatch.setenv("BUS_NAME", "bus")
    monkeypatch.setenv("CLIENTS_TABLE", NAMES.clients)
    assert account_events._tools("us-east-1:1").follower
    account_events._tools.cache_clear()
