"""What a rate of events asks of the writer: batches, units, calls and bytes, measured.

Traffic is of jobs with 50 events each, of 4 clients: 20 at a time, and more where a job would send
more than 20 events a second. Each event is of a random one of them; the first starts its job, the
last ends it. So a batch of two hundred is of 20 jobs at 100 events a second, of some 165 at 10,000.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from tests.benchmarks.writer import mixes
from tests.benchmarks.writer.writer_units import posted
from tests.support.dynamo.sizing import Meter, stored_bytes
from tests.support.readers import ledgers
from tests.support.stacks.templates import source

from .idle import POLLERS

RATES = (1, 10, 100, 1_000, 10_000)
BATCH = 200
EVENTS_A_JOB, CLIENTS, LEAST_JOBS, MOST_EVENTS_A_JOB_SECOND = 50, 4, 20, 20
# A batch's CPU and a call's wait for DynamoDB, generously.
SECONDS_A_BATCH, SECONDS_AN_EVENT, SECONDS_A_CALL = 0.01, 0.0003, 0.02
_MEASURED = 3_000


class Load(NamedTuple):
    """What an event asks for on average, at a rate of events a second and with a window."""

    rate: int
    batch: float
    delay_seconds: float
    write_units: float
    read_units: float
    calls: float
    postings: float
    entry_bytes: float

    @property
    def writer_seconds(self) -> float:
        """How long a writer is at work for an event."""
        return SECONDS_A_BATCH / self.batch + SECONDS_AN_EVENT + SECONDS_A_CALL * self.calls

    @property
    def writers(self) -> float:
        """How many writers are at work at the same time."""
        return self.rate * self.writer_seconds


def default_window() -> int:
    """Return the template's window in seconds."""
    window: int = source()["Parameters"]["BatchWindowSeconds"]["Default"]
    return window


def jobs_at(rate: int) -> int:
    """Return how many jobs run at a time at so many events a second."""
    return max(LEAST_JOBS, rate // MOST_EVENTS_A_JOB_SECOND)


@cache
def load(rate: int, window: int) -> Load:
    """Return what an event asks for at *rate* events a second, with *window* seconds."""
    batch = max(1, min(BATCH, round(rate * window / POLLERS)))
    return Load(rate, batch, min(window, batch * POLLERS / rate), *_measured(jobs_at(rate), batch))


@cache
def _measured(jobs: int, batch: int) -> tuple[float, float, float, float, float]:
    store = ledgers.empty_store()
    records = traffic(jobs)
    warm = [next(records) for _ in range(jobs)]
    before = posted(store.client(), batches(warm, BATCH))
    meter = Meter()
    measured = [next(records) for _ in range(_MEASURED // batch * batch)]
    taken = list(batches(measured, batch))
    events = posted(store.client(meter.script), taken)
    postings = sum(len({_job_of(one) for one in records_}) for records_ in taken)
    return (
        meter.write_units.total() / events,
        meter.read_units.total() / events,
        meter.calls / events,
        postings / events,
        stored_bytes(store.items("entries")) / (before + events),
    )


def traffic(jobs: int, clients: int = CLIENTS) -> Iterator[dict[str, str]]:
    """Yield events without end: first a start of each of *jobs*, then those of random ones.

    A job that has ended makes room for another.
    """
    dice = random.Random(1)
    made = 0
    running: list[tuple[dict[str, str], int]] = []
    for _ in range(jobs):
        running.append((mixes.numbered_job(made, clients), 1))
        made += 1
        yield mixes.event_of(running[-1][0], 0, {"status": "running", **mixes.START})
    # As in a steady state, jobs are at any of their events.
    running = [(job, 1 + dice.randrange(EVENTS_A_JOB - 1)) for job, _ in running]
    while True:
        place = dice.randrange(jobs)
        job, number = running[place]
        yield mixes.event_of(job, number, _fields(number))
        if number == EVENTS_A_JOB - 1:
            running[place] = (mixes.numbered_job(made, clients), 0)
            made += 1
        else:
            running[place] = (job, number + 1)


def _fields(number: int) -> dict[str, Any]:
    if number == 0:
        return mixes.START
    return mixes.END if number == EVENTS_A_JOB - 1 else {}


def batches(records: list[dict[str, str]], size: int) -> Iterator[mixes.Batch]:
    """Yield *records* in batches of *size*."""
    for start in range(0, len(records), size):
        yield records[start : start + size]


def _job_of(record: dict[str, str]) -> str:
    return record["messageId"].rpartition("-")[0].rpartition("-")[0]
