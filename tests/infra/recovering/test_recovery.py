"""`run-ledger deploy` gets on from every state of CloudFormation, to a working stack, by itself.

The account is a stand-in that behaves as CloudFormation's documents say; see its module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError
from tests.support.stacks.cloudformation import ENDS, JOBS, SITE, TABLE, TEMPLATE, Account
from tests.support.stacks.templates import ROOT

from run_ledger_ops import command
from run_ledger_ops.account_checks import account as account_checks
from run_ledger_ops.commands import deploy
from run_ledger_ops.deploying import artifacts, preflight, site, stacks, states
from run_ledger_ops.deploying import template as templates
from run_ledger_ops.deploying.deployment import Deployment
from run_ledger_ops.deploying.states import Way

MODEL = botocore.session.Session().get_service_model("cloudformation")
STATES = list(MODEL.shape_for("StackStatus").enum)
NEVER_IN_USE = {"CREATE_FAILED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
BEING_DELETED = {"DELETE_IN_PROGRESS", "DELETE_FAILED"}
DECLARED = templates.read(ROOT / "infra" / "template.yaml")
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def account() -> Account:
    """Give an account with nothing in it."""
    return Account()


@pytest.fixture
def run(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Any,
) -> Run:
    """Give a way to run the command in the account; nothing is built or uploaded."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(preflight, "find_account", lambda _: account)
    monkeypatch.setattr(preflight, "check_tools", lambda: None)
    monkeypatch.setattr(templates, "read", lambda _: DECLARED)
    monkeypatch.setattr(account_checks, "clear", lambda *_: None)
    monkeypatch.setattr(account_checks, "clear_sign_in", lambda *_: None)
    monkeypatch.setattr(Deployment, "build", lambda _: None)
    monkeypatch.setattr(Deployment, "upload", lambda _: "https://bucket.example/template")
    monkeypatch.setattr(Deployment, "tidy", lambda _: None)
    monkeypatch.setattr(Deployment, "publish_site", lambda *_: site.Upload((), ()))
    monkeypatch.setattr(deploy, "_live_findings", lambda *_: [])
    monkeypatch.setattr(stacks.Stack, "_sleep", lambda *_: None, raising=False)
    monkeypatch.setattr("time.sleep", lambda _: None)

    def run_ledger(*arguments: str) -> tuple[int, str]:
        code = command.main([arguments[0], "--stage", "x", *arguments[1:]])
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return run_ledger


def enter(account: Account, run: Run, state: str) -> None:
    """Bring the stack into a state, as it comes about."""
    cloudformation = account.cloudformation
    if state in NEVER_IN_USE | {"CREATE_IN_PROGRESS"}:
        begin_creation(account)
    elif state not in {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}:
        assert run("deploy")[0] == 0
        account.dynamodb.tables[JOBS]["items"] = [{"job_id": {"S": "j"}}]
        account.cognito.pools[cloudformation.resources["UserPool"]["id"]]["users"] = [{}]
    if state == "UPDATE_ROLLBACK_FAILED":
        cloudformation.resources["Bus"]["status"] = "UPDATE_FAILED"
    if state == "ROLLBACK_COMPLETE":
        for there in (account.dynamodb.tables, account.cognito.pools, account.s3.buckets):
            there.clear()
        cloudformation.resources.clear()
    if state != "DELETE_COMPLETE":
        cloudformation.say(state)


def begin_creation(account: Account) -> None:
    """Let somebody create the stack with protection from the start, and get no further."""
    cloudformation = account.cloudformation
    cloudformation.parameters = {"DeletionProtection": "true", "Stage": "x"}
    cloudformation.say("REVIEW_IN_PROGRESS")
    cloudformation.say("CREATE_IN_PROGRESS")
    for name in TEMPLATE:
        cloudformation._make(name, imports=False)


def works(account: Account) -> bool:
    """Return whether the stack is whole and its data are protected."""
    pools = account.cognito.pools
    return (
        states.way_on(account.cloudformation.state) is Way.UPDATE
        and set(account.cloudformation.resources) == set(TEMPLATE)
        and account.dynamodb.tables[JOBS]["protected"]
        and pools[account.cloudformation.resources["UserPool"]["id"]]["protected"]
        and account.cloudformation.parameters["DeletionProtection"] == "true"
    )


