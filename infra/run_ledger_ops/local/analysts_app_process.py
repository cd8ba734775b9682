"""The analysts' app beside the site of a local stack."""

import http.client
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from run_ledger_ops import analysts_app
from run_ledger_ops.analysts_app import SignIn
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private
from run_ledger_ops.local.machine import ports
from run_ledger_ops.local.machine.child_process import ChildProcess
from run_ledger_ops.local.machine.cloud import LocalCloud
from run_ledger_ops.local.stack_file import Running, stack_document

_READY_SECONDS = 60.0
_LOOK_SECONDS = 0.1
_OK = 200


def callback_url(port: int) -> str:
    """Return where people come back to from signing in."""
    return f"http://{ports.LOOPBACK}:{port}{analysts_app.CALLBACK}"


def check_installed() -> None:
    """Raise OpsError where this Python can't run the app."""
    if not analysts_app.is_installed():
        raise OpsError(
            "Streamlit, which the analysts' app is made with, is not installed here: run "
            "`make run`, which installs it, or leave the app out with --no-dashboard."
        )


def sign_in(cloud: LocalCloud, running: Running, port: int) -> SignIn:
    """Return how people sign in: on the pages of the local AWS, through the proxy of the site."""
    outputs = running.outputs
    document = stack_document(running)
    cognito: Any = cloud.client("cognito-idp")
    app = cognito.describe_user_pool_client(
        UserPoolId=outputs["UserPoolId"], ClientId=outputs["DashboardClientId"]
    )["UserPoolClient"]
    return SignIn(
        redirect_uri=callback_url(port),
        client_id=app["ClientId"],
        client_secret=app["ClientSecret"],
        scope=document["scope"],
        issuer=document["issuer"],
        authorization_endpoint=document["authorize_url"],
        token_endpoint=document["token_url"],
        jwks_uri=document["jwks_url"],
        logout_endpoint=f"{running.site_origin}/logout",
    )


def ledger(running: Running, *, demo: bool) -> dict[str, str | bool]:
    """Return what the app is told of the ledger."""
    document = stack_document(running)
    return {
        "api_url": document["api_url"],
        "site_url": document["site_url"],
        "stage": "local",
        "event_bus": document["event_bus_name"],
        "aws_endpoint_url": document["aws_endpoint_url"],
        "demo": demo,
    }


def start(
    folder: Path, log: Path, sign_in: SignIn, ledger: Mapping[str, str | bool], port: int
) -> ChildProcess:
    """Write the app's secrets into *folder* and start it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "secrets.toml"
    cookie_secret = analysts_app.cookie_secret_of(path)
    write_private(path, analysts_app.secrets_text(sign_in, ledger, port, cookie_secret))
    return ChildProcess(
        analysts_app.command(path, port),
        environment=analysts_app.environment(os.environ),
        log=log,
        folder=folder,
    )


def wait_until_ready(child: ChildProcess, port: int) -> None:
    """Wait until the app answers; raise OpsError where it ends or takes too long."""
    deadline = time.monotonic() + _READY_SECONDS
    while not _answers(port):
        if child.exit_code is not None or time.monotonic() > deadline:
            raise OpsError(
                f"The analysts' app did not start: {child.last_words()} (see {child.log}). "
                "Leave it out with --no-dashboard."
            )
        time.sleep(_LOOK_SECONDS)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == _OK
    except OSError:
        return False
    finally:
        connection.close()
