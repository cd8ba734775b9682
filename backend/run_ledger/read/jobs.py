"""``/jobs`` and ``/jobs/{job_id}``.

What following cursors promises, whatever is created or changed meanwhile: the order is total and
stable (``created_at``, then ``job_id``, descending), and a job that matches the filters all the
while, in one outcome, is given exactly once. A job that is created meanwhile is given if a page to
come reaches its place. One whose outcome changes meanwhile is given once or not at all. One that
moves back in time, as an earlier event of it arrived late, may be given a second time at its new
place. "All the while" begins when the indexes have a job, usually well within a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from run_ledger.domain.access import Scope
from run_ledger.domain.documents import JobDocument, ListDocument, job_document
from run_ledger.domain.errors import NotFound
from run_ledger.domain.pages import covers, merged
from run_ledger.domain.parameters import is_identifier
from run_ledger.domain.queries import JobsQuery, jobs_query, no_query
from run_ledger.store import keys
from run_ledger.store.day_map import read_day_map
from run_ledger.store.job_items import StoredJob
from run_ledger.store.job_lists import (
    Plan,
    plan_by_client,
    plan_by_day,
    read_index,
    read_job,
    read_jobs,
)

from .answers import fitting
from .inquiries import Inquiry

# The map has a few rows a day. A day that all its jobs have moved out of has rows and no job.
_DAYS_BEYOND_LIMIT = 2


def list_jobs(inquiry: Inquiry) -> Struct:
    """Return a page of jobs, newest first."""
    query = jobs_query(inquiry.parameters)
    start: str | None = inquiry.unseal(query.binding, query.cursor)
    scope, plan = _plan(inquiry, query, start)
    stretches = read_index(inquiry.reading, plan.partitions, start, query.limit)
    rows, end = merged(stretches, query.limit, plan.floor)
    stored = read_jobs(inquiry.reading, [job_id for _, job_id in rows])
    shown = _shown(stored, query, scope, end)
    items = fitting([_document(one, inquiry.now) for _, one in shown])
    if len(items) < len(shown):
        end = shown[len(items) - 1][0]
    return ListDocument(items, inquiry.seal(query.binding, end), covers(start, end))


def show_job(inquiry: Inquiry) -> Struct:
    """Return one job."""
    no_query(inquiry.parameters)
    return _document(find_job(inquiry), inquiry.now)


def find_job(inquiry: Inquiry) -> StoredJob:
    """Return the job that the path names; NotFound where the caller may not see one."""
    reading = inquiry.reading
    job_id = inquiry.path_parameters["job_id"]
    if not is_identifier(job_id):
        raise _no_job()
    call = partial(read_job, reading.client, reading.tables.jobs, job_id)
    scope, stored = inquiry.scope_and(call)
    if stored is None or not scope.allows(stored.job.client_id):
        raise _no_job()
    return stored


def _no_job() -> NotFound:
    return NotFound("There is no such job, or it is not one that you may see.")


def _plan(inquiry: Inquiry, query: JobsQuery, start: str | None) -> tuple[Scope, Plan]:
    """Return what may be seen of what was asked for, and the way to read it."""
    caller, reading = inquiry.caller, inquiry.reading
    may_see_all = caller.scope is None or caller.scope.clients is None
    if query.client_id is not None or not may_see_all:
        scope = inquiry.scope().narrowed(query.client_id)
        return scope, plan_by_client(sorted(scope.clients or ()), query.outcomes)
    rows = None
    if query.outcomes is None:
        rows = inquiry.rollup_shards * (query.limit + _DAYS_BEYOND_LIMIT)
    scope, day_map = inquiry.scope_and(
        partial(read_day_map, reading.client, reading.tables.rollups, start=start, rows=rows)
    )
    if scope.clients is not None:
        return scope, plan_by_client(sorted(scope.clients), query.outcomes)
    return scope, plan_by_day(day_map, query.outcomes, start, query.limit)


def _shown(
    stored: Sequence[StoredJob], query: JobsQuery, scope: Scope, end: str | None
) -> list[tuple[str, StoredJob]]:
    """Return the jobs that belong on the page, in order, each with its own place in the list.

    The item decides. A job that no longer matches is left out. One that has moved, which is always
    down, is shown if its place is still on this page, and left to a page to come otherwise.
    """
    placed = [(keys.creation_key(one.job.created_at, one.job.job_id), one) for one in stored]
    return sorted(
        (
            (place, one)
            for place, one in placed
            if (end is None or place >= end)
            and scope.allows(one.job.client_id)
            and (query.outcomes is None or one.job.outcome in query.outcomes)
        ),
        key=lambda pair: pair[0],
        reverse=True,
    )


def _document(stored: StoredJob, now: int) -> JobDocument:
    return job_document(stored.job, last_seen_at=stored.last_seen_at, now=now)
