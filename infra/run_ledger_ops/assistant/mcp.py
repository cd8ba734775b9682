"""`run-ledger mcp`: let an assistant ask the ledger, as you."""

import argparse
import os
import webbrowser
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from run_ledger.questions.asking import Asking, Json, Query, Refused
from run_ledger_ops.assistant.api_session import (
    ApiSession,
    NewToken,
    fixed_token,
    machine_token,
)
from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import warn
from run_ledger_ops.deploying.site import config_of
from run_ledger_ops.sign_in.own_token import (
    SignInPages,
    landed_address,
    new_attempt,
    pages_of,
    site_address,
    site_of,
)

_DESCRIPTION = """\
Serve the ledger to an assistant by the Model Context Protocol, over standard input and output:
eleven questions that change nothing, such as what is wrong now, why a job failed and since when,
and what a client cost. The assistant sees what you may see.

You sign in in your browser at the first question. A program signs in by RUN_LEDGER_APP_CLIENT_ID
and RUN_LEDGER_APP_CLIENT_SECRET, which `run-ledger apps add` prints, or has an access token in
RUN_LEDGER_TOKEN, which is good for an hour."""
_EPILOG = """\
examples:
  run-ledger mcp --site https://ledger.example     as the command of an assistant's MCP server
  run-ledger mcp                                   the local stack that runs in this folder
  run-ledger mcp --stack /path/to/checkout/.run-ledger/stack.json
                                                   a local stack, from any folder

It needs the protocol's SDK: pip install "run-ledger[ops,mcp]". docs/assistants.md says how to set
an assistant up, and what it may ask."""
_MISSING = 'the protocol\'s SDK is not installed: pip install "run-ledger[ops,mcp]".'
_WAIT_SECONDS = 300.0


def add_to(commands: Words) -> None:
    """Add the command `mcp`."""
    parser = add_command(
        commands,
        "mcp",
        help="let an assistant ask the ledger, as you",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _mcp)
    target.add_options(parser).add_argument(
        "--site", metavar="URL", help="address of the site on which you sign in"
    )


def _mcp(given: argparse.Namespace) -> int:
    try:
        from run_ledger_ops.assistant import server  # noqa: PLC0415 - its SDK is an extra
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("mcp", "mcp_types", "anyio"):
            raise
        raise OpsError(_MISSING) from error
    server.serve(_asking(given))
    return 0


def _asking(given: argparse.Namespace) -> Callable[[], Asking]:
    """Return what tells who asks, and when."""
    site = given.site
    if site is None:
        system = target.find(given)
        site = system.site_url
        if site is None:
            pages = pages_of(config_of(system.outputs, system.name))
            ask = ApiSession(system.api_url, _new_token(pages))
            return lambda: Asking(ask, datetime.now(UTC))
    address = site_address(site)

    def session() -> ApiSession:
        found = site_of(address)
        return ApiSession(found.api_url, _new_token(found.pages))

    late = LateSession(session)
    return lambda: Asking(late, datetime.now(UTC), address)


class LateSession:
    """An `ApiSession` that the first question makes; where that fails, the next one tries again.

    So an assistant can start while the site can't be reached, and is told when it asks.
    """

    def __init__(self, make: Callable[[], ApiSession]) -> None:
        """Let *make* make it, which may raise OpsError."""
        self._make = make
        self._session: ApiSession | None = None
        self._lock = Lock()

    def __call__(self, path: str, query: Query) -> Json:
        """Return what the session does. Raise `Refused` where there can be none yet."""
        with self._lock:
            if self._session is None:
                try:
                    self._session = self._make()
                except OpsError as error:
                    raise Refused(f"The ledger's site can't be asked: {error}") from error
        return self._session(path, query)


def _new_token(pages: SignInPages) -> NewToken:
    token = os.environ.get("RUN_LEDGER_TOKEN")
    if token:
        return fixed_token(token)
    client_id = os.environ.get("RUN_LEDGER_APP_CLIENT_ID")
    client_secret = os.environ.get("RUN_LEDGER_APP_CLIENT_SECRET")
    if client_id and client_secret:
        # A machine has no user, of whom the other scopes are.
        scope = " ".join(one for one in pages.scope.split() if "/" in one)
        return machine_token(pages.token_url, client_id, client_secret, scope)
    return lambda: signed_in(pages)


def signed_in(pages: SignInPages) -> str:
    """Return the token of whoever signs in in the browser; raises `Refused`."""
    attempt = new_attempt(pages)

    def begin(address: str) -> None:
        warn(f"Sign in in your browser. If none opens, open this address:\n\n  {address}\n")
        webbrowser.open(address)

    try:
        return attempt.token(landed_address(attempt, _WAIT_SECONDS, begin))
    except OpsError as error:
        raise Refused(f"Nobody is signed in: {error}") from error