def test_every_state_is_known() -> None:
    """The states of botocore's model are exactly those that have a way on."""
    assert states.known_states() == set(STATES)
    assert {one for one in STATES if states.way_on(one) is Way.WAIT} == set(ENDS)


@pytest.mark.parametrize("state", STATES)
def test_deploying_gets_on_from_every_state(account: Account, run: Run, state: str) -> None:
    """One command leads to a working stack, and nothing stays that belongs to none.

    A stage that was being deleted keeps its data, so that whoever deploys has to say whether to
    take them over; after a failed import a person decides to delete, as the command says.
    """
    enter(account, run, state)
    had_data = bool(account.dynamodb.tables.get(JOBS, {}).get("items"))
    code, printed = run("deploy")
    if state == "IMPORT_ROLLBACK_FAILED":
        assert (code, "run-ledger destroy --stage x" in printed) == (2, True)
        assert run("destroy", "--confirm", "x")[0] == 0
        code, printed = run("deploy", "--adopt")
    elif state in BEING_DELETED:
        assert (code, "--adopt" in printed) == (2, True)
        code, printed = run("deploy", "--adopt")
    assert code == 0, printed
    assert works(account)
    assert bool(account.dynamodb.tables[JOBS]["items"]) is had_data
    if state not in BEING_DELETED | {"IMPORT_ROLLBACK_FAILED"}:
        assert list(account.orphans()) == []


@pytest.mark.parametrize("state", STATES)
def test_a_plan_changes_no_state(account: Account, run: Run, state: str) -> None:
    """Where deploying would first wait, take back or delete something, a plan only says so."""
    enter(account, run, state)
    account.cloudformation.calls.clear()
    code, printed = run("deploy", "--plan")
    if states.way_on(state) in {Way.CREATE, Way.UPDATE}:
        assert code == 0
    else:
        assert (code, f"The stack run-ledger-x is {state}: " in printed) == (2, True)
        assert "To go on, " in printed
    called = {operation for operation, _ in account.cloudformation.calls}
    assert not called & {"rollback_stack", "continue_update_rollback", "execute_change_set"}


@pytest.mark.parametrize("state", [one for one in STATES if one != "DELETE_COMPLETE"])
def test_destroying_gets_on_from_every_state(account: Account, run: Run, state: str) -> None:
    """With its data, a stage goes whatever state it is in, and nothing of it stays."""
    enter(account, run, state)
    code, printed = run("destroy", "--with-data", "--confirm", "x")
    assert code == 0, printed
    assert account.cloudformation.state == "DELETE_COMPLETE"
    assert list(account.orphans()) == []


# --- the first deployment -------------------------------------------------------------------------


def test_protection_comes_after_creation(account: Account, run: Run) -> None:
    """Nothing refuses to be deleted until CREATE_COMPLETE; then an update makes all data refuse."""
    assert run("deploy")[0] == 0
    given = [
        {one["ParameterKey"]: one.get("ParameterValue") for one in request["Parameters"]}
        for operation, request in account.cloudformation.calls
        if operation == "create_change_set"
    ]
    assert [one["DeletionProtection"] for one in given] == ["later", "true"]
    assert works(account)


def test_protection_can_be_declined(account: Account, run: Run) -> None:
    """Who says false gets false, for good, and no second update."""
    assert run("deploy", "DeletionProtection=false")[0] == 0
    assert not account.dynamodb.tables[JOBS]["protected"]
    assert account.cloudformation.state == "CREATE_COMPLETE"
    assert run("deploy")[0] == 0
    assert not account.dynamodb.tables[JOBS]["protected"]


def test_interrupted_protection_is_made_up_for(account: Account, run: Run) -> None:
    """A command that ended right after the creation leaves the promise in the parameter."""
    assert run("deploy", "DeletionProtection=false")[0] == 0
    account.cloudformation.parameters["DeletionProtection"] = "later"
    assert run("deploy")[0] == 0
    assert works(account)


