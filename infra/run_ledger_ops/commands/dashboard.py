"""`run-ledger dashboard`: the analysts' app on this machine, against a deployed stage."""

import argparse
import os
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from run_ledger_ops import analysts_app
from run_ledger_ops.analysts_app import CALLBACK, SignIn
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.console.target import Target
from run_ledger_ops.console.terminal import say

_DESCRIPTION = """\
Run the analysts' app (Streamlit) on this machine, against a deployed stage. What it needs to know
is read from the stack and written to a secrets file that only you can read (mode 600); keep it
out of version control. The app itself needs no AWS account: it signs people in and asks the API."""
_EPILOG = """\
examples:
  run-ledger dashboard --stage prod              write the file, run the app
  run-ledger dashboard --stage prod --write      write the file alone, for hosting the app

People come back from signing in to the stack's parameter DashboardCallbackUrl. For an app on this
machine that is http://localhost:8501/oauth2callback, as it is from the beginning; for one that is
hosted, deploy with its address. dashboard_app/README.md says how to host it."""
_USUAL_FOLDER = Path(".run-ledger") / "dashboard"
_LOCAL_HOSTS = {"localhost", "127.0.0.1"}
_AUTHORIZE = "/oauth2/authorize"
_HTTPS_PORT = 8501


def add_to(commands: Words) -> None:
    """Add `dashboard` to the words that the command knows."""
    parser = add_command(
        commands,
        "dashboard",
        help="run the analysts' app against a deployed stage",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _run)
    parser.add_argument(
        "--secrets",
        type=Path,
        metavar="FILE",
        help=f"where the secrets file goes (default: {_USUAL_FOLDER}/STACK.toml)",
    )
    parser.add_argument(
        "--write", action="store_true", help="write the secrets file and do not run the app"
    )
    target.add_options(parser)


def _run(given: argparse.Namespace) -> int:
    system = target.find(given)
    path = (given.secrets or _USUAL_FOLDER / f"{system.name}.toml").absolute()
    sign_in = sign_in_of(system)
    port = port_of(sign_in.redirect_uri)
    write(path, system, sign_in, port)
    say(f"Wrote {path} (mode 600).")
    if given.write:
        return 0
    if urlsplit(sign_in.redirect_uri).hostname not in _LOCAL_HOSTS:
        raise OpsError(
            f"People come back from signing in to {sign_in.redirect_uri}, which is not this "
            "machine: host the app there with the file that was written, or deploy with "
            f"DashboardCallbackUrl=http://localhost:8501{CALLBACK}."
        )
    if not analysts_app.is_installed():
        raise OpsError(
            "Streamlit is not installed here: run this from a checkout that `make run` has set "
            "up, or pip install -r infra/locks/dashboard.txt."
        )
    say(f"The app: {sign_in.redirect_uri.removesuffix(CALLBACK)} (Ctrl-C ends it)")
    line = analysts_app.command(path, port)
    return subprocess.call(line, env=analysts_app.environment(os.environ))  # noqa: S603 - its own


def write(path: Path, system: Target, sign_in: SignIn, port: int) -> None:
    """Write the secrets file; the secret that cookies are signed with stays what it was."""
    ledger: dict[str, str | bool] = {
        "api_url": system.api_url,
        "site_url": system.addresses.get("site_url", system.outputs["SiteUrl"]),
        "stage": system.name.removeprefix("run-ledger-"),
        "event_bus": system.outputs["BusName"],
    }
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        cookie_secret = analysts_app.cookie_secret_of(path)
        write_private(path, analysts_app.secrets_text(sign_in, ledger, port, cookie_secret))
    except OSError as error:
        raise OpsError(f"{path} can't be written: {error.strerror or error}.") from error


def sign_in_of(system: Target) -> SignIn:
    """Return how people sign in to the app of a system."""
    cognito: Any = system.cognito
    app = cognito.describe_user_pool_client(
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


def port_of(redirect_uri: str) -> int:
    """Return the port that the app listens on so that people come back to it."""
    parts = urlsplit(redirect_uri)
    return parts.port or (_HTTPS_PORT if parts.scheme == "https" else 80)
