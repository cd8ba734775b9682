"""Rollups: counts by hour or day, the same as a recount of all events would give.

A job has marks (created, started, ended, …), and each mark is counted by an attribute of a row.
When events change a job, the difference between its marks before and after is added to the rows, in
the transaction that changes the job. Each delta is added to the rows of its own hour. So a row is
always the sum of the marks of all jobs as they are now.

Rows (``partition``, ``sort``) and what they are for:

=============================  ================  ================================================
``client#C#DAY``               ``HH#PIPELINE``   trends by client and pipeline
``project#P#DAY``              ``HH#CLIENT``     trends by project
``models#C#DAY``               see below         trends by model
``all``                        ``DAY``           trends over all
``failures#C#DAY``             ``FINGERPRINT``   failures by client
``days``                       ``DAY``           the map of the days with jobs, for lists
``clients``                    ``CLIENT``        the clients that reported, and their jobs in total
``projects#CLIENT``            ``PROJECT``       a client's projects that have jobs, and these
=============================  ================  ================================================

What rows of hours count is kept once more in packed rows, once their day is over: see
`run_ledger.domain.state.packed_rows`.

Those of clients, projects, all and failures have the attributes ``created``, ``started``,
``ended_RESULT``, ``h_N`` (durations in bucket N, see `durations`) and ``c_NAME`` (sums of deltas,
and of `running_totals`, which all count in the hour in which the job's last one was told).
Rows of ``all`` hold only the counters that the contract names, as all producers share these rows;
of other names a row keeps a bounded number apart, see `own_counters`.

Rows of models have the sort key ``HH#PIPELINE#PROJECT``, and only what events tell by language
model: ``b_NAME MODEL``, of a bounded number of models, see `model_counters`. The same changes are
in the counters of the other rows, too. An event that tells nothing by model has no such row.

Starts, ends and durations are of attempts. An end that is not its job's present end, as a later
attempt follows, is counted a second time, as ``retried_RESULT`` and ``hr_N``. So what is left
without these are jobs: each counts once at most, by its present result, in the hour in which its
present attempt ended. Most jobs have one attempt, and cost nothing more. Earlier versions counted
no retries. A job that one of them wrote is brought up when it changes next, or by an upgrade, the
latest attempts first: its item says from which attempt on its retries are counted.

The last three have ``now_OUTCOME``: how many of the jobs (created that day, of the client, of the
project) are in that outcome now. Rows of ``days`` also have ``shard_N``: how many of the jobs lie
in that shard of the index by day. Rows of ``clients`` also have ``projects``: how many of the
client's projects events have reported. A delta changes none of them.

Rows of failures also hold samples, which are no counts: see `samples`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, MOST_MODELS, MOST_OWN_COUNTERS
from run_ledger.domain.instants import Instant
from run_ledger.domain.instants import day as day_of
from run_ledger.domain.instants import hour as hour_of

from .durations import bucket
from .job import Attempt, Ended, Job, job_update
from .model_counters import is_by_model, model_attributes
from .own_counters import counter_attributes, folded, is_own
from .project import Project
from .running_totals import NO_TOTALS, changes_of_totals
from .sums import CounterSums

ALL, DAYS, CLIENTS = "all", "days", "clients"
NOW, SHARD, PROJECTS = "now_", "shard_", "projects"
ENDED, RETRIED = "ended_", "retried_"
DURATIONS, RETRIED_DURATIONS = "h_", "hr_"
# An end counts in four rows, and a transaction holds 100 actions.
MOST_RETRIES = 15
# A day's new jobs spread over this many partitions of the index by day.
DAY_SHARDS = 4
_KNOWN = frozenset(KNOWN_COUNTERS)
_FEW = min(MOST_OWN_COUNTERS, MOST_MODELS)
_OF_DAYS = frozenset({"client", "failures", "models", "project"})


class Row(NamedTuple):
    """A rollup row's key, without the writer's shard."""

    partition: str
    sort: str


Differences = dict[Row, dict[str, int]]
Place = tuple[str, str, str, str]
"""The client, project, pipeline and hour (``YYYY-MM-DDTHH``) of a delta."""


class Subject(NamedTuple):
    """The client, project and day whose jobs a row counts; None where it counts those of all."""

    client_id: str | None = None
    project_id: str | None = None
    day: str | None = None


def shard_of(job_id: str) -> int:
    """Return the shard of its day that the job lies in; it never changes."""
    return zlib.crc32(job_id.encode()) % DAY_SHARDS


def subject(row: Row) -> Subject:
    """Return whose jobs *row* counts; the day is that of the marks, not of the jobs."""
    kind, _, rest = row.partition.partition("#")
    if kind in (ALL, DAYS):
        return Subject(day=row.sort)
    if kind == CLIENTS:
        return Subject(client_id=row.sort)
    if kind == "projects":
        return Subject(rest, row.sort)
    owner, _, day = rest.rpartition("#")
    return Subject(None, owner, day) if kind == "project" else Subject(owner, None, day)


def client_row(client_id: str, hour: str, pipeline: str) -> Row:
    """Return the row of a client's pipeline in *hour* (``YYYY-MM-DDTHH``)."""
    return Row(f"client#{client_id}#{hour[:10]}", f"{hour[11:]}#{pipeline}")


