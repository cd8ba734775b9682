"""What a stage costs in which nothing happens, from the template."""

from __future__ import annotations

from typing import NamedTuple

from tests.benchmarks.figures import Figure
from tests.support.stacks.templates import resources

from run_ledger import sweeper

from . import prices

IDLE = {"GradualRollout": "true"}
"""A stage as `run-ledger deploy` makes it on AWS."""
MOST_USD = 3.0
# "With five concurrent batches" a queue is polled, also where nothing comes, and a poll waits for
# 20 seconds ("Using Lambda with Amazon SQS"). With a concurrency of its own it never takes fewer.
POLLERS, POLL_SECONDS = 5, 20
SWEEP_SECONDS, SWEEP_GB, SWEEP_READ_UNITS, SWEEP_LOG_BYTES = 0.3, 0.5, 20, 1_500
SWEEPS = prices.HOURS_A_MONTH * 12
# Most runs find that no walk is due, and a walk finds nothing.
RUN_SECONDS, RUN_GB, RUN_READ_UNITS, RUN_WRITE_UNITS, RUN_LOG_BYTES = 0.3, 1.0, 5, 3, 800
RUNS = prices.HOURS_A_MONTH * 4


class Line(NamedTuple):
    """One line of a bill: what for, how it is worked out, and USD a month."""

    what: str
    arithmetic: str
    usd: float


def needed() -> list[Line]:
    """Return the bill of an idle stage without its optional parts."""
    alarms = len(resources("AWS::CloudWatch::Alarm", **IDLE))
    polls = POLLERS / POLL_SECONDS * prices.SECONDS_A_MONTH
    sweeps = (
        SWEEPS * SWEEP_SECONDS * SWEEP_GB * prices.GB_SECOND
        + SWEEPS * prices.INVOCATION / prices.MILLION
        + SWEEPS * SWEEP_READ_UNITS * prices.READ_UNIT / prices.MILLION
        + SWEEPS * SWEEP_LOG_BYTES / 1e9 * prices.LOG_GB
    )
    runs = (
        RUNS * RUN_SECONDS * RUN_GB * prices.GB_SECOND
        + RUNS * prices.INVOCATION / prices.MILLION
        + RUNS * RUN_READ_UNITS * prices.READ_UNIT / prices.MILLION
        + RUNS * RUN_WRITE_UNITS * prices.WRITE_UNIT / prices.MILLION
        + RUNS * RUN_LOG_BYTES / 1e9 * prices.LOG_GB
    )
    metrics = len(sweeper.UNITS)
    return [
        Line("alarms", f"{alarms} × {prices.ALARM_METRIC:.2f}", alarms * prices.ALARM_METRIC),
        Line("own metrics", f"{metrics} × {prices.OWN_METRIC:.2f}", metrics * prices.OWN_METRIC),
        Line(
            "polls of the queue",
            f"{polls / prices.MILLION:.2f} million × {prices.QUEUE_REQUEST:.2f}",
            polls / prices.MILLION * prices.QUEUE_REQUEST,
        ),
        Line("runs of the proof, every quarter of an hour", f"{RUNS:,}", runs),
        Line("sweeps, every five minutes", f"{SWEEPS:,}", sweeps),
    ]


def optional() -> list[Line]:
    """Return what the optional parts add to the bill of an idle stage."""
    renewals = prices.HOURS_A_MONTH
    alarms = len(resources("AWS::CloudWatch::Alarm", CustomerKeyArn="arn:aws:kms:::key/1"))
    more = alarms - len(resources("AWS::CloudWatch::Alarm"))
    return [
        Line("dashboard", "`OpsDashboard`", prices.DASHBOARD),
        Line(
            "a customer's key, and its alarm",
            "`CustomerKeyArn`",
            prices.KEY + more * prices.ALARM_METRIC,
        ),
        Line("a machine's app client", "`run-ledger apps add`", prices.MACHINE_CLIENT),
        Line(
            "its tokens, one an hour",
            f"{renewals} × {prices.MACHINE_TOKEN}",
            renewals * prices.MACHINE_TOKEN,
        ),
        Line("archive, restoring to any second", "nothing while nothing is stored", 0.0),
    ]


def total(lines: list[Line]) -> float:
    """Return the sum of the lines in USD a month."""
    return sum(line.usd for line in lines)


def usd_per_month() -> Figure:
    """Add up what an idle stage costs without its optional parts."""
    return Figure(
        "idle_usd_per_month",
        total(needed()),
        "USD a month",
        goal=MOST_USD,
        more_is_better=False,
        notes=(
            prices.SOURCE,
            *(f"{line.what}: {line.arithmetic} = {line.usd:.2f}" for line in needed()),
            *(f"optional: {line.what} {line.usd:.2f}" for line in optional()),
        ),
    )
