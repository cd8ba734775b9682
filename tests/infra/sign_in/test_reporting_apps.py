"""`run-ledger apps … --report`: systems report by tokens or a key, for the clients of a grant."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger.domain.api.access import ClientScope, granted
from run_ledger.domain.instants import parse
from run_ledger.store.clients.report_grants import read_report_grant, read_report_keys
from run_ledger.store.clients.report_use import count_events, read_last_use
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
    assert system

    def apps(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["apps", *arguments, "--stage", STAGE])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return apps


def listed(run: Run) -> dict[str, Any]:
    """Return what the list says of each app and key, by name."""
    return {one["name"]: one for one in json.loads(run("list", "--json")[1])}


def test_an_app_reports_by_tokens_of_the_scope_for_it(system: System, run: Run) -> None:
    """It reads nothing; its grant can be changed and is gone with it."""
    code, out, _ = run("add", "spark", "--client", "acme", "--report", "--json")
    document = json.loads(out)
    client_id = document["client_id"]
    assert (code, document["scope"]) == (0, "run-ledger/report")
    assert (document["reports"], document["access"]) == ({"clients": ["acme"]}, None)
    assert document["intake_url"] == "https://intake.example/intake"
    client = system.cognito.describe_user_pool_client(
        UserPoolId=system.pool_id, ClientId=client_id
    )["UserPoolClient"]
    assert client["AllowedOAuthScopes"] == ["run-ledger/report"]
    code, _, complaint = run("add", "spark", "--client", "globex", "--report")
    assert (code, "reports for acme: say --change" in complaint) == (2, True)
    code, out, _ = run("add", "spark", "--client", "globex", "--report", "--change")
    assert (code, "now reports for globex" in out) == (0, True)
    grant = read_report_grant(system.dynamodb, NAMES.clients, client_id)
    assert granted(grant) == ClientScope(frozenset({"globex"}))
    code, _, complaint = run("add", "spark", "--client", "globex")
    assert (code, "another scope" in complaint) == (2, True)
    assert "reports for globex" in run("list")[1]
    code, out, _ = run("remove", "spark")
    assert (code, "can neither read nor report any more" in out) == (0, True)
    assert read_report_grant(system.dynamodb, NAMES.clients, client_id) is None


def test_a_key_is_shown_once_and_kept_as_a_digest(system: System, run: Run) -> None:
    """Of its secret; the list has neither."""
    code, out, _ = run("add", "partner", "--client", "acme", "--report", "--key", "--json")
    document = json.loads(out)
    key = document["report_key"]
    secret = key[len("rlk_") + 16 + len("_") :]
    assert (code, len(secret), document["reports"]) == (0, 43, {"clients": ["acme"]})
    (kept,) = read_report_keys(system.dynamodb, NAMES.clients)
    assert kept.digest == hashlib.sha256(secret.encode()).hexdigest()
    for text in (repr(system.contents()), run("list", "--json")[1], run("list")[1]):
        assert secret not in text
    assert kept.digest not in run("list", "--json")[1]


def test_people_are_told_how_to_report_by_a_key(run: Run) -> None:
    """With a command to paste."""
    code, out, said = run("add", "partner", "--client", "acme", "--report", "--key")
    assert code == 0
    assert "shown this once" in out
    assert "curl" in out
    assert "https://intake.example/intake/events" in out
    assert '"client_id":"acme"' in out
    assert "no client acme is declared" in said


def test_a_key_can_go_into_a_file(run: Run, tmp_path: Path) -> None:
    """Which nobody else can read."""
    path = tmp_path / "key"
    words = ("add", "partner", "--staff", "--report", "--key", "--secret-file", str(path))
    code, out, _ = run(*words)
    key = path.read_text().strip()
    assert (code, stat.S_IMODE(path.stat().st_mode)) == (0, 0o600)
    assert key.startswith("rlk_")
    assert key not in out


def test_the_list_says_in_which_hour_a_key_was_used(system: System, run: Run) -> None:
    """And that one never was."""
    run("add", "partner", "--client", "acme", "--report", "--key")
    key = listed(run)["partner"]
    assert key["last_used_at"] is None
    assert "never used" in run("list")[1]
    used_at = parse("2026-11-22T15:47:11Z")
    count_events(system.dynamodb, NAMES.clients, f"key#{key['key_id']}", 1, used_at)
    assert listed(run)["partner"]["last_used_at"] == "2026-11-22T15:00:00Z"
    assert "last used 2026-11-22T15:00:00Z" in run("list")[1]


def test_a_removed_key_is_gone_with_what_was_counted(system: System, run: Run) -> None:
    """By its name or its id; a second of its name wants another name, or the removal."""
    run("add", "partner", "--client", "acme", "--report", "--key")
    key_id = listed(run)["partner"]["key_id"]
    count_events(system.dynamodb, NAMES.clients, f"key#{key_id}", 1, parse("2026-11-22T15:00:00Z"))
    code, _, complaint = run("add", "partner", "--client", "acme", "--report", "--key")
    assert (code, "there is a key partner already" in complaint) == (2, True)
    code, out, _ = run("remove", key_id)
    assert (code, "from its next request on" in out) == (0, True)
    assert read_report_keys(system.dynamodb, NAMES.clients) == []
    assert read_last_use(system.dynamodb, NAMES.clients, f"key#{key_id}") is None
    assert run("remove", "partner")[0] == 2


def test_a_name_of_an_app_and_a_key_is_not_removed(run: Run) -> None:
    """Until it is said which."""
    run("add", "both", "--client", "acme", "--report", "--key")
    run("add", "both", "--client", "acme")
    code, _, complaint = run("remove", "both")
    assert (code, "by its id" in complaint) == (2, True)


def test_what_makes_no_sense_is_refused_or_said(system: System, run: Run) -> None:
    """A key that reads; a stage that takes no reports."""
    code, _, complaint = run("add", "partner", "--client", "acme", "--key")
    assert (code, "--key is for --report" in complaint) == (2, True)
    del system.outputs["IntakeUrl"]
    for more in ([], ["--key"]):
        _, out, said = run("add", f"partner{len(more)}", "--client", "acme", "--report", *more)
        assert "deploy it with Intake=true" in said
        assert "None" not in out


def test_namespaces_are_a_grants(system: System, run: Run) -> None:
    """They are kept with it and listed; only clients of the grant can be named."""
    words = ("add", "spark", "--client", "acme", "--client", "globex", "--report", "--key")
    told = ("--namespace", "a-*=acme", "--namespace", "x=y=globex")
    assert run(*words, *told)[0] == 0
    (kept,) = read_report_keys(system.dynamodb, NAMES.clients)
    wanted = {"clients": ["acme", "globex"], "namespaces": {"a-*": "acme", "x=y": "globex"}}
    assert kept.grant == wanted
    assert json.loads(run("list", "--json")[1])[-1]["reports"] == wanted


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--report", "--namespace", "a"), "allowed: NAME=CLIENT"),
        (("--report", "--namespace", "=acme"), "allowed: NAME=CLIENT"),
        (("--report", "--namespace", "a=b c"), "allowed: NAME=CLIENT"),
        (("--report", "--namespace", "a=globex"), "named with --client, too"),
        (("--namespace", "a=acme"), "--namespace is for --report"),
    ],
)
def test_a_namespace_that_cannot_be_granted_is_refused(
    run: Run, more: tuple[str, ...], told: str
) -> None:
    """Before anything is made."""
    code, _, complaint = run("add", "spark", "--client", "acme", *more)
    assert code == 2
    assert told in complaint
