"""`run-ledger apps`: other systems read with an app client and a grant each."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.authorization_data import faults_of
from tests.support.stacks.operations import BUS_ARN, STAGE, System, deployed_system

from run_ledger.domain.api.access import EVERYTHING, ClientScope, granted
from run_ledger.domain.exceptions import Forbidden
from run_ledger.store.clients.reads import read_grant
from run_ledger_ops import command

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Iterator[System]:
    """Give a deployed system with nothing in it."""
    with deployed_system(monkeypatch, has_pool=True) as deployed:
        yield deployed


@pytest.fixture
def run(system: System, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def apps(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["apps", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return apps


def listed(run: Run) -> dict[str, Any]:
    """Return what the list says of each app, by name."""
    return {one["name"]: one for one in json.loads(run("list", "--json")[1])}


def added(run: Run, *arguments: str) -> dict[str, Any]:
    """Add an app and return what was said of it."""
    code, out, _ = run("add", *arguments, "--json")
    assert code == 0
    document: dict[str, Any] = json.loads(out)
    return document


def scope_of(system: System, client_id: str) -> ClientScope:
    """Return what the reader lets an app see."""
    return granted(read_grant(system.dynamodb, NAMES.clients, client_id))


def client_of(system: System, client_id: str) -> dict[str, Any]:
    """Return what the pool says of an app client."""
    answer = system.cognito.describe_user_pool_client(UserPoolId=system.pool_id, ClientId=client_id)
    whole: dict[str, Any] = answer["UserPoolClient"]
    return whole


def fail(monkeypatch: pytest.MonkeyPatch, client: Any, call: str) -> None:
    """Let AWS refuse a call."""

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "Busy", "Message": "not now"}}, call)

    monkeypatch.setattr(client, call, refuse)


def test_an_app_gets_a_client_of_its_own_and_a_grant(system: System, run: Run) -> None:
    """With the one scope and flow of machines."""
    document = added(run, "billing", "--client", "b", "--client", "a", "--client", "b")
    assert scope_of(system, document["client_id"]) == ClientScope(frozenset({"a", "b"}))
    client = client_of(system, document["client_id"])
    assert client["ClientSecret"] == document["client_secret"]
    assert client["AllowedOAuthFlows"] == ["client_credentials"]
    assert client["AllowedOAuthScopes"] == ["run-ledger/read"]
    staff = added(run, "warehouse", "--staff")
    assert scope_of(system, staff["client_id"]) == EVERYTHING
    assert document["token_url"] == "https://login.example/oauth2/token"
    assert {name: one["access"] for name, one in listed(run).items()} == {
        "billing": {"clients": ["a", "b"]},
        "warehouse": {"staff": True},
    }
    assert document["client_secret"] not in run("list", "--json")[1] + run("list")[1]


def test_people_are_told_how_to_use_it(run: Run) -> None:
    """Id, secret, and commands to paste; and that a client's id might be a slip."""
    code, out, said = run("add", "billing", "--client", "acme")
    assert code == 0
    app = listed(run)["billing"]
    assert app["client_id"] in out
    assert "curl" in out
    assert "https://login.example/oauth2/token" in out
    assert "https://api.example/api/jobs" in out
    assert "no client acme is declared" in said


def test_a_secret_can_go_into_a_file(run: Run, tmp_path: Path) -> None:
    """Which nobody else can read, and which is never one that was there."""
    path = tmp_path / "billing's secret"
    code, out, _ = run("add", "billing", "--staff", "--secret-file", str(path))
    assert code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    secret = path.read_text().strip()
    assert len(secret) > 8
    assert secret not in out
    code, _, complaint = run("add", "other", "--staff", "--secret-file", str(path))
    assert (code, "can't be made" in complaint) == (2, True)
    assert [*listed(run)] == ["billing"]
    code, _, complaint = run("add", "billing", "--staff", "--secret-file", str(tmp_path / "again"))
    assert (code, "given out once" in complaint) == (2, True)
    assert not (tmp_path / "again").exists()


def test_adding_again_never_gives_a_second_client(system: System, run: Run) -> None:
    """The same changes nothing; another grant has to be asked for."""
    app = added(run, "billing", "--client", "a")
    code, out, _ = run("add", "billing", "--client", "a")
    assert (code, "sees a" in out) == (0, True)
    assert app["client_secret"] not in out
    code, _, complaint = run("add", "billing", "--staff")
    assert (code, "say --change" in complaint) == (2, True)
    assert scope_of(system, app["client_id"]) == ClientScope(frozenset({"a"}))
    code, out, _ = run("add", "billing", "--client", "b", "--change")
    assert (code, "now sees b" in out) == (0, True)
    assert scope_of(system, app["client_id"]) == ClientScope(frozenset({"b"}))
    assert [*listed(run)] == ["billing"]