def last_hour(row: Row) -> str | None:
    """Return the last hour (``YYYY-MM-DDTHH``) that a row of a client's or project's day counts.

    That is the hour itself, or the day's last for a row of failures; None for any other row.
    """
    kind, _, rest = row.partition.partition("#")
    if kind not in _OF_DAYS:
        return None
    return f"{rest[-10:]}T{'23' if kind == 'failures' else row.sort[:2]}"


def project_row(project_id: str, hour: str, client_id: str) -> Row:
    """Return the row of a project in *hour* (``YYYY-MM-DDTHH``)."""
    return Row(f"project#{project_id}#{hour[:10]}", f"{hour[11:]}#{client_id}")


def models_row(client_id: str, hour: str, pipeline: str, project_id: str) -> Row:
    """Return the rollup by model of a client's pipeline in *hour* (``YYYY-MM-DDTHH``)."""
    return Row(f"models#{client_id}#{hour[:10]}", f"{hour[11:]}#{pipeline}#{project_id}")


def projects_partition(client_id: str) -> str:
    """Return the partition of the totals of a client's projects."""
    return f"projects#{client_id}"


def failures_row(client_id: str, day: str, fingerprint: str) -> Row:
    """Return the row of a client's failures of one fingerprint on *day*."""
    return Row(f"failures#{client_id}#{day}", fingerprint)


def rows_of_samples(failures: Row) -> tuple[Row, Row]:
    """Return what changes where a row of *failures* takes in a sample: it, and its day's over all.

    The latter tells readers that something has changed, although nothing may count otherwise.
    """
    return failures, Row(ALL, failures.partition[-10:])


def row_of_failure(client_id: str, ended: Ended) -> Row | None:
    """Return the row that counts *ended* as a failure of *client_id*, None where it is none."""
    fingerprint = ended.failure_fingerprint
    return None if fingerprint is None else failures_row(client_id, day_of(ended.at), fingerprint)


def state_differences(
    before: Job | None, after: Job, *, retries_before: int = 1, retries_after: int = 1
) -> Differences:
    """Return what to add to which rows when a job's state changes from *before* to *after*.

    *retries_before* is the lowest attempt whose retry rows count: 1, except where an earlier
    version wrote *before* (see `counted_next`). What was never added is not subtracted.
    *retries_after* is the lowest attempt whose retry they shall count then.
    """
    changes: Differences = {}
    for job, sign, first in ((after, 1, retries_after), (before, -1, retries_before)):
        if job is not None:
            for row, name in _marks(job, first):
                _count(changes, row, name, sign)
    return _without_zeros(changes)


def counted_next(job: Job, retries_from: int) -> int:
    """Return the lowest attempt whose retry shall be counted, if *retries_from* is the lowest now.

    That is 1, unless so many retries are to be counted that one transaction can't hold their rows.
    """
    left = sorted((n for n, one in job.attempts.items() if one.ended and n < retries_from))
    return 1 if len(left) <= MOST_RETRIES else left[-MOST_RETRIES]


def delta_differences(
    events: Iterable[Event], before: Job | None = None, after: Job | None = None
) -> Differences:
    """Return what the deltas of job *events* add to which rows.

    So does what running totals change as their job turns from *before* into *after*, if that is
    given.
    """
    deltas = delta_sums(events)
    if after is not None:
        add_totals(deltas, before, after)
    return differences_of(deltas)


def delta_sums(events: Iterable[Event]) -> dict[Place, CounterSums]:
    """Return the sums of the deltas of job *events*; most events of a job fall into one hour."""
    found: dict[Place, CounterSums] = {}
    for event in events:
        update = job_update(event)
        if not update.delta and not update.delta_by_model and not update.running_totals:
            continue
        hour = hour_of(event.occurred_at)
        place = (update.client_id, update.project_id, update.pipeline, hour)
        sums = found.get(place)
        if sums is None:
            sums = found[place] = CounterSums()
        sums.take(event)
    return found


def add_totals(deltas: dict[Place, CounterSums], before: Job | None, after: Job) -> None:
    """Add to *deltas* what running totals change as a job turns from *before* into *after*."""
    known = NO_TOTALS if before is None else before.running_totals
    for at, change in changes_of_totals(known, after.running_totals):
        place = (after.client_id, after.project_id, after.pipeline, hour_of(at))
        deltas.setdefault(place, CounterSums()).add(change)


