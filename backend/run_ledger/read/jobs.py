"""``/jobs`` and ``/jobs/{job_id}``.

What following cursors promises, whatever is created or changed meanwhile: the order is total and
stable (``created_at``, then ``job_id``, descending), and a job that matches the filters all the
while is given exactly once. Where ``status``, ``result`` or ``stalled`` is asked for, that is one
that stays in one outcome; one whose outcome changes is given once or not at all. A job that is
created meanwhile is given if a page to come reaches its place. One that moves back in time, as an
earlier event of it arrived late, may be given a second time at its new place. "All the while"
begins when indexes and totals show the job to readers, usually well within a second.

A page may be short, or empty, and still have a cursor: how many rows are looked through for it is
bounded. ``covers`` is the span of time that was looked through.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from run_ledger.domain.api.access import Scope
from run_ledger.domain.api.jobs import JobDocument, JobsQuery, job_document, jobs_query
from run_ledger.domain.api.pages import Place, covers, following, merged
from run_ledger.domain.api.parameters import ListDocument, is_identifier, no_query
from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.instants import Instant, text
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.lists.day_map import read_day_map
from run_ledger.store.lists.job_lists import Bounds, read_index, read_job, read_jobs
from run_ledger.store.lists.job_plans import (
    Plan,
    map_rows,
    needs_map,
    plan_by_client,
    plan_by_day,
    plan_over_all,
)

from .answers import fitting
from .inquiries import Inquiry


def list_jobs(inquiry: Inquiry) -> Struct:
    """Return a page of jobs, newest first."""
    query = jobs_query(inquiry.parameters)
    place = _place(inquiry, query)
    bounds = Bounds(place.position, None if query.since is None else text(query.since))
    scope, plan = _plan(inquiry, query, place, bounds)
    rows = read_index(inquiry.reading, plan, bounds, inquiry.now)
    span = merged(rows.stretches, query.limit, plan.floor)
    stored = read_jobs(inquiry.reading, [job_id for _, job_id in span.rows])
    shown = _shown(inquiry, stored, query, scope, span.end)
    items = fitting([_document(one, inquiry.now) for _, one in shown])
    end = span.end if len(items) == len(shown) else shown[len(items) - 1][0]
    if end is None or (bounds.low is not None and end <= bounds.low):
        return ListDocument(items, None, covers(bounds.start, bounds.low))
    then = following(
        place,
        [key for key, _ in span.rows if key >= end],
        end,
        pace=plan.next_pace(query.limit, rows.looked_through, rows.matching),
    )
    return ListDocument(items, inquiry.seal(query.binding, then), covers(bounds.start, end))


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


def _place(inquiry: Inquiry, query: JobsQuery) -> Place:
    """Return where the page begins."""
    known = inquiry.unseal(query.binding, query.cursor)
    if known is not None:
        return Place(*known)
    return Place(None if query.before is None else text(query.before))


def _plan(inquiry: Inquiry, query: JobsQuery, place: Place, bounds: Bounds) -> tuple[Scope, Plan]:
    """Return what may be seen of what was asked for, and the way to read it."""
    caller, reading = inquiry.caller, inquiry.reading
    may_see_all = caller.scope is None or caller.scope.clients is None
    if query.client_id is None and may_see_all and needs_map(query):
        scope, day_map = inquiry.scope_and(
            partial(
                read_day_map,
                reading,
                query.outcomes,
                start=bounds.start,
                low=bounds.low,
                rows=map_rows(query, place, inquiry.rollup_shards),
            )
        )
        if scope.clients is None:
            return scope, plan_by_day(query, day_map, place)
    else:
        scope = inquiry.scope().narrowed(query.client_id)
        if scope.clients is None:
            return scope, plan_over_all(query, place)
    return scope, plan_by_client(query, sorted(scope.clients), place)


def _shown(
    inquiry: Inquiry,
    stored: Sequence[StoredJob],
    query: JobsQuery,
    scope: Scope,
    end: str | None,
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
            and query.matches(one.job, one.last_seen_at, inquiry.now)
        ),
        key=lambda pair: pair[0],
        reverse=True,
    )


def _document(stored: StoredJob, now: Instant) -> JobDocument:
    return job_document(stored.job, last_seen_at=stored.last_seen_at, now=now)
