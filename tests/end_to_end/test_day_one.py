"""What an operator does on the first day works: clients, apps and people, to tokens and answers."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.support.readers import ledger_http
from tests.support.readers.ledger_http import Stack, get
from tests.support.stacks.local_stack import LocalStack

from run_ledger_ops import command

pytestmark = pytest.mark.local_stack

Run = Callable[..., str]


@pytest.fixture
def run(running: LocalStack, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run a command that succeeds; it returns what was printed."""

    def ledger(*arguments: str) -> str:
        code = command.main([*arguments, "--stack", str(running.state / "stack.json")])
        printed = capsys.readouterr()
        assert code == 0, printed.err
        return printed.out

    return ledger


README = Path(__file__).resolve().parents[2] / "README.md"


def section(title: str) -> str:
    """Return a section of the README."""
    text = README.read_text("utf-8")
    return text.split(f"\n## {title}\n")[1].split("\n## ")[0]


def blocks(language: str) -> list[str]:
    """Return the code blocks of the section on the first day."""
    return re.findall(rf"```{language}\n(.*?)```", section("Day one"), re.DOTALL)


def machine_token(stack: Stack, app: Mapping[str, Any], secret: str) -> str:
    """Get a token as the app does."""
    made = {"machine_client_id": app["client_id"], "machine_client_secret": secret}
    return ledger_http.machine_token({**stack, **made})


def seen(stack: Stack, token: str) -> tuple[int, list[str]]:
    """Return the status of the list of clients, and whom it shows."""
    answer = get(stack, "/clients", token)
    return answer.status_code, [one["client_id"] for one in answer.json().get("items", [])]


def test_the_first_day_as_the_readme_tells_it(
    running: LocalStack,
    stack: Stack,
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its file and its commands lead to answers of the API, for a machine and for a person."""
    monkeypatch.chdir(tmp_path)
    before = run("clients", "export", "--references")
    (declared,) = blocks("yaml")
    Path("clients.yaml").write_text(declared, "utf-8")
    lines = [shlex.split(line, comments=True) for line in blocks("sh")[0].splitlines()]
    said = {" ".join(words[1:3]): run(*words[1:]) for words in lines if words}
    assert {*said} == {"clients apply", "clients export", "users invite", "users list"} | {
        *("apps add", "apps list"),
    }

    staff = ledger_http.machine_token(stack)
    config = get(stack, "/clients/hooli/config", staff).json()
    assert [one["name"] for one in config["parameters"]] == ["confidence_threshold", "model"]
    assert config["secrets_omitted"] == 1
    assert run("clients", "apply", "clients.yaml").endswith("Nothing to change.\n")

    (app,) = [one for one in json.loads(run("apps", "list", "--json")) if one["name"] == "billing"]
    token = machine_token(stack, app, Path("billing.secret").read_text().strip())
    assert seen(stack, token) == (200, ["hooli"])

    email, password = "someone@hooli.example", "Correct-horse-1"
    pool: Any = running.client("cognito-idp")
    pool.admin_set_user_password(
        UserPoolId=stack["issuer"].rsplit("/", 1)[1],
        Username=email,
        Password=password,
        Permanent=True,
    )
    person = {**stack, "users": {"new": {"email": email, "password": password}}}
    scope = f"openid email {stack['scope']}"
    tokens = ledger_http.personal_tokens(person, "new", scope)
    assert seen(stack, tokens["access_token"]) == (200, ["hooli"])

    run("apps", "remove", "billing")
    assert seen(stack, token)[0] == 403
    run("users", "remove", email)
    with pytest.raises(KeyError, match="location"):
        ledger_http.personal_tokens(person, "new", scope)
    Path("before.yaml").write_text(before, "utf-8")
    run("clients", "apply", "before.yaml", "--prune", "--yes")
    assert run("clients", "export", "--references") == before
