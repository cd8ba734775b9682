"""`run-ledger emit --check`: whether what is reported from here arrives."""

import argparse
import time
from pathlib import Path

import msgspec

from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.emit.delivery.checking import Look
from run_ledger.emit.delivery.read_api import read_api
from run_ledger.emit.identity import environment as around
from run_ledger.emit.identity.local_stack import StackDocument
from run_ledger_ops.console import terminal
from run_ledger_ops.console.arguments import USUAL_STACK_FILE, Words, add_command
from run_ledger_ops.console.terminal import say, say_json, warn
from run_ledger_ops.producer import options

WORD = "check"
_UNSEEN = 1
# Longer than the queue of a deployed stage collects events for its writer.
_SECONDS = 90.0
_EXIT_SECONDS = 20.0
_DESCRIPTION = """\
See whether what is reported from here arrives. AWS takes events for a bus that does not exist, and
drops them, as it does with events that no rule passes on. So this sends a probe: an event that goes
the whole way, over bus, rule and queue to the writer, and counts in no list and no total."""
_EPILOG = f"""\
examples:
  run-ledger emit --check                              the bus that programs here report to
  run-ledger emit --check --bus run-ledger-prod --region eu-central-1
  run-ledger emit --check --stage prod                 looks into the stage's table

{options.CONFIGURATION}

Sending needs the permission events:PutEvents, as every producer has it. With
events:DescribeEventBus, the command can say whether the bus exists. To see that the probe came, it
asks the read API: that of the local stack, or the one at RUN_LEDGER_API_URL with the token in
RUN_LEDGER_TOKEN. With --stage it looks into the stage's table, for which you must be allowed to
read the stack and the table. Without any of these it says what it could not see.

Exit code: 0 the probe came to the ledger; 1 the bus took it, but it did not come in time or that
could not be seen; 2 it could not be sent."""


def add_to(kinds: Words) -> None:
    """Add the check beside the kinds of events."""
    parser = add_command(
        kinds,
        WORD,
        help="send a probe and see whether it arrives; also written --check",
        description=_DESCRIPTION,
        epilog=_EPILOG,
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=_SECONDS,
        metavar="SECONDS",
        help=f"how long to look for the probe (default: {_SECONDS:.0f})",
    )
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    options.add_bus(parser)
    parser.set_defaults(run=lambda given: terminal.answer("emit", lambda: _check(given)))


def as_kind(words: list[str]) -> list[str]:
    """Return the words of `emit` with the option --check written as the kind that it is."""
    if "--check" not in words or (len(words) > 1 and words[1] in {"job", "project"}):
        return words
    return [words[0], WORD, *(word for word in words[1:] if word not in {"--check", WORD})]


def _check(given: argparse.Namespace) -> int:
    ledger = options.ledger_of(given, exit_seconds=_EXIT_SECONDS)
    found = ledger.check(given.timeout, look=_look(given) if ledger.enabled else None)
    if given.json:
        say_json(found.as_dict())
    elif found.is_accepted:
        say(found.message)
    else:
        warn(f"run-ledger emit: {found.message}")
    if found.has_arrived:
        return 0
    return _UNSEEN if found.is_accepted else terminal.CANNOT


def _look(given: argparse.Namespace) -> Look | None:
    """Return a way to look for the probe; None for the read API that the environment names."""
    if given.stage:
        return _look_into_table(given)
    if given.bus or (around.value("BUS") and not given.stack):
        return None
    try:
        stack = msgspec.json.decode(_stack_file(given.stack).read_bytes(), type=StackDocument)
    except (OSError, msgspec.DecodeError):
        return None
    return read_api(stack.read_access)


def _stack_file(given: Path | None) -> Path:
    return given or USUAL_STACK_FILE


def _look_into_table(given: argparse.Namespace) -> Look | None:
    """Return how to look into the table of a deployed stage; None where that can't be done."""
    try:
        from run_ledger.store.lists.arrival_reads import read_arrival  # noqa: PLC0415
        from run_ledger_ops.console import target  # noqa: PLC0415 - needs boto3
    except ModuleNotFoundError:
        warn('run-ledger emit: to look into the table: pip install "run-ledger[ops]"')
        return None
    found = []

    def work() -> int:
        found.append(target.find(given))
        return 0

    if terminal.answer("emit", work):
        return None
    system = found[0]
    table = system.tables.entries

    def has_come(probe_id: str) -> bool:
        now = Instant(int(time.time() * MICROSECONDS))
        return read_arrival(system.dynamodb, table, probe_id, now) is not None

    return has_come
