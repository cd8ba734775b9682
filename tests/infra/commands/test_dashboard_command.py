"""`run-ledger dashboard`: the secrets file that it writes, and when it refuses to start the app."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.support.stacks.operations import STAGE, System, deployed_system

from run_ledger_ops import analysts_app, command
from run_ledger_ops.analysts_app import SignIn
from run_ledger_ops.commands import dashboard
from run_ledger_ops.console import target

SIGN_IN = SignIn(
    redirect_uri="http://localhost:8501/oauth2callback",
    client_id="c",
    client_secret='s"\\\x7f',
    scope="run-ledger/read",
    issuer="https://i",
    authorization_endpoint="https://d/oauth2/authorize",
    token_endpoint="https://d/oauth2/token",
    jwks_uri="https://i/jwks",
    logout_endpoint="https://d/logout",
)


def test_what_is_written_is_read_back() -> None:
    """Whatever the secrets hold, the file is TOML that says the same."""
    text = analysts_app.secrets_text(SIGN_IN, {"api_url": "https://a", "demo": True}, 8501, "k")

    told = tomllib.loads(text)
    assert told["auth"]["client_secret"] == SIGN_IN.client_secret
    assert told["auth"]["expose_tokens"] == ["access"]
    assert told["auth"]["client_kwargs"]["scope"] == "openid email run-ledger/read"
    assert told["auth"]["client_kwargs"]["code_challenge_method"] == "S256"
    assert told["auth"]["server_metadata_url"] == "http://127.0.0.1:8501/openid-configuration"
    assert told["provider"]["logout_endpoint"] == "https://d/logout"
    assert told["run_ledger"] == {"api_url": "https://a", "demo": True}


def test_people_stay_signed_in_over_a_new_file(tmp_path: Path) -> None:
    """The secret that cookies are signed with is kept; what is no secrets file has none."""
    path = tmp_path / "secrets.toml"
    first = analysts_app.cookie_secret_of(path)
    path.write_text(analysts_app.secrets_text(SIGN_IN, {}, 8501, first))

    assert len(first) == 64
    assert analysts_app.cookie_secret_of(path) == first
    path.write_text("[auth")
    assert analysts_app.cookie_secret_of(path) != first


def test_the_app_is_told_of_no_aws_account() -> None:
    """It asks the API alone, and itself without a proxy."""
    told = analysts_app.environment({"AWS_PROFILE": "x", "HOME": "/h", "NO_PROXY": "corp"})

    assert not any(name.startswith("AWS_") for name in told)
    assert told["HOME"] == "/h"
    assert told["NO_PROXY"] == "corp,127.0.0.1,localhost"


@pytest.mark.parametrize(
    ("redirect_uri", "port"),
    [
        ("http://localhost:8501/oauth2callback", 8501),
        ("http://127.0.0.1:9000/oauth2callback", 9000),
        ("http://localhost/oauth2callback", 80),
        ("https://analysts.example/oauth2callback", 8501),
    ],
)
def test_the_port_is_where_people_come_back_to(redirect_uri: str, port: int) -> None:
    """Behind a balancer it is the usual one."""
    assert dashboard.port_of(redirect_uri) == port


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give a deployed system whose pool knows the app's client."""
    with deployed_system(monkeypatch, has_pool=True) as there:
        yield there


def _client(there: System, monkeypatch: pytest.MonkeyPatch, callback: str) -> None:
    made = there.cognito.create_user_pool_client(
        UserPoolId=there.pool_id,
        ClientName="dashboard",
        GenerateSecret=True,
        CallbackURLs=[callback],
    )["UserPoolClient"]
    found = target.find

    def find(given: Any) -> Any:
        system = found(given)
        system.outputs.update(
            DashboardClientId=made["ClientId"],
            Issuer="https://issuer/pool",
            SiteUrl="https://site.example",
            BusName="bus",
        )
        return system

    monkeypatch.setattr(dashboard.target, "find", find)


def test_the_file_is_its_owners_alone(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mode 600, with what the stack says, and nothing is started."""
    _client(system, monkeypatch, "http://localhost:8501/oauth2callback")
    path = tmp_path / "new" / "secrets.toml"

    assert command.main(["dashboard", "--stage", STAGE, "--write", "--secrets", str(path)]) == 0

    told = tomllib.loads(path.read_text())
    assert path.stat().st_mode & 0o777 == 0o600
    assert told["provider"]["authorization_endpoint"] == "https://login.example/oauth2/authorize"
    assert told["provider"]["logout_endpoint"] == "https://login.example/logout"
    assert told["run_ledger"]["api_url"] == "https://api.example/api"
    assert told["run_ledger"]["stage"] == STAGE


def test_an_app_that_is_hosted_elsewhere_is_not_started_here(
    system: System,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """People would come back to the other machine; the file is written all the same."""
    _client(system, monkeypatch, "https://analysts.example/oauth2callback")
    path = tmp_path / "secrets.toml"

    assert command.main(["dashboard", "--stage", STAGE, "--secrets", str(path)]) == 2

    assert path.exists()
    assert "DashboardCallbackUrl" in capsys.readouterr().err
