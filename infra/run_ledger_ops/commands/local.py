"""`run-ledger local`: run the whole ledger on this machine."""

import argparse
import contextlib
import shutil
import signal
from dataclasses import fields
from pathlib import Path
from types import FrameType

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger_ops.checkout import ROOT
from run_ledger_ops.console.arguments import Words, add_command
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import CANNOT, warn
from run_ledger_ops.local.stack import LocalStack, Options

_DESCRIPTION = """\
Run the whole ledger on this machine. It needs no AWS account: a local AWS (ministack) runs the same
template and the same functions as the real one, and enforces IAM. Site, API and sign-in share one
origin. Everything listens on 127.0.0.1 only."""
_EPILOG = """\
examples:
  make run                                        everything, with pipelines at work
  make run ARGS="--no-demo --port 9000"           an empty ledger on a port of your choice
  make run ARGS="--no-demo --state /tmp/ledger"   a second one, apart from the first

STATE/stack.json tells other programs how to use the stack; it exists exactly while the stack is
ready. Ctrl-C or SIGTERM stops everything and keeps the state. Exit code 2: the stack could not
start, or ended by itself; one sentence says why."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _AskedToStopError(BaseException):
    """A signal asked for the end; like KeyboardInterrupt, no error handler may swallow it."""


def add_to(commands: Words) -> None:
    """Add the command `local`."""
    parser = add_command(
        commands,
        "local",
        help="run the whole ledger on this machine, with no AWS account",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.set_defaults(run=run)
    parser.add_argument(
        "--no-demo",
        dest="demo",
        action="store_false",
        help="start with an empty ledger and no pipelines",
    )
    parser.add_argument(
        "--no-dashboard",
        dest="dashboard",
        action="store_false",
        help="leave out the analysts' app (Streamlit)",
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        default=ROOT / ".run-ledger",
        help="where data, logs and stack.json are kept between starts (default: %(default)s)",
    )
    parser.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="port of site, API and sign-in (default: the last start's, or 8600, or a free one)",
    )
    parser.add_argument(
        "--aws-port",
        dest="cloud_port",
        type=_port,
        metavar="N",
        help="port of the local AWS (default: the last start's, or 4566, or a free one)",
    )
    parser.add_argument(
        "--dashboard-port",
        type=_port,
        metavar="N",
        help="port of the analysts' app (default: the last start's, or 8501, or a free one)",
    )
    parser.add_argument(
        "--smtp-port",
        type=_port,
        metavar="N",
        help="port of a mail server on this machine that gets the mails, too",
    )
    parser.add_argument(
        "--local-cloud-python",
        type=_program,
        metavar="PATH",
        default=ROOT / ".venvs" / "local-cloud" / "bin" / "python",
        help="interpreter that has ministack; it runs the functions, too (default: %(default)s)",
    )
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=ROOT / ".run-ledger" / "cache",
        help="where built bundles are kept; stacks may share it (default: %(default)s)",
    )


def run(given: argparse.Namespace) -> int:
    """Run the stack until a signal comes and return the exit code."""
    options = {one.name: getattr(given, one.name) for one in fields(Options)}
    stack = LocalStack(Options(**options), _say)
    for number in _SIGNALS:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, _ask_to_stop)
    code = 0
    try:
        stack.start()
        stack.watch()
    except _AskedToStopError:
        _say("Stopping …")
    except (OpsError, BotoCoreError, ClientError, OSError) as error:
        code = _complain(error)
    finally:
        _ignore_signals()
        try:
            stack.stop()
        except (OpsError, BotoCoreError, ClientError, OSError) as error:
            code = _complain(error)
    return code


def _port(text: str) -> int:
    highest = 65_535
    if not text.isdecimal() or not 1 <= int(text) <= highest:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: give a number from 1 to {highest}")
    return int(text)


def _program(text: str) -> Path:
    """Return a program's absolute path, as the local AWS starts in another folder."""
    return Path(shutil.which(text) or text).absolute()


def _ask_to_stop(_number: int, _frame: FrameType | None) -> None:
    _ignore_signals()
    raise _AskedToStopError


def _ignore_signals() -> None:
    """Let stopping run its course: a second Ctrl-C must leave nothing behind."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(text: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # nobody listens any more, which is no reason to end
        print(text, flush=True)  # noqa: T201 - the terminal is what this command talks to


def _complain(error: Exception) -> int:
    warn(f"run-ledger local: {error}")
    return CANNOT
