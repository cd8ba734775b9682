"""`run-ledger users`: people are invited, see what their groups say, and can be removed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant
from run_ledger.store.clients.sign_outs import read_sign_outs
from run_ledger_ops import command
from run_ledger_ops.console.terminal import clock

Run = Callable[..., tuple[int, str, str]]
ANN = "ann@acme.example"


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch, has_pool=True) as deployed:
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def users(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["users", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return users


@pytest.fixture
def calls(system: System) -> list[tuple[str, dict[str, Any]]]:
    """Give the calls that were made of the user pool, those that only look left out."""
    made: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if not model.name.startswith(("AdminGet", "List", "AdminList", "Describe")):
            made.append((model.name, dict(params)))

    system.cognito.meta.events.register("provide-client-params.cognito-idp.*", note)
    return made


def listed(run: Run) -> dict[str, Any]:
    """Return what the list says of each user, by address."""
    return {one["email"]: one for one in json.loads(run("list", "--json")[1])}


def fail(monkeypatch: pytest.MonkeyPatch, client: Any, call: str) -> None:
    """Let AWS refuse a call."""

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "Busy", "Message": "not now"}}, call)

    monkeypatch.setattr(client, call, refuse)


def test_somebody_is_invited_by_mail_into_groups(
    run: Run, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """The groups are made where they are missing; the address is the pool's, in small letters."""
    code, out, said = run("invite", "Ann@ACME.example", "--client", "globex", "--client", "acme")
    assert (code, out.splitlines()[0]) == (0, f"Invited {ANN}, who will see acme, globex.")
    assert "no client acme is declared" in said
    assert [name for name, _ in calls] == [
        *("CreateGroup", "CreateGroup", "AdminCreateUser"),
        *("AdminAddUserToGroup", "AdminAddUserToGroup"),
    ]
    (creation,) = [params for name, params in calls if name == "AdminCreateUser"]
    assert creation["DesiredDeliveryMediums"] == ["EMAIL"]
    assert "MessageAction" not in creation
    assert {"Name": "email_verified", "Value": "true"} in creation["UserAttributes"]
    assert listed(run) == {
        ANN: {"email": ANN, "status": "invited", "groups": ["client-acme", "client-globex"]}
    }


