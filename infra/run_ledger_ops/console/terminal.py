"""What commands share: output, a progress bar, times on the command line, exit codes."""

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.exceptions import LedgerError
from run_ledger.domain.instants import Instant
from run_ledger_ops.console import aws_errors
from run_ledger_ops.console.exceptions import OpsError

CANNOT = 2
_INTERRUPTED = 130
_BAR_WIDTH = 30
_SECONDS_BETWEEN_DRAWINGS = 0.1
_UNITS = {"m": 60, "h": 3_600, "d": 86_400}
_AGO = re.compile(r"([0-9]{1,6})([mhd])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def say(text: str) -> None:
    """Print a line of the command's result, on standard output."""
    sys.stdout.write(f"{text}\n")


def say_json(value: Any) -> None:
    """Print *value* as one JSON document."""
    say(json.dumps(value, indent=2, ensure_ascii=False))


def warn(text: str) -> None:
    """Print a line that is not part of the result, on standard error, if anybody can read it."""
    with suppress(OSError, ValueError, AttributeError):  # closed, full, or none at all
        sys.stderr.write(f"{text}\n")


def let_go_of_full_streams() -> None:
    """Forget what can't be written out, which else would change the exit code at the very end."""
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError, AttributeError):
            setattr(sys, name, None)


def answer(word: str, work: Callable[[], int]) -> int:
    """Do the work of a command and return its exit code; print trouble as one sentence, code 2."""
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OpsError, LedgerError) as error:
        warn(f"run-ledger {word}: {error}")
        return CANNOT
    except (ClientError, BotoCoreError) as error:
        warn(f"run-ledger {word}: {aws_errors.explain(error)}.")
        return CANNOT
    except BrokenPipeError:
        # Whoever read this has seen enough; without this, Python complains when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        warn(f"\nrun-ledger {word}: stopped")
        return _INTERRUPTED
    return code


def bar(done: int, total: int) -> str:
    """Return a progress bar of fixed width with its figures: ``[####   ] 4 of 7``."""
    filled = "#" * min(_BAR_WIDTH, _BAR_WIDTH * done // total)
    return f"[{filled:<{_BAR_WIDTH}}] {done:,} of {total:,}"


class Progress:
    """A progress bar on the last line of a terminal; where there is no terminal, nothing.

    It counts to *total*, or without an end where *total* is None. Use it as a context manager: at
    the end it removes its line.
    """

    def __init__(
        self,
        label: str,
        total: int | None,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._label = label
        self._stream = stream or sys.stderr
        self._clock = clock
        self._drawn_at: float | None = None
        self.total = total
        self.done = 0

    def __enter__(self) -> Self:
        """Show the bar where it stands."""
        self._draw()
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the bar."""
        if self._stream.isatty():
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def add(self, number: int = 1) -> None:
        """Count *number* more as done."""
        self.done += number
        now = self._clock()
        if self._drawn_at is None or now - self._drawn_at >= _SECONDS_BETWEEN_DRAWINGS:
            self._drawn_at = now
            self._draw()

    def show(self, number: int) -> None:
        """Show that *number* is what stands now."""
        self.add(number - self.done)

    def _draw(self) -> None:
        if not self._stream.isatty():
            return
        text = f"{self._label}: {self.done:,}"
        if self.total:
            text = f"{self._label} {bar(self.done, self.total)}"
        self._stream.write(f"\r{text}\x1b[K")
        self._stream.flush()


def positive(text: str) -> int:
    """Read a whole number of at least 1 from the command line."""
    if not text.isascii() or not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number of at least 1")
    return int(text)


def day(text: str) -> str:
    """Read a day, ``YYYY-MM-DD``, from the command line."""
    try:
        if not _DAY.fullmatch(text):
            raise ValueError(text)  # noqa: TRY301 - one message for both ways to be wrong
        instants.midnight(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no day as in 2026-11-22") from error
    return text


def moment(text: str, now: Callable[[], Instant] | None = None) -> Instant:
    """Read an instant: a day, an RFC 3339 time, or how long ago, as in 30m, 36h or 7d."""
    ago = _AGO.fullmatch(text)
    if ago:
        seconds = int(ago[1]) * _UNITS[ago[2]]
        return instants.later((now or clock)(), -seconds * instants.MICROSECONDS)
    try:
        return instants.midnight(text) if _DAY.fullmatch(text) else instants.parse(text)
    except ValueError as error:
        message = f"{text!r} is neither 30m, 36h or 7d ago nor a time as in 2026-11-22T14:15:00Z"
        raise argparse.ArgumentTypeError(message) from error


def clock() -> Instant:
    """Return the present instant."""
    return Instant(time.time_ns() // 1_000)
