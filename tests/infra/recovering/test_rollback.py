"""`run-ledger rollback` gives the work back to the versions before the last deployment.

Lambda and CloudFormation are stand-ins that behave as "UpdateAlias", "ListVersionsByFunction",
"DescribeStackEvents" and "CancelUpdateStack" of their API references say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError
from tests.support.stacks.cloudformation import STACK_ID, Account
from tests.support.stacks.services import Lambda

from run_ledger_ops import command
from run_ledger_ops.deploying import artifacts, preflight

WRITER, READER = "run-ledger-x-writer", "run-ledger-x-reader"
ALIASES = {WRITER: "WriterAlias", READER: "ReaderAlias"}
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:{}:{}"
PROCESSED = {
    "Resources": {
        name: {
            "Type": "AWS::Lambda::Alias",
            "UpdatePolicy": {"CodeDeployLambdaAliasUpdate": {}},
            "Properties": {"FunctionVersion": {"Fn::GetAtt": ["V", "Version"]}, "Name": "live"},
        }
        for name in ALIASES.values()
    }
}
Run = Callable[..., tuple[int, str]]


class Stage(Account):
    """A stage with two functions, in an account."""

    def __init__(self) -> None:
        """Deploy it for the first time."""
        super().__init__()
        self.functions = Lambda()
        self.told: list[dict[str, Any]] = []
        for name, alias in ALIASES.items():
            self.functions.versions[name] = []
            kind, physical = "AWS::Lambda::Alias", ARN.format(name, "live")
            resource = {"kind": kind, "id": physical, "status": "CREATE_COMPLETE"}
            self.cloudformation.resources[alias] = resource
        self.deploy({WRITER: "1", READER: "1"}, "CREATE")

    def client(self, service: str) -> Any:
        """Give the client of a service, Lambda among them."""
        return self.functions if service == "lambda" else super().client(service)

    def deploy(
        self, published: dict[str, str], verb: str = "UPDATE", *, fails: bool = False
    ) -> None:
        """Publish versions; where that does not fail, the aliases follow."""
        note = self.cloudformation._note
        self.cloudformation.say(f"{verb}_IN_PROGRESS")
        for name, version in published.items():
            self.functions.versions[name].append(version)
            physical = ARN.format(name, version)
            note("Version", "AWS::Lambda::Version", physical, "CREATE_IN_PROGRESS")
            note("Version", "AWS::Lambda::Version", physical, "CREATE_COMPLETE")
            if not fails:
                self.functions.live[name] = version
        self.cloudformation.say("UPDATE_ROLLBACK_COMPLETE" if fails else f"{verb}_COMPLETE")


@pytest.fixture
def stage() -> Stage:
    """Give a stage after its first deployment."""
    return Stage()


@pytest.fixture
def run(stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; what CloudFormation is told goes to `stage.told`."""
    monkeypatch.setattr(preflight, "find_account", lambda _: stage)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(
        stage.cloudformation, "_get_template", lambda **_: {"TemplateBody": PROCESSED}
    )

    def upload(_: Any, template: str) -> str:
        stage.told.append(yaml.safe_load(template)["Resources"])
        return "https://bucket.example/template"

    monkeypatch.setattr(artifacts, "upload_template", upload)

    def rollback(*more: str) -> tuple[int, str]:
        code = command.main(["rollback", "--stage", "x", *more])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return rollback


def test_the_version_before_works_again(stage: Stage, run: Run) -> None:
    """All functions that the last deployment changed go back; CloudFormation is told where to."""
    stage.deploy({WRITER: "2", READER: "2"})
    code, printed = run()
    assert (code, stage.functions.live) == (0, {WRITER: "1", READER: "1"})
    assert f"{WRITER}: version 2 -> 1" in printed
    (told,) = stage.told
    for alias in told.values():
        assert alias["Properties"]["FunctionVersion"] == "1"
        assert "UpdatePolicy" not in alias


def test_only_what_the_last_deployment_changed_goes_back(stage: Stage, run: Run) -> None:
    """A function that it left alone works on as it is."""
    stage.deploy({WRITER: "2", READER: "2"})
    stage.deploy({READER: "3"})
    assert run()[0] == 0
    assert stage.functions.live == {WRITER: "2", READER: "2"}
    (told,) = stage.told
    assert "UpdatePolicy" in told["WriterAlias"]


