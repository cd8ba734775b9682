"""What the words of the command line have in common: how they are added, and what they do."""

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias

from run_ledger_ops.console import terminal

# argparse has no public name for what `add_subparsers` returns.
Words: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001


def add_command(words: Words, name: str, **texts: Any) -> argparse.ArgumentParser:
    """Add a word whose *texts*, as `add_parser` takes them, keep the lines they are written in."""
    return words.add_parser(name, formatter_class=argparse.RawDescriptionHelpFormatter, **texts)


def add_actions(parser: argparse.ArgumentParser) -> Words:
    """Let a word of the command be followed by one of several actions."""
    return parser.add_subparsers(title="actions", required=True, metavar="ACTION")


def set_work(parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], int]) -> None:
    """Let a word do *work*, whose trouble is told in one sentence."""
    word = parser.prog.partition(" ")[2]
    parser.set_defaults(run=lambda given: terminal.answer(word, lambda: work(given)))
