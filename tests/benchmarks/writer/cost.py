"""What a million events cost on AWS: measured units times listed prices.

List prices of us-east-1, without free tiers, as collected in November 2026. What does not grow with
the events is left out: storage, alarms, polls of an idle queue, the reader.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tests.benchmarks.figures import Figure

from . import mixes
from .writer_units import metered

MILLION = 1_000_000
# USD for a million of each, a GB-second of an arm64 function, a GB of logs, a GB in the archive.
EVENT, QUEUE_REQUEST, INVOCATION = 1.00, 0.40, 0.20
WRITE_UNIT, READ_UNIT = 0.625, 0.125
GB_SECOND, LOG_GB, ARCHIVE_GB = 0.0000133334, 0.50, 0.10
# EventBridge sends each message by itself; a function's pollers take and delete ten at once.
QUEUE_REQUESTS = 1.2
BATCH = 100
MEMORY_GB = 1.0
# CPU of a batch and its calls of DynamoDB, generously: 40 ms, and 20 ms for each call.
CPU_SECONDS_A_BATCH, SECONDS_A_CALL = 0.04, 0.02
# A posting's line in the log and its values in the metrics; the batch's line, Lambda's own lines.
POSTING_LOG_BYTES, BATCH_LOG_BYTES = 580, 1_300
EVENT_GB = 650 / 1e9


class Line(NamedTuple):
    """One line of the bill for a million events."""

    what: str
    arithmetic: str
    usd: float


def cost_per_million_events() -> Figure:
    """Add up the bill of the usual mix; the worst case is in the notes."""
    usual, worst = bill(mixes.usual("cost"), mixes.JOBS), bill(mixes.abrupt("cost"), BATCH)
    return Figure(
        "cost_per_million_events_usd",
        total(usual),
        "USD",
        more_is_better=False,
        notes=(
            *(f"{line.what}: {line.arithmetic} = {line.usd:.2f}" for line in usual),
            f"worst, every event starts or ends a job of a client of its own: {total(worst):.2f}",
        ),
    )


def bill(batches: Iterable[mixes.Batch], postings: int) -> list[Line]:
    """Return the bill of *batches* of a hundred events, each with so many *postings*."""
    meter, events = metered(batches)
    calls, writes = meter.calls / events, meter.write_units.total() / events
    reads = meter.read_units.total() / events
    seconds = CPU_SECONDS_A_BATCH + SECONDS_A_CALL * calls * BATCH
    log_bytes = (POSTING_LOG_BYTES * postings + BATCH_LOG_BYTES) / BATCH
    return list(_lines(writes, reads, seconds, log_bytes))


def total(lines: Iterable[Line]) -> float:
    """Return the sum of the lines in USD."""
    return sum(line.usd for line in lines)


def table() -> str:
    """Return both bills as the README shows them."""
    usual, worst = bill(mixes.usual("cost"), mixes.JOBS), bill(mixes.abrupt("cost"), BATCH)
    rows = [
        f"| {one.what} | {one.arithmetic} | {one.usd:.2f} | {other.arithmetic} | {other.usd:.2f} |"
        for one, other in zip(usual, worst, strict=True)
    ]
    units = "million units × USD"
    head = [
        f"| for a million events | usual: {units} | USD | worst: {units} | USD |",
        "|---|---|---:|---|---:|",
    ]
    return "\n".join(
        [*head, *rows, f"| **together** | | **{total(usual):.2f}** | | **{total(worst):.2f}** |"]
    )


def _lines(writes: float, reads: float, seconds: float, log_bytes: float) -> Iterator[Line]:
    def priced(what: str, amount: float, price: float) -> Line:
        return Line(what, f"{amount:.3g} × {price:g}", amount * price)

    yield priced("EventBridge, events", 1, EVENT)
    yield priced("EventBridge, archive, GB", MILLION * EVENT_GB, ARCHIVE_GB)
    yield priced("SQS, requests", QUEUE_REQUESTS, QUEUE_REQUEST)
    yield priced("Lambda, invocations", 1 / BATCH, INVOCATION)
    gb_seconds = MILLION / BATCH * seconds * MEMORY_GB
    yield Line("Lambda, GB-seconds", f"{gb_seconds:,.0f} × {GB_SECOND}", gb_seconds * GB_SECOND)
    yield priced("DynamoDB, write units", writes, WRITE_UNIT)
    yield priced("DynamoDB, read units", reads, READ_UNIT)
    yield priced("CloudWatch Logs, GB", log_bytes * MILLION / 1e9, LOG_GB)
