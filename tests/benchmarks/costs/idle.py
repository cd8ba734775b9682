"""What a stage costs in which nothing happens, from the template."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

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
# It finds that no day has changed.
COMPACTION_SECONDS, COMPACTION_GB, COMPACTION_READ_UNITS, COMPACTION_LOG_BYTES = 0.3, 0.5, 60, 500
COMPACTIONS = prices.HOURS_A_MONTH
# It finds in one partition that no page is open.
LOOK_SECONDS, LOOK_GB, LOOK_READ_UNITS, LOOK_LOG_BYTES = 0.05, 0.5, 0.5, 800


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
    compactions = (
        COMPACTIONS * COMPACTION_SECONDS * COMPACTION_GB * prices.GB_SECOND
        + COMPACTIONS * prices.INVOCATION / prices.MILLION
        + COMPACTIONS * COMPACTION_READ_UNITS * prices.READ_UNIT / prices.MILLION
        + COMPACTIONS * COMPACTION_LOG_BYTES / 1e9 * prices.LOG_GB
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
        Line("runs of compaction, every hour", f"{COMPACTIONS:,}", compactions),
    ]


def optional() -> list[Line]:
    """Return what the optional parts add to the bill of an idle stage."""
    renewals = prices.HOURS_A_MONTH
    alarms = len(resources("AWS::CloudWatch::Alarm", CustomerKeyArn="arn:aws:kms:::key/1"))
    more = alarms - len(resources("AWS::CloudWatch::Alarm"))
    return [
        Line("dashboard", "`OpsDashboard`", prices.DASHBOARD),
        _added("telling people", "Telling"),
        # Whether the look at jobs failed is a metric that always has a value.
        _added("jobs of AWS's services", "AwsJobs", metrics=1),
        _pushing(),
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


def _added(what: str, parameter: str, metrics: int = 0) -> Line:
    """Return what a parameter adds: alarms, metrics, polls of queues, and calls by schedules.

    An API that nobody calls costs nothing.
    """

    def more(of_type: str) -> list[dict[str, Any]]:
        without = resources(of_type, **IDLE)
        has = resources(of_type, **IDLE, **{parameter: "true"})
        return [has[name] for name in has.keys() - without.keys()]

    alarms = sum("AlarmActions" in one for one in more("AWS::CloudWatch::Alarm"))
    queues = sum("ScalingConfig" in one for one in more("AWS::Lambda::EventSourceMapping"))
    schedules = [one.get("ScheduleExpression", "") for one in more("AWS::Events::Rule")]
    minutes = [int(number) for one in schedules for number in re.findall(r"rate\((\d+)", one)]
    calls = sum(prices.HOURS_A_MONTH * 60 // number for number in minutes)
    polls = queues * POLLERS / POLL_SECONDS * prices.SECONDS_A_MONTH
    usd = (
        alarms * prices.ALARM_METRIC
        + metrics * prices.OWN_METRIC
        + polls / prices.MILLION * prices.QUEUE_REQUEST
        + calls * SWEEP_SECONDS * RUN_GB * prices.GB_SECOND
        + calls * prices.INVOCATION / prices.MILLION
        + calls * RUN_READ_UNITS * prices.READ_UNIT / prices.MILLION
        + calls * RUN_LOG_BYTES / 1e9 * prices.LOG_GB
    )
    parts = [f"{alarms} alarms", *([f"{metrics} metric"] if metrics else [])]
    arithmetic = f"`{parameter}`: {', '.join(parts)}, polls of {queues}, {calls:,} calls"
    return Line(what, arithmetic, usd)


def _pushing() -> Line:
    """Return what telling open pages adds while none is open: Lambda reads streams for nothing."""
    alarms = len(resources("AWS::CloudWatch::Alarm", **IDLE, Push="true"))
    alarms -= len(resources("AWS::CloudWatch::Alarm", **IDLE))
    looks = prices.HOURS_A_MONTH * 60
    usd = (
        alarms * prices.ALARM_METRIC
        + looks * LOOK_SECONDS * LOOK_GB * prices.GB_SECOND
        + looks * prices.INVOCATION / prices.MILLION
        + looks * LOOK_READ_UNITS * prices.READ_UNIT / prices.MILLION
        + looks * LOOK_LOG_BYTES / 1e9 * prices.LOG_GB
    )
    return Line("open pages that are told", f"`Push`: {alarms} alarm, {looks:,} looks", usd)


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
