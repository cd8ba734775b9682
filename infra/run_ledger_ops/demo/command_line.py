"""The demo's command line."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from run_ledger_ops.console.arguments import USUAL_STACK_FILE
from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.terminal import bar
from run_ledger_ops.demo.live.workers import Workers
from run_ledger_ops.demo.past.back_fill import BackFill
from run_ledger_ops.demo.past.memory import Past, recall
from run_ledger_ops.demo.reporting.local_ledger import events_client, read_ledger
from run_ledger_ops.demo.reporting.patient_bus import PatientBus
from run_ledger_ops.demo.reporting.stop import Stop, StoppedError

_MOST_DAYS = 60
_LOWEST_RATE, _HIGHEST_RATE = 0.05, 60
_DESCRIPTION = """\
Give a running ledger something to show: a simulated past, and pipelines at work.

Once for each ledger, the demo posts past days: some thousand jobs that never were, so
that there are trends to look at; they carry the tag simulated=true. Meanwhile three
small pipelines normalise, match and classify records that come with the product, and
report what they really do, until Ctrl-C or SIGTERM. All names begin with "Demo", and
all jobs and projects carry the tag demo=true."""
_EPILOG = """\
examples:
  python -m run_ledger_ops.demo
      post thirty past days unless that was done before, then work until it is stopped
  python -m run_ledger_ops.demo --once --backfill-days 14
      two weeks to look back on, and no work
  python -m run_ledger_ops.demo --backfill-days 0 --jobs-per-minute 6
      no past, a busy present

The past follows from the seed and the calendar, so what is posted twice counts once. demo.json,
beside the stack file, says what was posted. What a pipeline could not send before it was stopped
waits in demo-spool, beside it, and is sent at the next start."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and give the exit status."""
    options = _parser().parse_args(arguments)
    stop = Stop()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        _run(options, stop)
    except OpsError as error:
        _say(str(error))
        return 2
    except StoppedError:
        _say("stopped")
    return 0


def _run(options: argparse.Namespace, stop: Stop) -> None:
    ledger = read_ledger(options.stack)
    dice = Random()  # noqa: S311 spreads retries, keeps no secret
    with ExitStack() as at_the_end:
        if not options.once:
            workers = Workers(options.stack.absolute(), options.jobs_per_minute, _say)
            at_the_end.enter_context(workers)
            _say(f"three pipelines begin about {options.jobs_per_minute:g} jobs a minute")
        if options.backfill_days:
            bus = PatientBus(
                events_client(ledger), ledger.bus_name, sleep=stop.sleep, dice=dice, say=_say
            )
            back_fill = BackFill(bus, recall(options.stack, ledger), _now)
            first_day = _now().date() - timedelta(days=options.backfill_days)
            _post_past(back_fill, Past(options.seed, first_day), again=options.again)
        if not options.once:
            workers.watch(stop.sleep)


def _post_past(back_fill: BackFill, past: Past, *, again: bool) -> None:
    posted = back_fill.memory.past
    if posted is not None and posted.covers(past) and not again:
        _say(f"the past from {posted.first_day} on was posted before (--again posts it again)")
        back_fill.carry_on(posted)
        return
    begun_at = time.monotonic()
    number = back_fill.post(past, _draw_bar)
    seconds = time.monotonic() - begun_at
    _say(f"posted the past from {past.first_day} on: {number:,} events in {seconds:.0f} s")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m run_ledger_ops.demo",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--stack",
        type=Path,
        default=USUAL_STACK_FILE,
        metavar="FILE",
        help="stack.json of the running stack (default: %(default)s)",
    )
    parser.add_argument("--once", action="store_true", help="post the past, and start no pipelines")
    parser.add_argument(
        "--backfill-days",
        type=_days,
        default=30,
        metavar="N",
        help="how many past days to post, besides today; 0 for none (default: %(default)s)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="post the past even if it was posted before: what is there counts once",
    )
    parser.add_argument(
        "--jobs-per-minute",
        type=_rate,
        default=0.15,
        metavar="R",
        help="how many jobs start in a minute, on average (default: %(default)g)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="which of the possible pasts to simulate (default: %(default)s)",
    )
    return parser


def _days(text: str) -> int:
    if text.isdecimal() and int(text) <= _MOST_DAYS:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a number of days from 0 to {_MOST_DAYS}")


def _rate(text: str) -> float:
    allowed = f"a rate from {_LOWEST_RATE} to {_HIGHEST_RATE}"
    try:
        rate = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text} is not {allowed}") from error
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise argparse.ArgumentTypeError(f"{text} is not {allowed}")
    return rate


def _now() -> datetime:
    return datetime.now(UTC)


def _say(sentence: str) -> None:
    sys.stderr.write(f"demo: {sentence}\n")
    sys.stderr.flush()


def _draw_bar(done: int, total: int) -> None:
    if not sys.stderr.isatty():
        return
    end = "\n" if done == total else ""
    sys.stderr.write(f"\rdemo: posting the past {bar(done, total)} events{end}")
    sys.stderr.flush()
