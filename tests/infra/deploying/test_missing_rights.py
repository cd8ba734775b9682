"""A deployment under a role that lacks a right ends with whose and which, and on what.

CloudFormation passes on a service's refusal as a resource's reason ("Troubleshooting
CloudFormation"); its words are those of "Troubleshoot access denied error messages" in the IAM
User Guide.
"""

from __future__ import annotations

import argparse
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from run_ledger_ops.checks.findings import Level
from run_ledger_ops.commands import deploy
from run_ledger_ops.console import target
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import answer
from run_ledger_ops.deploying.stacks import ChangeSet, StackFailedError, reasons
from run_ledger_ops.deploying.states import Way

ROLE = "arn:aws:sts::123456789012:assumed-role/deployer/ann"
TABLE = "arn:aws:dynamodb:eu-central-1:123456789012:table/run-ledger-prod-jobs"
REFUSAL = (
    'Resource handler returned message: "User: '
    f"{ROLE} is not authorized to perform: dynamodb:CreateTable on resource: {TABLE} because no "
    "identity-based policy allows the dynamodb:CreateTable action (Service: DynamoDb, Status Code: "
    '400, Request ID: R1)" (RequestToken: t, HandlerErrorCode: AccessDenied)'
)


class Refused:
    """A deployment whose change set, or whose change, is refused."""

    def __init__(self, *, proposes: bool) -> None:
        """Fail when the change set is made, or when it is carried out."""
        self.proposes = proposes
        self.stack = SimpleNamespace(state="UPDATE_COMPLETE")

    def check(self) -> Way:
        """Return that there is a stack to update."""
        return Way.UPDATE

    def build(self) -> None:
        """Do nothing."""

    def upload(self) -> str:
        """Return an address."""
        return "https://bucket/template"

    def propose(self, _url: str, _way: Way) -> ChangeSet:
        """Return a change set, or fail as CloudFormation refuses it."""
        if self.proposes:
            return ChangeSet("arn", creates=False, changes=())
        message = (
            f"User: {ROLE} is not authorized to perform: cloudformation:CreateChangeSet on "
            "resource: arn:aws:cloudformation:eu-central-1:123456789012:stack/run-ledger-prod/1"
        )
        error: Any = {"Error": {"Code": "AccessDenied", "Message": message}}
        raise ClientError(error, "CreateChangeSet")

    def execute(self, _change_set: ChangeSet, _tell: Any) -> None:
        """Fail with the reasons that CloudFormation gives."""
        event = {
            "LogicalResourceId": "JobsTable",
            "ResourceType": "AWS::DynamoDB::Table",
            "ResourceStatus": "CREATE_FAILED",
            "ResourceStatusReason": REFUSAL,
        }
        raise StackFailedError("\n".join(reasons([event])))


@pytest.fixture
def carried_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Give a way to deploy, which returns the exit code and what was complained of."""
    monkeypatch.setattr(deploy.account_looks, "clear", lambda *_: None)
    monkeypatch.setattr(deploy.account_looks, "clear_sign_in", lambda *_: None)
    monkeypatch.setattr(deploy.Recovery, "bring_round", lambda *_, **__: None)
    monkeypatch.setattr(deploy.Recovery, "after_failure", lambda _: "Mend it.")
    given = argparse.Namespace(json=False, plan=False, skip_failed=False)

    def carry_out(deployment: Any) -> tuple[int, str]:
        settings: Any = SimpleNamespace(stack_name="run-ledger-prod", stage="prod")
        account: Any = SimpleNamespace()
        code = answer("deploy", lambda: deploy._carry_out(deployment, settings, account, given))
        return code, capsys.readouterr().err

    return carry_out


def test_a_right_that_a_resource_needs_is_named(carried_out: Any) -> None:
    """Beside CloudFormation's reasons, in one line."""
    code, said = carried_out(Refused(proposes=True))
    assert code == 1
    assert f"Missing: {ROLE} lacks the right dynamodb:CreateTable on {TABLE}.\n" in said


def test_a_right_that_the_command_needs_is_named(carried_out: Any) -> None:
    """Nothing was changed then."""
    code, said = carried_out(Refused(proposes=False))
    assert code == 2
    assert (
        f"{ROLE} lacks the right cloudformation:CreateChangeSet on arn:aws:cloudformation" in said
    )


@pytest.mark.parametrize(
    "trouble",
    [
        OpsError("There is no stack."),
        ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeStacks"),
    ],
)
def test_a_check_that_can_not_be_made_is_no_failed_deployment(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """What is deployed is deployed: the check is unknown then, which the exit code 3 stands for."""

    def refuse(*_: Any) -> None:
        raise trouble

    monkeypatch.setattr(target, "deployed", refuse)
    account: Any = SimpleNamespace(region="eu-central-1")
    (found,) = deploy._live_findings("x", account)
    assert (found.part, found.level) == ("live check", Level.UNKNOWN)
