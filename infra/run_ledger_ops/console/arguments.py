"""How commands are added to the command line, and how their work is run."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from run_ledger_ops.console import terminal

USUAL_STACK_FILE = Path(".run-ledger/stack.json")

# argparse has no public name for what `add_subparsers` returns.
Words: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def add_command(words: Words, name: str, **texts: Any) -> argparse.ArgumentParser:
    """Add a command; its *texts*, as `add_parser` takes them, keep their line breaks."""
    return words.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)


def add_actions(parser: argparse.ArgumentParser) -> Words:
    """Let a command be followed by one of several actions."""
    return parser.add_subparsers(title="actions", required=True, metavar="ACTION")


def set_work(parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], int]) -> None:
    """Let a command do *work* and return its exit code; trouble becomes one sentence."""
    word = parser.prog.partition(" ")[2]
    parser.set_defaults(run=lambda given: terminal.answer(word, lambda: work(given)))
