"""What a month costs at a rate of events: measured units times listed prices.

A month of a stage that has run for as long as entries are kept, and has kept jobs and totals for a
year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import ceil
from typing import NamedTuple

from tests.benchmarks.figures import Figure
from tests.benchmarks.writer import mixes
from tests.benchmarks.writer.writer_units import metered
from tests.support.stacks.templates import source

from run_ledger import writer

from . import compaction, idle, prices, proof
from .load import EVENTS_A_JOB, RATES, Load, default_window, load

USUAL_RATE, GOAL = 500, 2.4
GOALS = {1: 6.0, 10: 4.0, 100: 4.0, 1_000: 4.0, 10_000: 4.0}
EVENT_GB = 650 / 1e9
# What a posting's line takes in the log, and a batch's with Lambda's own lines.
POSTING_LOG_BYTES, BATCH_LOG_BYTES = 580, 1_300
# A job, its rows in indexes and its share of totals, which stay.
JOB_GB = 4_000 / 1e9
# A long poll ends with the first message that comes: few come in the 20 ms of one.
POLL_SECONDS, MOST_MESSAGES = 0.02, 10


class Part(NamedTuple):
    """One line of a month's bill."""

    what: str
    usd: float
    optional: bool = False


def month(at: Load) -> list[Part]:
    """Return the bill of a month with so many events a second."""
    events = at.rate * prices.SECONDS_A_MONTH
    millions = events / prices.MILLION
    days = source()["Parameters"]["EntryTtlDays"]["Default"]
    stored = days / prices.DAYS_A_MONTH * events * at.entry_bytes / 1e9
    stored += 12 * events / EVENTS_A_JOB * JOB_GB
    archive_days = source()["Parameters"]["ArchiveDays"]["Default"]
    archived = events * EVENT_GB
    kept = archived * archive_days / prices.DAYS_A_MONTH
    seconds = events * at.writer_seconds
    logged = events * (POSTING_LOG_BYTES * at.postings + BATCH_LOG_BYTES / at.batch) / 1e9
    return [
        Part("EventBridge", millions * prices.EVENT),
        Part("SQS", millions * queue_requests(at) * prices.QUEUE_REQUEST),
        Part("writer", seconds * prices.GB_SECOND + millions / at.batch * prices.INVOCATION),
        Part(
            "DynamoDB, writes and reads",
            millions * (at.write_units * prices.WRITE_UNIT + at.read_units * prices.READ_UNIT),
        ),
        Part("DynamoDB, storage", stored * prices.TABLE_GB_MONTH),
        Part("logs", logged * (prices.LOG_GB + prices.LOG_GB_MONTH)),
        Part("alarms and metrics", _watching()),
        Part("schedules", sum(line.usd for line in idle.needed()[-3:])),
        Part("proof", millions * proof.usd_a_million(at.entry_bytes)),
        Part("compaction", compaction.usd_a_month()),
        Part("restoring to any second", stored * prices.RESTORABLE_GB_MONTH, optional=True),
        Part(
            "archive",
            archived * prices.ARCHIVED_GB + kept * prices.ARCHIVE_GB_MONTH,
            optional=True,
        ),
        Part("dashboard", prices.DASHBOARD, optional=True),
    ]


CAUSED = ("EventBridge", "SQS", "writer", "DynamoDB, writes and reads", "logs")
"""What events cause, whatever else a stage costs."""
_ONLY_IN_TROUBLE = {"FirstFailures"}
"""Metrics that cost nothing while all is well, as they then have no value."""


def queue_requests(at: Load) -> float:
    """Return the requests to SQS for an event: sent alone, received and deleted with others."""
    together = at.rate / idle.POLLERS * POLL_SECONDS
    received = max(1.0, min(MOST_MESSAGES, together))
    return 1 + 1 / received + ceil(at.batch / MOST_MESSAGES) / at.batch


def _watching() -> float:
    alarms, metrics, *_ = idle.needed()
    own = len(writer.UNITS.keys() - _ONLY_IN_TROUBLE)
    return alarms.usd + metrics.usd + own * prices.OWN_METRIC


def total(parts: Iterable[Part], *, with_optional: bool = False) -> float:
    """Return the sum of the parts in USD."""
    return sum(part.usd for part in parts if with_optional or not part.optional)


def a_million(at: Load) -> float:
    """Return what a million events cost more than none: the bus, the queue, the writer, its log.

    Without storage, which grows with the days that one keeps, and without what idle costs.
    """
    usd = sum(part.usd for part in month(at) if part.what in CAUSED)
    return usd / (at.rate * prices.SECONDS_A_MONTH / prices.MILLION)


def a_million_in_all(at: Load) -> float:
    """Return what a million events cost with their share of a whole month's bill, but options."""
    return total(month(at)) / (at.rate * prices.SECONDS_A_MONTH / prices.MILLION)


def cost_per_million_events_at(rate: int) -> Figure:
    """Work out what a million events cost at a rate, with the template's window."""
    at = load(rate, default_window())
    soonest = load(rate, 1)
    return Figure(
        f"cost_per_million_events_usd_at_{rate}",
        a_million(at),
        "USD",
        goal=GOALS[rate],
        more_is_better=False,
        notes=(
            prices.SOURCE,
            f"batches of {at.batch:.0f}, {at.write_units:.2f} write units an event",
            f"longest delay by collecting: {at.delay_seconds:.2g} s",
            f"with storage and the share of what idle costs: {a_million_in_all(at):.2f}",
            f"with a window of 1 s: {a_million(soonest):.2f}",
        ),
    )


def figures() -> dict[str, Callable[[], Figure]]:
    """Return the figures of all rates, by name."""
    return {
        f"cost_per_million_events_usd_at_{rate}": partial(cost_per_million_events_at, rate)
        for rate in RATES
    }


def cost_per_million_events() -> Figure:
    """Work out what a million events cost in full batches; the worst case is in the notes.

    Nothing here makes the bus and the sending to the queue cheaper: they are the floor.
    """
    at = load(USUAL_RATE, default_window())
    millions = at.rate * prices.SECONDS_A_MONTH / prices.MILLION
    parts = {part.what: part.usd / millions for part in month(at)}
    abrupt, events = metered(mixes.abrupt("cost"))
    worst = at._replace(
        write_units=abrupt.write_units.total() / events,
        read_units=abrupt.read_units.total() / events,
        calls=abrupt.calls / events,
        postings=1.0,
    )
    return Figure(
        "cost_per_million_events_usd",
        a_million(at),
        "USD",
        goal=GOAL,
        more_is_better=False,
        notes=(
            prices.SOURCE,
            f"at {USUAL_RATE} events a second, in batches of {at.batch:.0f}: "
            + ", ".join(f"{what} {parts[what]:.2f}" for what in CAUSED),
            f"the bus and sending to the queue alone: {prices.EVENT + prices.QUEUE_REQUEST:.2f}",
            f"where every event starts or ends a job of another client: {a_million(worst):.2f}",
        ),
    )


def single_write_units() -> Figure:
    """Count the write units of an event that is written alone."""
    at = load(1, 1)
    return Figure(
        "writer_write_units_per_event_single",
        at.write_units,
        "write units",
        more_is_better=False,
        notes=("the usual jobs, each event in a batch of its own",),
    )
