"""The analysts' app beside the site of a local stack."""

import http.client
import os
import time
from pathlib import Path

from run_ledger_ops import analysts_app
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.target import Target
from run_ledger_ops.local.machine import ports
from run_ledger_ops.local.machine.child_process import ChildProcess

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


def start(folder: Path, log: Path, system: Target, port: int, *, demo: bool) -> ChildProcess:
    """Write the app's secrets into *folder* and start it, listening on *port*."""
    path = folder / "secrets.toml"
    sign_in = analysts_app.sign_in_of(system)
    endpoint_url = str(system.endpoint_url)
    analysts_app.write_secrets(
        path, system, sign_in, port, aws_endpoint_url=endpoint_url, demo=demo
    )
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
