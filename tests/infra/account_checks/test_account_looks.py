"""All looks together: what they choose is deployed, and what blocks ends the deployment first."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.stacks.accounts import READ, planned

from run_ledger_ops.account_checks import account as account_looks
from run_ledger_ops.account_checks import sign_in_host
from run_ledger_ops.account_checks.planned_stage import Looked, Notice
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.deploying.deployment import Deployment, StageSettings
from run_ledger_ops.deploying.stacks import ChangeSet

MANAGES = "ManageApiGatewayAccount"


class CloudFormation:
    """Knows a stack of this state, or none, and notes what is deleted."""

    meta = SimpleNamespace(endpoint_url="https://cloudformation.eu-central-1.amazonaws.com")

    def __init__(self, state: str | None = None) -> None:
        """Have a stack in *state*."""
        self.state = state
        self.deleted: list[str] = []

    def describe_stacks(self, StackName: str) -> Any:  # noqa: N803 - AWS's name
        """Answer as AWS does."""
        if self.state is None:
            message = f"Stack with id {StackName} does not exist"
            error: Any = {"Error": {"Code": "ValidationError", "Message": message}}
            raise ClientError(error, "DescribeStacks")
        stack_id = "arn:aws:cloudformation:eu-central-1:123456789012:stack/s/1-2-3-4-0123456789ab"
        return {"Stacks": [{"StackStatus": self.state, "StackId": stack_id}]}

    def delete_change_set(self, ChangeSetName: str) -> None:  # noqa: N803
        """Note the change set."""
        self.deleted.append(ChangeSetName)

    def delete_stack(self, StackName: str) -> None:  # noqa: N803
        """Note the stack."""
        self.deleted.append(StackName)


class Account:
    """An account that has this CloudFormation, and refuses everything else."""

    id, region, identity = "123456789012", "eu-central-1", "somebody"

    def __init__(self, cloudformation: CloudFormation, *, is_aws: bool = True) -> None:
        """Be AWS's, or one on this machine."""
        self.cloudformation, self.is_aws = cloudformation, is_aws
        self.session = SimpleNamespace(client=lambda service, **_: self.client(service))

    def client(self, service: str) -> Any:
        """Return a client."""
        return self.cloudformation if service == "cloudformation" else Refusing(service)


class Refusing:
    """A client of a service whose every call is refused."""

    def __init__(self, service: str) -> None:
        """Refuse in the name of *service*."""
        self.service = service

    def can_paginate(self, _: str) -> bool:
        """Return no."""
        return False

    def __getattr__(self, operation: str) -> Any:
        """Return a call that is refused."""

        def refuse(**_: Any) -> None:
            text = f"arn:aws:iam::1:user/me is not authorized to perform: {self.service}:X"
            error: Any = {"Error": {"Code": "AccessDenied", "Message": text}}
            raise ClientError(error, operation)

        return refuse


def deploying(account: Any, **parameters: str) -> tuple[StageSettings, Deployment]:
    """Return the settings of a stage and its deployment to the account."""
    settings = StageSettings("prod", READ, parameters, Path("site"), Path("cache"))
    return settings, Deployment(settings, account, lambda _: None)


def test_what_may_not_be_looked_at_is_told_and_ends_nothing() -> None:
    """Each missing right is named; the deployment goes on, as AWS may still let it."""
    account: Any = Account(CloudFormation())
    looked = account_looks.look(account, planned())
    texts = [notice.text for notice in looked.notices]
    assert not any(notice.blocks for notice in looked.notices)
    for service in ("cloudfront", "lambda", "apigateway", "iam"):
        assert any(f"lacks the right {service}:X" in text for text in texts), service


def test_what_is_chosen_is_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notices are told before anything is made; what somebody has said stays as it is."""
    chosen = {MANAGES: "true", "LogLevel": "DEBUG"}
    found = Looked((Notice("Few functions."),), chosen)
    monkeypatch.setattr(account_looks, "look", lambda *_: found)
    account: Any = Account(CloudFormation())
    settings, deployment = deploying(account, LogLevel="ERROR")
    told: list[str] = []
    account_looks.clear(account, settings, deployment, told.append)
    assert told == ["Few functions."]
    parameters = deployment.parameters()
    assert (parameters[MANAGES], parameters["LogLevel"]) == ("true", "ERROR")


def test_what_blocks_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """All reasons at once, so that nobody mends them one by one."""
    reasons = (Notice("No CloudFront.", blocks=True), Notice("No certificate.", blocks=True))
    monkeypatch.setattr(account_looks, "look", lambda *_: Looked(reasons))
    account: Any = Account(CloudFormation())
    settings, deployment = deploying(account)
    with pytest.raises(OpsError, match=r"would fail:\nNo CloudFront\.\nNo certificate\."):
        account_looks.clear(account, settings, deployment, lambda _: None)


def test_local_aws_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no quotas, and lets everybody in."""
    monkeypatch.setattr(account_looks, "look", lambda *_: pytest.fail("it was looked at"))
    account: Any = Account(CloudFormation(), is_aws=False)
    settings, deployment = deploying(account)
    account_looks.clear(account, settings, deployment, lambda _: None)


def test_taken_prefix_withdraws_the_change_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of it, so that the next deployment gets another stack and prefix."""
    taken = Looked((Notice("The prefix is taken.", blocks=True),))
    asked: list[str] = []
    monkeypatch.setattr(sign_in_host, "look", lambda _, prefix: asked.append(prefix) or taken)
    cloudformation = CloudFormation("REVIEW_IN_PROGRESS")
    account: Any = Account(cloudformation)
    settings, deployment = deploying(account)
    proposed = ChangeSet("arn:change", creates=True, changes=())
    with pytest.raises(OpsError, match="prefix is taken"):
        account_looks.clear_sign_in(account, settings, deployment, proposed)
    assert asked == ["run-ledger-prod-0123456789ab"]
    assert cloudformation.deleted == ["arn:change", "run-ledger-prod"]


def test_update_keeps_its_prefix() -> None:
    """Nothing is asked of a stack that is there."""
    account: Any = Account(CloudFormation("CREATE_COMPLETE"))
    settings, deployment = deploying(account)
    update = ChangeSet("arn:change", creates=False, changes=())
    account_looks.clear_sign_in(account, settings, deployment, update)
    account_looks.clear_sign_in(account, settings, deployment, None)
