"""Run the local stack under light load and look whether anything grows: `make soak`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.support.stacks.local_stack import LocalStack, local_stack

from .load import LightLoad, run
from .samples import Sample, files_under, look
from .verdicts import Verdict, judge, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "soak.md"
SECONDS_A_SAMPLE = 15.0
DESCRIPTION = """\
Run the whole local stack under light load for an hour, look at memory, handles and files of every
process four times a minute, and write the result to docs/soak.md. The exit code is 1 where anything
grew by more than it may, or a read failed."""
EPILOG = """\
examples:
  make soak
  make soak ARGS="--minutes 10 --page /tmp/soak.md"
"""
TEXT = """\
# Soak

`make soak` runs the local stack under light load for an hour and looks whether memory, handles
or files of any process grow. It compares the second quarter of the time with the last one; in the
first, pools and caches fill. The local AWS keeps what is posted in memory, so it may grow with
the number of events. The analysts' app does not run. This page is written by the command.

The last run: {at:%Y-%m-%d}, {minutes:.0f} minutes, {events:,} events, {reads:,} reads ({failed:,}
of them failed), {samples:,} looks at all processes.

{table}
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak that the command line asks for, and return the exit code."""
    given = read(arguments)
    at = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder)) as stack:
        load = LightLoad(stack)
        samples = soak(stack, load, given.minutes * 60)
    verdicts = judge(samples)
    text = TEXT.format(
        at=at,
        minutes=given.minutes,
        events=load.events,
        reads=load.reads,
        failed=load.failed_reads,
        samples=len(samples),
        table=table(verdicts),
    )
    given.page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0 if is_well(verdicts, load.failed_reads) else 1


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog='make soak ARGS="…"',
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--minutes", type=float, default=60, metavar="N", help="how long (default: %(default)s)"
    )
    parser.add_argument(
        "--page", type=Path, default=PAGE, metavar="FILE", help="where the result goes"
    )
    return parser.parse_args(arguments)


def soak(stack: LocalStack, load: LightLoad, seconds: float) -> list[Sample]:
    """Let *load* run on *stack* for so many seconds, and return what was seen meanwhile."""
    began = time.monotonic()
    samples = []
    while (now := time.monotonic()) < began + seconds:
        run(load, now + SECONDS_A_SAMPLE)
        files, size = files_under(stack.state)
        samples.append(Sample(now - began, load.events, look(stack.processes()), files, size))
    return samples


def is_well(verdicts: Sequence[Verdict], failed_reads: int) -> bool:
    """Return whether nothing grew beyond what it may, and every read was answered."""
    return all(one.is_flat for one in verdicts) and not failed_reads


if __name__ == "__main__":
    sys.exit(main())