def test_inviting_again_changes_groups_alone(
    run: Run, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """The same changes nothing; less is taken first, and ends the sessions."""
    run("invite", ANN, "--client", "acme")
    calls.clear()
    code, out, _ = run("invite", ANN, "--client", "acme")
    assert (code, out) == (0, f"{ANN} was invited before: nothing to change.\n")
    assert calls == []
    code, out, _ = run("invite", ANN, "--staff")
    assert (code, "now in staff, no longer in client-acme" in out) == (0, True)
    assert [name for name, _ in calls if name != "CreateGroup"] == [
        *("AdminRemoveUserFromGroup", "AdminUserGlobalSignOut", "AdminAddUserToGroup"),
    ]
    assert listed(run)[ANN]["groups"] == ["staff"]


def test_the_right_to_act_is_given_and_taken(
    run: Run, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """By a group of its own beside the clients'; who loses it is signed out."""
    code, out, _ = run("invite", ANN, "--client", "acme", "--act")
    assert (code, "acme, and act on their incidents" in out) == (0, True)
    assert listed(run)[ANN]["groups"] == ["act", "client-acme"]
    assert run("list")[1] == f"{ANN}  invited   acme, acts\n"
    calls.clear()
    assert run("invite", ANN, "--client", "acme")[0] == 0
    assert [name for name, _ in calls] == ["AdminRemoveUserFromGroup", "AdminUserGlobalSignOut"]
    assert listed(run)[ANN]["groups"] == ["client-acme"]
    run("invite", ANN, "--staff", "--act")
    assert listed(run)[ANN]["groups"] == ["act", "staff"]


def test_the_right_to_act_alone_is_no_access(run: Run) -> None:
    """It says what somebody may do, and not with whose incidents."""
    code, out, complaint = run("invite", ANN, "--act")
    assert (code, out) == (2, "")
    assert "--client" in complaint
    assert listed(run) == {}


def test_groups_of_others_are_left_alone(system: System, run: Run) -> None:
    """Whatever else the pool is used for."""
    run("invite", ANN, "--client", "acme")
    pool: Any = {"UserPoolId": system.pool_id, "GroupName": "newsletter"}
    system.cognito.create_group(**pool)
    system.cognito.admin_add_user_to_group(**pool, Username=ANN)
    run("invite", ANN, "--client", "globex")
    assert listed(run)[ANN]["groups"] == ["client-globex", "newsletter"]
    assert run("list")[1] == f"{ANN}  invited   globex\n"


def test_the_mail_is_sent_again_to_whom_it_may_help(
    system: System, run: Run, calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """Not to strangers, nor to somebody who has signed in; groups stay as they are."""
    assert "nobody" in run("invite", ANN, "--resend")[2]
    run("invite", ANN, "--client", "acme")
    calls.clear()
    assert run("invite", ANN, "--resend")[0] == 0
    ((name, params),) = calls
    assert (name, params["MessageAction"]) == ("AdminCreateUser", "RESEND")
    bob = "bob@acme.example"
    run("invite", bob, "--client", "acme")
    system.cognito.admin_set_user_password(
        UserPoolId=system.pool_id, Username=bob, Password="Correct-horse-1", Permanent=True
    )
    assert listed(run)[bob]["status"] == "active"
    code, _, complaint = run("invite", bob, "--resend")
    assert (code, "signed in already" in complaint) == (2, True)


def test_somebody_without_a_group_sees_nothing_and_the_command_mends_it(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is left is said."""
    with monkeypatch.context() as patch:
        fail(patch, system.cognito, "admin_add_user_to_group")
        code, _, complaint = run("invite", ANN, "--client", "acme")
    assert code == 2
    assert "was invited, but not all groups are right yet (AWS refused" in complaint
    assert "nothing (no group)" in run("list")[1]
    assert run("invite", ANN, "--client", "acme")[0] == 0
    assert listed(run)[ANN]["groups"] == ["client-acme"]


def test_removing_signs_out_then_disables_then_deletes(
    system: System,
    run: Run,
    calls: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cut off in between, nobody can sign in, and the same command does the rest."""
    run("invite", ANN, "--client", "acme")
    calls.clear()
    with monkeypatch.context() as patch:
        fail(patch, system.cognito, "admin_delete_user")
        code, _, complaint = run("remove", ANN)
    assert (code, "can't sign in any more, but is still there" in complaint) == (2, True)
    assert listed(run)[ANN]["status"] == "disabled"
    code, _, complaint = run("invite", ANN, "--client", "acme")
    assert (code, "is disabled" in complaint) == (2, True)
    assert run("remove", ANN)[0] == 0
    assert [name for name, _ in calls] == [
        *("AdminUserGlobalSignOut", "AdminDisableUser", "AdminDeleteUser"),
    ]
    assert listed(run) == {}
    code, _, complaint = run("remove", ANN)
    assert (code, "nobody with that address" in complaint) == (2, True)


def test_the_list_has_all_pages(run: Run) -> None:
    """A pool answers sixty users at a time."""
    assert run("list")[2] == "Nobody was invited yet.\n"
    for number in range(61):
        run("invite", f"p{number:02}@acme.example", "--client", "acme")
    found = listed(run)
    assert len(found) == 61
    assert all(one["groups"] == ["client-acme"] for one in found.values())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((ANN,), "say what they see"),
        ((ANN, "--client", "a,b"), "allowed: 1 to 128"),
        ((ANN, "--client", "x" * 122), "at most 121"),
        (("ann", "--client", "a"), "no e-mail address"),
        (("ann@b@c", "--client", "a"), "no e-mail address"),
        (("ann @b.example", "--client", "a"), "no e-mail address"),
        (("ann,bob@b.example", "--client", "a"), "no e-mail address"),
        (("ann@b.example\n", "--client", "a"), "no e-mail address"),
    ],
)
def test_what_can_be_no_invitation_is_refused(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], expected: str
) -> None:
    """Before any system is looked for; the address is not repeated."""
    assert command.main(["users", "invite", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert expected in printed.err
    assert arguments[0] not in printed.err


def signed_out(system: System) -> dict[str, Instant]:
    """Return whose tokens the API refuses, and from when on they count again."""
    return dict(read_sign_outs(system.dynamodb, NAMES.clients, clock()))


def subject_of(system: System, email: str) -> str:
    """Return a user's `sub`."""
    user = system.cognito.admin_get_user(UserPoolId=system.pool_id, Username=email)
    return {one["Name"]: one["Value"] for one in user["UserAttributes"]}["sub"]


def test_who_is_removed_or_sees_less_loses_the_tokens_too(run: Run, system: System) -> None:
    """What they have from before is noted as worth nothing; whoever sees more keeps theirs."""
    run("invite", ANN, "--client", "acme")
    run("invite", ANN, "--client", "acme", "--client", "globex")
    assert signed_out(system) == {}
    ann = subject_of(system, ANN)
    run("invite", ANN, "--client", "globex")
    first = signed_out(system)
    assert first.keys() == {ann}
    assert abs(first[ann] - clock()) < 60 * instants.MICROSECONDS
    run("remove", ANN)
    assert signed_out(system).keys() == {ann}


def test_a_removal_that_could_not_be_noted_is_done_by_the_next(
    run: Run, system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user stays, disabled, so that the same command finds whose tokens to refuse."""
    run("invite", ANN, "--client", "acme")
    ann = subject_of(system, ANN)
    with monkeypatch.context() as patch:
        fail(patch, system.dynamodb, "put_item")
        code, _, complaint = run("remove", ANN)
    assert (code, "the same command again does the rest" in complaint) == (2, True)
    assert signed_out(system) == {}
    assert run("remove", ANN)[0] == 0
    assert signed_out(system).keys() == {ann}
    assert listed(run) == {}