def test_an_app_whose_grant_failed_sees_nothing_and_is_finished_later(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What is left is said, and the same command does the rest."""
    path = tmp_path / "secret"
    with monkeypatch.context() as patch:
        fail(patch, system.dynamodb, "put_item")
        code, _, complaint = run("add", "billing", "--client", "a", "--secret-file", str(path))
    assert code == 2
    assert "not now" in complaint
    assert "The same command again does the rest" in complaint
    assert not path.exists()
    assert "nothing (no grant)" in run("list")[1]
    app = listed(run)["billing"]
    assert run("add", "billing", "--client", "a", "--secret-file", str(path))[0] == 0
    assert listed(run)["billing"]["client_id"] == app["client_id"]
    assert path.read_text().strip() == client_of(system, app["client_id"])["ClientSecret"]


def test_removing_takes_the_grant_first(
    system: System, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that an app whose client can't be deleted sees nothing all the same."""
    app = added(run, "billing", "--staff")
    with monkeypatch.context() as patch:
        fail(patch, system.cognito, "delete_user_pool_client")
        code, _, complaint = run("remove", "billing")
    assert (code, "is still there" in complaint) == (2, True)
    with pytest.raises(Forbidden):
        scope_of(system, app["client_id"])
    assert run("remove", app["client_id"])[0] == 0
    assert listed(run) == {}
    code, _, complaint = run("remove", "billing")
    assert (code, "there is no app 'billing'" in complaint) == (2, True)


def test_what_people_sign_in_with_is_no_app(system: System, run: Run) -> None:
    """The site's client is neither listed nor removed, nor given a grant."""
    system.cognito.create_user_pool_client(
        UserPoolId=system.pool_id, ClientName="site", AllowedOAuthFlows=["code"]
    )
    assert listed(run) == {}
    for arguments in (("remove", "site"), ("add", "site", "--staff")):
        code, _, complaint = run(*arguments)
        assert (code, "what people sign in with" in complaint) == (2, True)


def test_apps_of_the_same_name_are_told_apart(system: System, run: Run) -> None:
    """Somebody may have made one by other means."""
    for _ in range(2):
        system.cognito.create_user_pool_client(
            UserPoolId=system.pool_id, ClientName="twin", AllowedOAuthFlows=["client_credentials"]
        )
    code, _, complaint = run("remove", "twin")
    assert (code, "2 apps are named twin" in complaint) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "billing"),
        ("add", "billing", "--client", "a", "--staff"),
        ("add", "", "--staff"),
        ("add", "a\nb", "--staff"),
        ("add", "x" * 129, "--staff"),
        ("add", "billing", "--staff", "--json", "--secret-file", "f"),
    ],
)
def test_half_a_command_is_refused(arguments: tuple[str, ...]) -> None:
    """What it is to see has to be said, and its name is one that Cognito takes."""
    with pytest.raises(SystemExit) as stopped:
        command.main(["apps", *arguments])
    assert stopped.value.code == 2


@pytest.mark.parametrize("client", ["a,b", "a b", "", "x" * 129, "a#b"])
def test_what_can_be_no_clients_id_is_refused(
    capsys: pytest.CaptureFixture[str], client: str
) -> None:
    """Before any system is looked for."""
    assert command.main(["apps", "add", "billing", "--client", client]) == 2
    assert "allowed: 1 to 128" in capsys.readouterr().err


def test_a_policy_binds_a_producer_to_its_clients(run: Run, system: System) -> None:
    """It allows the sources of these clients alone, on the stage's bus, in words that IAM knows."""
    code, printed, hint = run("policy", "--client", "globex", "--client", "acme")
    assert code == 0
    report, look = json.loads(printed)["Statement"]
    assert report["Action"] == "events:PutEvents"
    assert report["Condition"] == {
        "StringEquals": {"events:source": ["run-ledger/client/acme", "run-ledger/client/globex"]}
    }
    assert look["Action"] == "events:DescribeEventBus"
    assert {report["Resource"], look["Resource"]} == {BUS_ARN}
    assert "RUN_LEDGER_SOURCE=run-ledger/client/acme" in hint
    assert [*faults_of(report), *faults_of(look)] == []


def test_a_policy_for_no_client_is_refused(run: Run) -> None:
    """An id that no client can have would bind a producer to nothing."""
    code, printed, complaint = run("policy", "--client", "ac me")
    assert (code, printed) == (2, "")
    assert "--client" in complaint
