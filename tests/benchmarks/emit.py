"""Measure what reporting costs a pipeline: an add, a million adds, and an unreachable bus."""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import time
import timeit
import tracemalloc
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest import mock

from run_ledger.emit import Job, RunLedger

from .figures import ROUNDS, Figure

ADDS = 200_000
MILLION = 1_000_000
RECORDS = 1_500
RECORD = b"x" * 64_000  # takes about as long to digest as a quick step of a pipeline
UNREACHABLE = "http://127.0.0.1:9"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
OWNER = {"client_id": "bench", "project_id": "bench"}


class Counting:
    """A bus that takes everything and counts it."""

    def __init__(self) -> None:
        """Begin at zero."""
        self.events = 0

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Take all."""
        self.events += len(Entries)
        return {"FailedEntryCount": 0, "Entries": [{} for _ in Entries]}


def nothing(**_: int) -> None:
    """Take what `add` takes, and do nothing with it."""


def add_us() -> Figure:
    """Time an add of two counters, beside the call of a function that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = RunLedger("bench", client=Counting(), spool=folder)
        with ledger.job(**OWNER) as job:
            add = [_seconds(lambda: job.add(records_ok=1, input_tokens=812)) for _ in range(ROUNDS)]
            bare = [
                _seconds(lambda: nothing(records_ok=1, input_tokens=812)) for _ in range(ROUNDS)
            ]
        ledger.close()
    return Figure(
        "emit_add_us",
        statistics.median(add) / ADDS * 1e6,
        "µs",
        statistics.median(bare) / ADDS * 1e6,
        goal=2.0,
        more_is_better=False,
        notes=("two counters an add; baseline: calling a function that does nothing",),
    )


def events_per_million_adds() -> Figure:
    """Count the events of a job that adds a million times, and the memory that it takes."""
    with tempfile.TemporaryDirectory() as folder:
        bus = Counting()
        ledger = RunLedger("bench", client=bus, spool=folder)
        with ledger.job(**OWNER) as job:
            _add(job, 1_000)
            tracemalloc.start()
            _add(job, 50_000)  # tracing is slow, and what grows with the adds shows in fewer
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            started = time.monotonic()
            _add(job, MILLION)
            seconds = time.monotonic() - started
            before = bus.events
        ledger.close()
    return Figure(
        "emit_events_per_million_adds",
        bus.events,
        "events",
        goal=20,
        more_is_better=False,
        notes=(
            f"in {seconds:.1f} s; {before} before the end, which carries what is left",
            f"memory of a long job: 50,000 more adds took {peak / 1024:.1f} KB at their peak",
        ),
    )


def unreachable_bus_overhead() -> Figure:
    """Time a pipeline whose bus can't be reached, beside one that does not report."""
    with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, CREDENTIALS):
        ledger = RunLedger(
            "bench", region="eu-central-1", endpoint_url=UNREACHABLE, spool=folder,
            interval_seconds=0.5,
        )  # fmt: skip
        with ledger.job(**OWNER) as job:
            ledger.flush()  # the first call imports the AWS SDK, once a program
            reporting, silent = [], []
            for _ in range(ROUNDS * 3):
                reporting.append(_pipeline(lambda: job.add(records_ok=1, input_tokens=812)))
                silent.append(_pipeline(lambda: None))
        started = time.monotonic()
        ledger.close()
        closing = time.monotonic() - started
        stats = ledger.stats()
    return Figure(
        "emit_unreachable_bus_overhead",
        statistics.median(reporting) / RECORDS * 1e6,
        "µs a record",
        statistics.median(silent) / RECORDS * 1e6,
        goal=1.05,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            f"{stats.calls_failed} calls failed, {stats.spooled} events went to disk",
            f"{stats.lost} were lost; the end took {closing * 1000:.0f} ms",
            "baseline: the same work without a report",
        ),
    )


def _seconds(call: Callable[[], object]) -> float:
    return timeit.timeit(call, number=ADDS)


def _add(job: Job, times: int) -> None:
    for _ in range(times):
        job.add(records_ok=1, input_tokens=812)


def _pipeline(report: Callable[[], object]) -> float:
    """Return the seconds that a pipeline needs for its records."""
    started = time.perf_counter()
    for _ in range(RECORDS):
        hashlib.sha256(RECORD).digest()
        report()
    return time.perf_counter() - started