def test_a_second_rollback_goes_back_further(stage: Stage, run: Run) -> None:
    """One deployment at a time, and never before the first."""
    stage.deploy({WRITER: "2", READER: "2"})
    stage.deploy({WRITER: "3", READER: "3"})
    assert [run()[0], stage.functions.live[WRITER]] == [0, "2"]
    assert [run()[0], stage.functions.live[WRITER]] == [0, "1"]
    code, printed = run()
    assert (code, "Nothing to go back to" in printed) == (2, True)
    assert stage.functions.live[WRITER] == "1"


def test_deployments_that_failed_do_not_count(stage: Stage, run: Run) -> None:
    """What they published is there, and never did any work."""
    stage.deploy({WRITER: "2", READER: "2"}, fails=True)
    stage.deploy({WRITER: "3", READER: "3"})
    stage.deploy({WRITER: "4"}, fails=True)
    stage.deploy({})  # changes no function
    assert run()[0] == 0
    assert stage.functions.live == {WRITER: "1", READER: "1"}


def test_events_may_be_forgotten(stage: Stage, run: Run) -> None:
    """CloudFormation keeps events for 90 days; after that, numbers tell what came before."""
    stage.cloudformation.events.clear()
    stage.deploy({WRITER: "2", READER: "2"})
    assert run()[0] == 0
    assert stage.functions.live == {WRITER: "1", READER: "1"}


def test_a_version_that_is_gone_is_passed_over(stage: Stage, run: Run) -> None:
    """Somebody may have deleted it."""
    stage.deploy({WRITER: "2", READER: "2"})
    stage.deploy({WRITER: "3", READER: "3"})
    stage.functions.versions[WRITER].remove("2")
    assert run()[0] == 0
    assert stage.functions.live == {WRITER: "1", READER: "2"}


def test_a_plan_changes_nothing(stage: Stage, run: Run) -> None:
    """It says which versions would work."""
    stage.deploy({WRITER: "2", READER: "2"})
    code, printed = run("--plan")
    assert (code, f"{READER}: version 2 -> 1" in printed) == (0, True)
    assert (stage.functions.live[READER], stage.told) == ("2", [])


def test_a_deployment_under_way_is_cancelled(stage: Stage, run: Run) -> None:
    """CloudFormation takes all of it back, its gradual rollouts among it."""
    stage.cloudformation.say("UPDATE_IN_PROGRESS")
    code, printed = run()
    assert (code, stage.cloudformation.state) == (0, "UPDATE_ROLLBACK_COMPLETE")
    assert "as it was before" in printed
    assert [name for name, _ in stage.functions.calls] == []


def test_a_stack_that_is_stuck_does_not_hinder(stage: Stage, run: Run) -> None:
    """The versions before work at once; that CloudFormation was not told is said."""
    stage.deploy({WRITER: "2", READER: "2"})
    stage.cloudformation.say("UPDATE_ROLLBACK_FAILED")
    code, printed = run()
    assert (code, stage.functions.live[WRITER]) == (1, "1")
    assert "CloudFormation was not told" in printed


def test_what_is_not_there_is_told(stage: Stage, run: Run) -> None:
    """Without a stack there is nothing to take back; while one is being deleted, neither."""
    stage.cloudformation.say("DELETE_IN_PROGRESS")
    assert run()[0] == 2
    stage.cloudformation.state = None
    code, printed = run()
    assert (code, "There is no stack run-ledger-x" in printed) == (2, True)
    assert STACK_ID.split("/")[1] == "run-ledger-x"


def test_a_bucket_that_is_not_there_is_no_failed_rollback(
    stage: Stage, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The versions before work by then, and the exit code says so."""

    def refuse(*_: Any) -> str:
        error: Any = {"Error": {"Code": "NoSuchBucket", "Message": "does not exist"}}
        raise ClientError(error, "PutObject")

    monkeypatch.setattr(artifacts, "upload_template", refuse)
    stage.deploy({WRITER: "2", READER: "2"})
    code, printed = run()
    assert (code, stage.functions.live[WRITER]) == (1, "1")
    assert "could not be told. AWS refused PutObject: does not exist.\n" in printed


def test_an_alias_that_was_never_made_is_no_way_back(stage: Stage, run: Run) -> None:
    """A first deployment that failed lists it without an id."""
    stage.cloudformation.resources["WriterAlias"]["id"] = ""
    stage.cloudformation.resources["ReaderAlias"]["status"] = "DELETE_COMPLETE"
    stage.functions.live.clear()
    stage.cloudformation.say("ROLLBACK_COMPLETE")
    code, printed = run()
    assert (code, "Nothing to go back to" in printed) == (2, True)
