"""The analysts' app (`dashboard_app/`) as a program: its secrets file and its command line.

The app only uses the read API. One private file tells it where the ledger is and how people sign
in; the facts come from the stack.
"""

import importlib.util
import json
import os
import secrets
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from run_ledger_ops.checkout import ROOT
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.console.target import Target

SCRIPT = ROOT / "dashboard_app" / "app.py"
CALLBACK = "/oauth2callback"
_DISCOVERY = "/openid-configuration"
_PROVIDER = (
    *("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "logout_endpoint"),
)
_COOKIE_SECRET_BYTES = 32
_AUTHORIZE = "/oauth2/authorize"


@dataclass(frozen=True)
class SignIn:
    """How people sign in to the app."""

    redirect_uri: str
    client_id: str
    client_secret: str
    scope: str
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    logout_endpoint: str


def is_installed() -> bool:
    """Return whether this Python can run the app."""
    return all(importlib.util.find_spec(name) for name in ("streamlit", "authlib", "httpx2"))


def sign_in_of(system: Target) -> SignIn:
    """Return how people sign in to the app of a system."""
    app = system.cognito.describe_user_pool_client(
        UserPoolId=system.outputs["UserPoolId"], ClientId=system.outputs["DashboardClientId"]
    )["UserPoolClient"]
    usual = f"https://{system.outputs['UserPoolDomain']}{_AUTHORIZE}"
    authorize = system.addresses.get("authorize_url", usual)
    issuer = system.outputs["Issuer"]
    return SignIn(
        redirect_uri=app["CallbackURLs"][0],
        client_id=app["ClientId"],
        client_secret=app["ClientSecret"],
        scope=system.outputs["Scope"],
        issuer=issuer,
        authorization_endpoint=authorize,
        token_endpoint=system.token_url,
        jwks_uri=system.addresses.get("jwks_url", f"{issuer}/.well-known/jwks.json"),
        logout_endpoint=f"{authorize.removesuffix(_AUTHORIZE)}/logout",
    )


def write_secrets(
    path: Path, system: Target, sign_in: SignIn, port: int, **more: str | bool
) -> None:
    """Write the app's secrets file, with *more* about the ledger than what each system has.

    The secret that cookies are signed with stays what it was. Raises OSError.
    """
    ledger = {
        "api_url": system.api_url,
        "site_url": system.site_url or "",
        "stage": system.name.removeprefix("run-ledger-"),
        "event_bus": system.outputs["BusName"],
    }
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(path, secrets_text(sign_in, {**ledger, **more}, port, cookie_secret_of(path)))


def secrets_text(
    sign_in: SignIn, ledger: Mapping[str, str | bool], port: int, cookie_secret: str
) -> str:
    """Return the content of the app's secrets file, as TOML.

    The app serves the discovery document itself, to itself, on its own *port*: see
    `dashboard_app/sign_in/discovery.py`.
    """
    auth = {
        "redirect_uri": sign_in.redirect_uri,
        "cookie_secret": cookie_secret,
        "client_id": sign_in.client_id,
        "client_secret": sign_in.client_secret,
        "server_metadata_url": f"http://127.0.0.1:{port}{_DISCOVERY}",
        "expose_tokens": ["access"],
    }
    client = {
        "scope": f"openid email {sign_in.scope}",
        "prompt": "login",
        "code_challenge_method": "S256",
    }
    provider = {name: getattr(sign_in, name) for name in _PROVIDER}
    parts: dict[str, Mapping[str, object]] = {
        "auth": auth,
        "auth.client_kwargs": client,
        "provider": provider,
        "run_ledger": ledger,
    }
    return "\n".join(
        line
        for name, values in parts.items()
        for line in (f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in values.items()), "")
    )


def _toml(value: object) -> str:
    """Return a text, flag or list of texts as TOML; all but DEL is written as in JSON."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def new_cookie_secret() -> str:
    """Return a secret that the app's cookies are signed with."""
    return secrets.token_hex(_COOKIE_SECRET_BYTES)


def cookie_secret_of(path: Path) -> str:
    """Return the secret of an earlier file, so that people stay signed in, or a new one."""
    try:
        kept: Any = tomllib.loads(path.read_text("utf-8"))["auth"]["cookie_secret"]
    except (OSError, ValueError, KeyError, TypeError):
        return new_cookie_secret()
    return kept if isinstance(kept, str) and kept else new_cookie_secret()


def command(secrets_file: Path, port: int, address: str = "127.0.0.1") -> list[str]:
    """Return the command line that runs the app."""
    return [
        *(sys.executable, "-m", "streamlit", "run", str(SCRIPT)),
        f"--server.address={address}",
        f"--server.port={port}",
        "--server.headless=true",
        f"--secrets.files={secrets_file}",
    ]


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables to run it with, without those of an AWS account: it needs none."""
    kept = {name: value for name, value in inherited.items() if not name.startswith("AWS_")}
    path = os.pathsep.join([str(ROOT), *filter(None, [inherited.get("PYTHONPATH")])])
    # It asks itself for the discovery document, and on a local stack all else is here, too.
    no_proxy = ",".join([*filter(None, [inherited.get("NO_PROXY")]), "127.0.0.1", "localhost"])
    return kept | {"PYTHONPATH": path, "NO_PROXY": no_proxy, "no_proxy": no_proxy}
