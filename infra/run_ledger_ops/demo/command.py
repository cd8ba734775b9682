"""The demo's command line."""

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from types import FrameType

import boto3
from botocore.config import Config

from run_ledger_ops.demo.bus import Bus, EventsClient
from run_ledger_ops.demo.memory import DemoError, Ledger, Past, read_ledger, recall
from run_ledger_ops.demo.show import Show

_MOST_DAYS = 60
_LOWEST_RATE, _HIGHEST_RATE = 0.1, 60
_BAR_WIDTH = 30
_DESCRIPTION = """\
Let a few simulated pipelines report to a running ledger.

First the past days are told, once for a ledger: a few hundred jobs. Then jobs are
queued, run, fail, are retried and end as time goes by, until Ctrl-C or SIGTERM.
Nothing of it is real, and it says so: the source is run-ledger.demo, names begin with
"Demo", and jobs and projects carry the tag demo=true."""
_EPILOG = """\
examples:
  python -m run_ledger_ops.demo
      back-fill six days unless that was done before, then go on for ever
  python -m run_ledger_ops.demo --once --backfill-days 14
      two weeks to look back on, and no new jobs
  python -m run_ledger_ops.demo --backfill-days 0 --jobs-per-minute 6
      no past, a busy present

Ids follow from the seed and the time of day. So telling anything twice counts once, two
demos on one ledger are one demo, and jobs that ran when the demo was stopped go on when it
is started again. What it has told is remembered in demo.json beside the stack file."""


class StoppedError(BaseException):
    """The demo was asked to stop; like KeyboardInterrupt, no handler of errors may catch it."""


@dataclass(slots=True)
class Stop:
    """A request to stop, by signal, that also ends a call or a sleep that is under way."""

    is_asked: bool = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop now; further requests change nothing."""
        if not self.is_asked:
            self.is_asked = True
            raise StoppedError

    def sleep(self, seconds: float) -> None:
        """Sleep, unless asked to stop: an exception raised inside a finaliser gets lost."""
        if self.is_asked:
            raise StoppedError
        time.sleep(seconds)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and give the exit status."""
    options = _parser().parse_args(arguments)
    stop = Stop()
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        _run(options, stop)
    except DemoError as error:
        _say(str(error))
        return 2
    except StoppedError:
        _say("stopped")
    return 0


def _run(options: argparse.Namespace, stop: Stop) -> None:
    ledger = read_ledger(options.stack)
    dice = Random()  # noqa: S311 spreads retries, keeps no secret
    bus = Bus(_client(ledger), ledger.bus_name, sleep=stop.sleep, dice=dice, say=_say)
    show = Show(
        bus=bus,
        memory=recall(options.stack, ledger),
        seed=options.seed,
        jobs_per_minute=options.jobs_per_minute,
        clock=_now,
        sleep=stop.sleep,
    )
    if options.backfill_days:
        first_day = _now().date() - timedelta(days=options.backfill_days)
        _back_fill(show, Past(options.seed, first_day), again=options.again)
    if not options.once:
        _say(f"simulated pipelines begin about {options.jobs_per_minute:g} jobs a minute")
        show.go_on()


def _back_fill(show: Show, past: Past, *, again: bool) -> None:
    told = show.memory.past
    if told is not None and told.covers(past) and not again:
        _say(f"the past from {told.first_day} on was told before (--again tells it again)")
        return
    begun_at = time.monotonic()
    number = show.back_fill(past, _draw_bar if sys.stderr.isatty() else _draw_nothing)
    seconds = time.monotonic() - begun_at
    _say(f"told the past from {past.first_day} on: {number:,} events in {seconds:.0f} s")


def _client(ledger: Ledger) -> EventsClient:
    client: EventsClient = boto3.client(
        "events",
        endpoint_url=ledger.endpoint_url,
        region_name=ledger.region,
        aws_access_key_id=ledger.access_key_id,
        aws_secret_access_key=ledger.secret_access_key,
        config=Config(
            connect_timeout=3,
            read_timeout=10,
            retries={"total_max_attempts": 1},  # the bus retries, and single entries, too
        ),
    )
    return client


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
        default=Path(".run-ledger/stack.json"),
        metavar="FILE",
        help="what the running stack says about itself (default: %(default)s)",
    )
    parser.add_argument(
        "--once", action="store_true", help="tell the past and leave it at that: no new jobs"
    )
    parser.add_argument(
        "--backfill-days",
        type=_days,
        default=6,
        metavar="N",
        help="how many days of the past to tell, besides today; 0 for none (default: %(default)s)",
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="tell the past even if it was told: what is there already counts once",
    )
    parser.add_argument(
        "--jobs-per-minute",
        type=_rate,
        default=2.0,
        metavar="R",
        help="how many jobs begin in a minute, on average (default: %(default)g)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        default=1,
        metavar="N",
        help="which of the possible worlds to simulate (default: %(default)s)",
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


def _draw_nothing(done: int, total: int) -> None:
    """Take the place of the bar where nobody watches."""


def _draw_bar(done: int, total: int) -> None:
    bar = "#" * (_BAR_WIDTH * done // total)
    end = "\n" if done == total else ""
    sys.stderr.write(
        f"\rdemo: telling the past [{bar:<{_BAR_WIDTH}}] {done:,} of {total:,} events{end}"
    )
    sys.stderr.flush()