def differences_of(deltas: Mapping[Place, CounterSums]) -> Differences:
    """Return what *deltas*, as `delta_sums` gives them, add to which rows."""
    changes: Differences = {}
    for place, sums in deltas.items():
        if sums.by_model:
            client_id, project_id, pipeline, hour = place
            row = models_row(client_id, hour, pipeline, project_id)
            changes[row] = model_attributes(sums.by_model)
        counters = sums.counters
        counts = counter_attributes(counters)
        known = counts
        if not counters.keys() <= _KNOWN:
            known = counter_attributes({n: c for n, c in counters.items() if n in _KNOWN})
        of_client, of_project, of_all = _rows(*place)
        merge(changes, {of_client: counts, of_project: counts, of_all: known})
    return bounded(changes)


def bounded(changes: Differences) -> Differences:
    """Return *changes* without zeros, and with as many own counters as a row keeps apart.

    A zero of an own counter or of a model stays, as its name takes a place: see `own_counters`. A
    row over all stays without counts where other rows of its day change and cancel out over all:
    it tells readers that something has changed.
    """
    # Nearly all are so already.
    if all(counts and len(counts) <= _FEW and all(counts.values()) for counts in changes.values()):
        return changes
    return _with_marked_days(
        changes,
        {
            row: {
                name: change
                for name, change in folded(counts).items()
                if change or is_own(name) or is_by_model(name)
            }
            for row, counts in changes.items()
        },
    )


def project_differences(before: Project | None, after: Project) -> Differences:
    """Return what to add to which rows when a project changes from *before* to *after*."""
    if before is not None:
        return {}
    return {Row(CLIENTS, after.client_id): {PROJECTS: 1}}


def merge(into: Differences, more: Mapping[Row, Mapping[str, int]]) -> None:
    """Add the differences *more* to those of *into*."""
    for row, counts in more.items():
        known = into.get(row)
        if known is None:
            into[row] = dict(counts)
            continue
        for name, change in counts.items():
            known[name] = known.get(name, 0) + change


def _count(changes: Differences, row: Row, name: str, change: int) -> None:
    counts = changes.setdefault(row, {})
    counts[name] = counts.get(name, 0) + change


def marks(job: Job, *, retries_from: int = 1) -> Differences:
    """Return what *job* as a whole adds to which rows, with its retries from that attempt on."""
    counted: Differences = {}
    for row, name in _marks(job, retries_from):
        _count(counted, row, name, 1)
    return counted


def _marks(job: Job, retries_from: int) -> Iterator[tuple[Row, str]]:
    """Yield the marks of *job*: each is a row and the attribute that counts it there."""
    yield from ((row, "created") for row in _rows_at(job, job.created_at))
    created_day = Row(DAYS, day_of(job.created_at))
    now = f"{NOW}{job.outcome}"
    yield created_day, f"{SHARD}{shard_of(job.job_id)}"
    for row in (
        created_day,
        Row(CLIENTS, job.client_id),
        Row(projects_partition(job.client_id), job.project_id),
    ):
        yield row, now
    latest = job.attempt
    for number, attempt in job.attempts.items():
        if attempt.started_at is not None:
            yield from ((row, "started") for row in _rows_at(job, attempt.started_at))
        if attempt.ended is not None:
            is_retried = retries_from <= number < latest
            yield from _marks_of_an_end(job, attempt, attempt.ended, is_retried=is_retried)


def _marks_of_an_end(
    job: Job, attempt: Attempt, ended: Ended, *, is_retried: bool
) -> Iterator[tuple[Row, str]]:
    results = [ENDED, RETRIED] if is_retried else [ENDED]
    durations = [DURATIONS, RETRIED_DURATIONS] if is_retried else [DURATIONS]
    names = [f"{kind}{ended.result}" for kind in results]
    if attempt.duration is not None:
        names += [f"{kind}{bucket(attempt.duration)}" for kind in durations]
    for row in _rows_at(job, ended.at):
        yield from ((row, name) for name in names)
    failure = row_of_failure(job.client_id, ended)
    if failure is not None:
        yield from ((failure, f"{kind}{ended.result}") for kind in results)


def _rows_at(job: Job, instant: Instant) -> tuple[Row, Row, Row]:
    return _rows(job.client_id, job.project_id, job.pipeline, hour_of(instant))


@lru_cache(maxsize=4096)
def _rows(client_id: str, project_id: str, pipeline: str, hour: str) -> tuple[Row, Row, Row]:
    """Return the three rows that count what such a job did in *hour*."""
    return (
        client_row(client_id, hour, pipeline),
        project_row(project_id, hour, client_id),
        Row(ALL, hour[:10]),
    )


def _without_zeros(changes: Differences) -> Differences:
    if all(all(counts.values()) and counts for counts in changes.values()):
        return changes
    return _with_marked_days(
        changes,
        {
            row: {name: change for name, change in counts.items() if change}
            for row, counts in changes.items()
        },
    )


def _with_marked_days(changes: Differences, kept: Differences) -> Differences:
    """Return what is *kept* of *changes*, and the rows over all of days on which that counts."""
    hours = (last_hour(row) for row, counts in kept.items() if counts)
    days = {hour[:10] for hour in hours if hour is not None}
    return {
        row: kept[row]
        for row in changes
        if kept[row] or (row.partition == ALL and row.sort in days)
    }
