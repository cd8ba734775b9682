"""What the overview shows beside its figures: jobs to look at, running jobs, and error groups.

A caller who may see all clients has these read from rows of all clients, by the day that jobs were
created on; others from the rows of their own clients alone. Jobs are samples, the newest of each
kind: of ended ones those that ended last among those that were created last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from msgspec import Struct

from run_ledger.domain.api.jobs import JobDocument, job_document
from run_ledger.domain.api.overview import MOST_JOBS, AttentionDocument, OverviewPeriod
from run_ledger.domain.api.pages import DayMap, largest
from run_ledger.domain.contract.vocabulary import FAILURES
from run_ledger.domain.instants import text
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.lists.day_map import read_day_map

from .running_jobs import (
    OutcomeRows,
    RunningJobs,
    RunningRow,
    read_last_ended,
)

ENDED = (*FAILURES, "partial")
_MAPPED = ("running", *ENDED)
_DAYS_OF_MAP = 14
_DAYS_OF_ENDED = 2
_MOST_CLIENTS = 10
States = Mapping[str, Mapping[str, int]]
"""How many jobs each client has in each outcome: `{"acme": {"running": 2}}`."""


class Places(Struct, frozen=True):
    """Which rows of indexes to read: those of running jobs, and those of ended ones.

    ``is_by_day`` says that running jobs are read by day, for all clients.
    """

    running: Sequence[OutcomeRows]
    ended: Sequence[OutcomeRows]
    is_by_day: bool = False


class ShownJobs(Struct, frozen=True):
    """Jobs that somebody should look at, and running ones, each with the newest first."""

    attention: Sequence[AttentionDocument]
    running: Sequence[JobDocument]


def begin_day_map(reading: Reading, shards: int) -> Callable[[], DayMap]:
    """Begin to read which days of the last weeks have jobs of which outcome, beside the rounds."""
    rows = _DAYS_OF_MAP * shards
    return reading.beside(partial(read_day_map, reading, _MAPPED, start=None, rows=rows))


def places(states: States, day_map: DayMap | None) -> Places:
    """Return the rows to read for clients with *states*: by day where there is a *day_map*.

    Running jobs are read by client all the same where the map does not show all of them, or where
    there are few clients.
    """
    running = {name: counts.get("running", 0) for name, counts in states.items()}
    by_client = [
        OutcomeRows.of_client(name, "running") for name, count in running.items() if count > 0
    ]
    if day_map is None:
        return Places(by_client, [row for outcome in ENDED for row in _ended(states, outcome)])
    days = list(day_map.days)
    by_day = [OutcomeRows.of_day(day, "running") for day, jobs in days if jobs.get("running", 0)]
    is_whole = sum(jobs.get("running", 0) for _, jobs in days) == sum(running.values())
    ended = [
        OutcomeRows.of_day(day, outcome)
        for outcome in ENDED
        for day in [day for day, jobs in days if jobs.get(outcome, 0) > 0][:_DAYS_OF_ENDED]
    ]
    is_by_day = is_whole and len(by_client) > max(_MOST_CLIENTS, len(by_day))
    return Places(by_day if is_by_day else by_client, ended, is_by_day)


def _ended(states: States, outcome: str) -> list[OutcomeRows]:
    jobs = {name: counts.get(outcome, 0) for name, counts in states.items()}
    having = [name for name, count in jobs.items() if count > 0]
    chosen = largest(having, jobs, _MOST_CLIENTS).kept
    return [OutcomeRows.of_client(name, outcome) for name in chosen]


def ended_calls(
    reading: Reading, found: Places, period: OverviewPeriod
) -> list[Callable[[], Sequence[str]]]:
    """Return the calls that read which jobs have ended last."""
    return [
        partial(read_last_ended, reading.client, reading.tables.jobs, rows, period.since, MOST_JOBS)
        for rows in found.ended
    ]


def shown_ids(running: Iterable[RunningJobs], ended: Iterable[Sequence[str]]) -> list[str]:
    """Return the jobs whose items are read to be shown: the newest of each kind."""
    rows = sorted((row for jobs in running for row in jobs.rows), reverse=True)
    newest: list[RunningRow] = []
    for sign in ("stalled", "alive"):
        newest += [row for row in rows if row.sign == sign][:MOST_JOBS]
    return [*(row.job_id for row in newest), *(one for ids in ended for one in ids)]


def shown_jobs(
    stored: Iterable[StoredJob], clients: Collection[str], period: OverviewPeriod
) -> ShownJobs:
    """Return which of the jobs that were read are shown; only those of *clients* are."""
    jobs = sorted(
        (one for one in stored if one.job.client_id in clients),
        key=lambda one: (one.job.created_at, one.job.job_id),
        reverse=True,
    )
    documents = [
        job_document(one.job, last_seen_at=one.last_seen_at, now=period.until) for one in jobs
    ]
    since = text(period.since)
    ended = [one for one in documents if one.ended_at is not None and one.ended_at >= since]
    ended.sort(key=lambda one: one.ended_at or "", reverse=True)
    failed = [one for one in ended if one.result in FAILURES]
    partly = [one for one in ended if one.result == "partial"]
    running = [one for one in documents if one.status == "running"]
    return ShownJobs(
        attention=[
            *(AttentionDocument("stalled", one) for one in _few(running, stalled=True)),
            *(AttentionDocument("failed", one) for one in failed[:MOST_JOBS]),
            *(AttentionDocument("partial", one) for one in partly[:MOST_JOBS]),
        ],
        running=_few(running, stalled=False),
    )


def _few(jobs: Iterable[JobDocument], *, stalled: bool) -> list[JobDocument]:
    return [one for one in jobs if one.stalled is stalled][:MOST_JOBS]
