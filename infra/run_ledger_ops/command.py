"""The `run-ledger` command, which has a sub-command for each thing to do.

Producers install the package without what operators need in addition (boto3, PyYAML). So this
module imports the operators' commands only when somebody asks for one of them.
"""

import argparse
import sys
from collections.abc import Sequence

from run_ledger_ops.commands import emit, emit_check, feeding, run, spool
from run_ledger_ops.console import terminal
from run_ledger_ops.console.arguments import Words
from run_ledger_ops.console.terminal import CANNOT, warn

_PRODUCERS = {"emit": emit, "run": run, "openlineage": feeding, "spool": spool}
_NEVER_IN_THE_WAY = {"emit", "run"}  # of the script or the command that they are part of
_EXTRA = {"boto3", "yaml"}  # what `pip install "run-ledger[ops]"` adds
_INCOMPLETE = 'To run or mend a ledger: pip install "run-ledger[ops]".'


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says and return the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = argparse.ArgumentParser(
        prog="run-ledger", description="Report to a Run Ledger, run it, watch it and mend it."
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for module in _PRODUCERS.values():
        module.add_to(commands)
    if not words or words[0] not in _PRODUCERS:
        parser.epilog = None if _add_operations(commands) else _INCOMPLETE
        if parser.epilog and words and not words[0].startswith("-"):
            warn(f"run-ledger {words[0]}: {parser.epilog}")
            return CANNOT
    return _done(parser, list(words))


def _done(parser: argparse.ArgumentParser, words: list[str]) -> int:
    """Do what *words* say; mistakes in them end neither a script that reports nor a command."""
    word = words[0] if words else ""
    if word == "emit":
        words = emit_check.as_kind(words)
    command: list[str] = []
    if word == "run" and "--" in words:
        end = words.index("--")
        words, command = words[:end], words[end + 1 :]
    try:
        given, not_understood = parser.parse_known_args(words)
    except SystemExit as ended:
        if not ended.code or word not in _NEVER_IN_THE_WAY:
            raise
        code = run.after_mistake(command) if word == "run" else emit.after_mistake(words)
        terminal.let_go_of_full_streams()
        return code
    if not_understood and word not in _NEVER_IN_THE_WAY:
        parser.error(f"unrecognized arguments: {' '.join(not_understood)}")
    if not_understood:
        warn(f"run-ledger {word}: left out, as it is not known: {' '.join(not_understood)}")
    given.not_understood = not_understood
    if command:
        given.command = command
    code = int(given.run(given))
    terminal.let_go_of_full_streams()
    return code


def _add_operations(commands: Words) -> bool:
    """Add the operators' commands; return False where what they need is not installed."""
    try:
        from run_ledger_ops import operations  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        if error.name not in _EXTRA:
            raise
        return False
    operations.add_to(commands)
    return True


if __name__ == "__main__":
    sys.exit(main())
