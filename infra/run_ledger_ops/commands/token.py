"""`run-ledger token`: an access token of one's own, for scripts and notebooks."""

import argparse
import sys
import webbrowser
from pathlib import Path

from run_ledger_ops.console import target
from run_ledger_ops.console.arguments import Words, add_command, set_work
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import PrivateFile
from run_ledger_ops.console.terminal import say, warn
from run_ledger_ops.deploying.site import config_of
from run_ledger_ops.sign_in.own_token import (
    REDIRECT_URI,
    SignInPages,
    landed_address,
    new_attempt,
    pages_of,
    sign_in_pages,
)

_DESCRIPTION = """\
Sign in in a browser, and print an access token: it may read what you may read on the site, and, if
you may act on incidents, do that. It is good for an hour. No AWS account is needed with --site."""
_EPILOG = f"""\
examples:
  export RUN_LEDGER_TOKEN="$(run-ledger token --site https://ledger.example)"
                                     so that it is neither on screen nor in the shell's history
  run-ledger token --site https://ledger.example --file token
                                     a new file that only you can read
  run-ledger token --site https://ledger.example --paste --file token
                                     on a machine without a browser: open the address on another
                                     one, and paste the address that it leads to

The token is never printed to a terminal. The browser comes back to {REDIRECT_URI} on this
machine.
A program that runs without you has a login of its own: `run-ledger apps add`."""
_WAIT_SECONDS = 300.0


def add_to(commands: Words) -> None:
    """Add the command `token`."""
    parser = add_command(
        commands,
        "token",
        help="get an access token of your own for scripts and notebooks",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    set_work(parser, _token)
    parser.add_argument(
        "--file",
        type=Path,
        metavar="FILE",
        help="write the token to a new file that only you can read, and don't print it",
    )
    parser.add_argument(
        "--paste",
        action="store_true",
        help="open no browser and wait for none: paste the address that the sign-in leads to",
    )
    target.add_options(parser).add_argument(
        "--site", metavar="URL", help="address of the site on which you sign in"
    )


def _token(given: argparse.Namespace) -> int:
    if given.file is None and sys.stdout.isatty():
        raise OpsError(
            "a token is not printed to a terminal: say --file FILE, or "
            'export RUN_LEDGER_TOKEN="$(run-ledger token …)".'
        )
    attempt = new_attempt(_pages(given).to_act())
    with PrivateFile(given.file) as file:
        if given.paste:
            warn(f"Open this address and sign in:\n\n  {attempt.address}\n")
            warn(f"Paste the address that it leads to; it begins with {REDIRECT_URI}")
            landed = sys.stdin.readline().strip()
        else:
            landed = landed_address(attempt, _WAIT_SECONDS, _open)
        token = attempt.token(landed)
        file.write(token)
    if given.file is None:
        say(token)
    else:
        warn(f"The token is in {given.file}. It is good for an hour.")
    return 0


def _pages(given: argparse.Namespace) -> SignInPages:
    if given.site is not None:
        return sign_in_pages(given.site)
    system = target.find(given)
    if system.site_url is not None:
        return sign_in_pages(system.site_url)
    return pages_of(config_of(system.outputs, system.name))


def _open(address: str) -> None:
    warn(f"Sign in in your browser. If none opens, open this address:\n\n  {address}\n")
    webbrowser.open(address)
