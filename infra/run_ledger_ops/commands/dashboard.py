"""`run-ledger dashboard`: the analysts' app on this machine, against a deployed stage."""

import argparse
import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from run_ledger_ops import analysts_app
from run_ledger_ops.analysts_app import CALLBACK
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import say

_DESCRIPTION = """\
Run the analysts' app (Streamlit) on this machine, against a deployed stage. The command reads what
the app needs to know from the stack and writes it to a secrets file that only you can read (mode
600); keep that out of version control. The app itself needs no AWS account: it signs people in and
asks the API."""
_EPILOG = """\
examples:
  run-ledger dashboard --stage prod              writes the file and runs the app
  run-ledger dashboard --stage prod --write      writes the file only, for an app that is hosted

After signing in, people return to the address in the stack's parameter DashboardCallbackUrl. Its
default, http://localhost:8501/oauth2callback, is right for an app on this machine; for a hosted
app, deploy with that app's address. dashboard_app/README.md says how to host it."""
_USUAL_FOLDER = Path(".run-ledger") / "dashboard"
_LOCAL_HOSTS = {"localhost", "127.0.0.1"}
_HTTPS_PORT = 8501


def add_to(commands: Words) -> None:
    """Add the command `dashboard`."""
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
    sign_in = analysts_app.sign_in_of(system)
    port = port_of(sign_in.redirect_uri)
    try:
        analysts_app.write_secrets(path, system, sign_in, port)
    except OSError as error:
        raise OpsError(f"{path} can't be written: {error.strerror or error}.") from error
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


def port_of(redirect_uri: str) -> int:
    """Return the port that the app has to listen on: the one that people return to."""
    parts = urlsplit(redirect_uri)
    return parts.port or (_HTTPS_PORT if parts.scheme == "https" else 80)
