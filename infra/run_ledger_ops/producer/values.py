"""Values of the commands that report: what is clearly meant is taken, the rest costs its option.

A script that runs with ``set -e`` must not end because a figure that it reports is odd. So the
value of an option that can't be used becomes an `UnusableValue`, which `take_out_unusable` removes
and tells.
"""

import argparse
import re
from collections.abc import Callable, Collection
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger_ops.console.terminal import warn

_DURATION = re.compile(r"([0-9]{1,9})([smhd]?)")
_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "": 1}
_MOST_DIGITS = 18
_MODEL_CHARACTERS = 128


class UnusableValue(NamedTuple):
    """A value from the command line that can't be used, and what is allowed instead."""

    text: str
    allowed: str


Value = Callable[[str], Any]


def whole(text: str) -> int | UnusableValue:
    """Read a whole number: ``12``, and also `` 12 ``, ``12.0`` or ``1.2e1``."""
    number = _whole(text)
    return UnusableValue(text, "a whole number") if number is None else number


def change(text: str) -> tuple[str, int] | UnusableValue:
    """Read ``NAME=N``, where N is a whole number as in `whole`."""
    name, _, value = text.partition("=")
    number = _whole(value)
    if not name.strip() or number is None:
        return UnusableValue(text, "NAME=N, where N is a whole number")
    return name.strip(), number


def pair(text: str) -> tuple[str, str] | UnusableValue:
    """Read ``NAME=TEXT``."""
    name, sign, value = text.partition("=")
    return (name, value) if name and sign else UnusableValue(text, "NAME=TEXT")


def expected(text: str) -> tuple[str, str] | UnusableValue:
    """Read ``KEY=TEXT``, or ``nothing``, which has no text."""
    if text.strip().lower() == "nothing":
        return ("nothing", "")
    found = pair(text)
    is_none = isinstance(found, UnusableValue) or not found[1]
    return UnusableValue(text, "KEY=TEXT, as in every=6h, or nothing") if is_none else found


def model(text: str) -> str:
    """Read a language model's name as the library does: in one line, cut; blank for no name."""
    return " ".join(text.split())[:_MODEL_CHARACTERS]


def one_of(allowed: Collection[str]) -> Value:
    """Return what reads one of *allowed* words, in capitals or with hyphens as well."""

    def word(text: str) -> str | UnusableValue:
        meant = text.strip().lower().replace("-", "_")
        return meant if meant in allowed else UnusableValue(text, ", ".join(allowed))

    return word


def result(text: str) -> str:
    """Read a result, in capitals or with hyphens as well; any other text is kept as it is.

    An end must not be lost for a misspelt result: the job then shows as failed, and says why.
    """
    word = one_of(RESULTS)(text)
    return text if isinstance(word, UnusableValue) else str(word)


def duration(text: str) -> int | UnusableValue:
    """Read a duration, in seconds: ``90``, ``90s``, ``30m``, ``2h``, ``1d``."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found or int(found[1]) < 1:
        return UnusableValue(text, "a duration as in 90s, 30m, 2h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def take_out_unusable(given: argparse.Namespace, word: str) -> int:
    """Remove the values of *given* that can't be used; warn of each, and return how many.

    The options become None, or lists without them.
    """
    found = 0
    for name, value in list(vars(given).items()):
        values = value if isinstance(value, list) else [value]
        for one in values:
            if isinstance(one, UnusableValue):
                option = f"--{name.replace('_', '-')}"
                warn(
                    f"run-ledger {word}: {option} is left out: "
                    f"{one.text!r:.80} is not {one.allowed}"
                )
                found += 1
        if isinstance(value, list):
            setattr(given, name, [one for one in value if not isinstance(one, UnusableValue)])
        elif isinstance(value, UnusableValue):
            setattr(given, name, None)
    return found


def _whole(text: str) -> int | None:
    """Return the whole number that *text* clearly means; None for anything else."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > _MOST_DIGITS:
        return None
    return int(number) if number == number.to_integral_value() else None