@pytest.mark.parametrize("failing", sorted(TEMPLATE))
def test_a_first_deployment_that_fails_leaves_nothing(
    account: Account, run: Run, failing: str
) -> None:
    """Whatever fails, CloudFormation can take back all of it, and the next deployment works."""
    account.cloudformation.failing = {failing}
    code, printed = run("deploy")
    assert (code, account.cloudformation.state) == (1, "ROLLBACK_COMPLETE")
    assert "it can't be made" in printed
    assert "is removed" in printed
    assert list(account.orphans()) == []
    account.cloudformation.failing = set()
    assert run("deploy")[0] == 0
    assert works(account)


def test_a_refused_change_set_leaves_no_empty_stack(
    account: Account, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation makes a stack for the change set, which goes with it."""
    refused = {"Status": "FAILED", "StatusReason": "Template error"}
    monkeypatch.setattr(account.cloudformation, "_describe_change_set", lambda **_: refused)
    code, printed = run("deploy")
    assert (code, "Template error" in printed) == (2, True)
    assert account.cloudformation.state == "DELETE_COMPLETE"


# --- updates that fail ----------------------------------------------------------------------------


def test_an_update_that_fails_leaves_no_protected_table(account: Account, run: Run) -> None:
    """A table that it made is protected, so that CloudFormation can't delete it: we do."""
    assert run("deploy")[0] == 0
    cloudformation = account.cloudformation
    cloudformation.template |= {"NewTable": TABLE, "Broken": "AWS::SQS::Queue"}
    cloudformation.failing = {"Broken"}
    code, printed = run("deploy")
    assert (code, "is taken back" in printed) == (1, True)
    assert "run-ledger-x-new" in printed
    assert list(account.orphans()) == []
    assert works_before(account)
    cloudformation.failing = set()
    assert run("deploy")[0] == 0
    assert account.dynamodb.tables["run-ledger-x-new"]["protected"]


def works_before(account: Account) -> bool:
    """Return whether the stage is as it was before the update."""
    return set(account.cloudformation.resources) == set(TEMPLATE)


def test_what_holds_data_is_never_taken_for_a_leftover(account: Account, run: Run) -> None:
    """A table that somebody has used stays, even if a failed deployment made it."""
    enter(account, run, "ROLLBACK_FAILED")
    account.dynamodb.tables[JOBS]["items"] = [{"job_id": {"S": "j"}}]
    code, printed = run("deploy")
    assert (code, "--adopt" in printed) == (2, True)
    assert account.dynamodb.tables[JOBS]["items"]
    assert run("deploy", "--adopt")[0] == 0
    assert works(account)


def test_what_was_there_before_is_no_leftover(account: Account, run: Run) -> None:
    """A creation that fails, because there is such a table already, did not make that table."""
    account.cloudformation.put(TABLE, JOBS, protected=True)
    begin_creation(account)
    account.cloudformation.say("ROLLBACK_FAILED")
    assert run("deploy")[0] == 2
    assert JOBS in account.dynamodb.tables


def test_what_can_not_be_rolled_back_is_skipped_only_when_told(account: Account, run: Run) -> None:
    """The reasons and what could be skipped are printed; skipping it leads to a working stack."""
    enter(account, run, "UPDATE_ROLLBACK_FAILED")
    account.cloudformation.failing = {"Bus"}
    code, printed = run("deploy")
    assert (code, account.cloudformation.state) == (1, "UPDATE_ROLLBACK_FAILED")
    assert "it can't be rolled back" in printed
    assert "--skip-failed, Bus stay" in printed
    code, printed = run("deploy", "--skip-failed")
    assert code == 0, printed
    assert works(account)


# --- removals -------------------------------------------------------------------------------------


def test_a_removal_is_tried_twice(account: Account, run: Run) -> None:
    """What only waited for something else goes the second time."""
    assert run("deploy")[0] == 0
    account.cloudformation.failing_once = {"Bus"}
    code, printed = run("destroy", "--with-data", "--confirm", "x")
    assert (code, account.cloudformation.state) == (0, "DELETE_COMPLETE")
    assert "Trying once more" in printed


def test_a_removal_that_fails_says_why_and_can_be_repeated(account: Account, run: Run) -> None:
    """The reason is printed, the data stay, and the same command goes on once it is mended."""
    assert run("deploy")[0] == 0
    account.cloudformation.failing = {"Bus"}
    code, printed = run("destroy", "--with-data", "--confirm", "x")
    assert (code, "it can't be deleted" in printed) == (1, True)
    assert JOBS in account.dynamodb.tables
    account.cloudformation.failing = set()
    assert run("destroy", "--with-data", "--confirm", "x")[0] == 0
    assert list(account.orphans()) == []


def test_a_bucket_that_filled_again_is_emptied(account: Account, run: Run) -> None:
    """The site's bucket is found by the stack's resources, also where a failure left no outputs."""
    assert run("deploy")[0] == 0
    account.s3.buckets[SITE] = ["index.html"]
    assert run("destroy", "--with-data", "--confirm", "x")[0] == 0
    assert SITE not in account.s3.buckets


# --- pools from before ----------------------------------------------------------------------------


def test_a_pool_from_before_can_be_deleted(account: Account, run: Run) -> None:
    """A stage that came back has a new pool; the one that it had serves nobody, and can go."""
    assert run("deploy")[0] == 0
    (former,) = account.cognito.pools
    account.cognito.pools[former] |= {"users": [{}], "domain": "run-ledger-x-1"}
    assert run("destroy", "--confirm", "x")[0] == 0
    code, printed = run("deploy", "--adopt")
    assert code == 0, printed
    assert (
        f"Serves nobody any more: pool of users run-ledger-x of about 0 people ({former})"
        in printed
    )
    assert run("destroy", "--former-pools", "--confirm", "y")[0] == 2
    assert run("destroy", "--former-pools", "--confirm", "x")[0] == 0
    assert list(account.orphans()) == []
    assert works(account)
    code, printed = run("destroy", "--former-pools", "--confirm", "x")
    assert (code, "There is no pool from before" in printed) == (0, True)


def test_the_last_stage_takes_the_bucket_of_artefacts_with_it(account: Account, run: Run) -> None:
    """With its data; while another stage is there, or data are kept, the bucket stays."""
    bucket = "run-ledger-artifacts-123456789012-eu-central-1"
    account.s3.buckets[bucket] = ["bundle-1.zip"]
    assert run("deploy")[0] == 0
    assert run("destroy", "--confirm", "x")[0] == 0
    assert bucket in account.s3.buckets
    account.cloudformation.others = ["run-ledger-y"]
    assert run("destroy", "--with-data", "--confirm", "x")[0] == 0
    assert bucket in account.s3.buckets
    account.cloudformation.others = []
    assert run("deploy")[0] == 0
    assert run("destroy", "--with-data", "--confirm", "x")[0] == 0
    assert bucket not in account.s3.buckets


def refuse(operation: str, code: str, message: str) -> Callable[..., Any]:
    """Return a call that AWS refuses."""

    def call(*_: Any, **__: Any) -> Any:
        error: Any = {"Error": {"Code": code, "Message": message}}
        raise ClientError(error, operation)

    return call


def test_bundles_that_stay_do_not_hide_a_deployment(
    account: Account, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role may lack the right to see what other stages use: that says nothing of this one."""
    monkeypatch.setattr(Deployment, "tidy", refuse("GetTemplate", "AccessDenied", "not yours"))
    code, printed = run("deploy")
    assert (code, works(account)) == (0, True)
    assert (
        "Bundles that no stage needs any more are still there: AWS refused GetTemplate" in printed
    )
    assert "event bus  b" in printed


def test_a_sign_in_that_ends_meanwhile_is_no_end_of_the_deployment(
    account: Account, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CloudFormation goes on without the command, which says so, and so sees it through later."""
    ended = refuse("DescribeStackEvents", "ExpiredToken", "expired")
    monkeypatch.setattr(stacks.Stack, "events_since", ended)
    code, printed = run("deploy")
    assert code == 2
    assert "have expired" in printed
    assert "CloudFormation goes on by itself: deploy again to see it through." in printed
    monkeypatch.undo()
    assert account.cloudformation.state == "CREATE_COMPLETE"


def test_a_bucket_that_stays_is_no_failed_removal(
    account: Account, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage is gone by then."""
    assert run("deploy")[0] == 0
    monkeypatch.setattr(artifacts, "exists", refuse("HeadBucket", "403", "Forbidden"))
    code, printed = run("destroy", "--with-data", "--confirm", "x")
    assert (code, "could not be deleted. AWS refused HeadBucket" in printed) == (0, True)
