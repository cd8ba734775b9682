"""``/jobs`` and ``/jobs/{job_id}``.

The list's order is total and stable: by ``created_at``, then by ``job_id``, both descending.
Whatever is created or changed while cursors are followed:

- a job that matches the filters all the while comes exactly once. Where ``status``, ``result`` or
  ``stalled`` is asked for, this holds for a job that keeps its outcome; a job whose outcome changes
  comes once or not at all;
- a job that is created meanwhile comes if a later page reaches its place;
- a job that moves back in time, because an earlier event of it arrives late, may come a second time
  at its new place.

"All the while" begins when indexes and totals show the job, usually well within a second.

A page may be short, or empty, and still have a cursor, as it looks through a limited number of
rows. ``covers`` is the time range that the page looked through.

With ``sort``, each page has the longest or dearest of the jobs that it looked through, and cursors
go on through time as ever: the first so many of all pages are the first of the whole list.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Raw, Struct

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.jobs import (
    JobDocument,
    JobsQuery,
    first_by,
    job_document,
)
from run_ledger.domain.api.pages import ListDocument, PageStart, covers, following, merged
from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import InvalidQuery, NotFound
from run_ledger.domain.instants import Instant, text
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import StoredJob, from_job_item
from run_ledger.store.lists.day_map import read_day_map
from run_ledger.store.lists.job_lists import Bounds, read_index, read_job_item, read_jobs
from run_ledger.store.lists.job_plans import (
    MOST_ITEMS,
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
    query = JobsQuery.of(inquiry.parameters)
    start = _start(inquiry, query)
    bounds = Bounds(start.position, None if query.since is None else text(query.since))
    scope, plan = _plan(inquiry, query, start, bounds)
    rows = read_index(inquiry.reading, plan, bounds, inquiry.now)
    page = merged(rows.stretches, plan.most_items(query.limit), plan.floor)
    stored = read_jobs(inquiry.reading, [job_id for _, job_id in page.rows])
    shown = _shown(inquiry, stored, query, scope, page.end)
    if query.sort is None:
        items = fitting([document for _, document in shown[: query.limit]])
        end = page.end if len(items) == len(shown) else shown[len(items) - 1][0]
    else:
        items = _first(shown, query.sort, query.limit)
        end = page.end
    if end is None or (bounds.low is not None and end <= bounds.low):
        return ListDocument(items, None, covers(bounds.start, bounds.low))
    then = following(
        start,
        [key for key, _ in page.rows if key >= end],
        end,
        pace=plan.next_pace(
            query.limit if query.sort is None else MOST_ITEMS,
            rows.looked_through,
            len(shown) if query.asks_of_items else rows.matching,
        ),
    )
    return ListDocument(items, inquiry.seal(query, then), covers(bounds.start, end))


def show_job(inquiry: Inquiry) -> Struct:
    """Return one job."""
    PathQuery.of(inquiry.parameters)
    return _document(find_job(inquiry), inquiry.now)


def find_job(inquiry: Inquiry) -> StoredJob:
    """Return the job that the path names; raises NotFound where the caller may not see one."""
    reading = inquiry.reading
    job_id = inquiry.path_parameters["job_id"]
    if not is_identifier(job_id):
        raise _no_job()
    call = partial(read_job_item, reading.client, reading.tables.jobs, job_id)
    scope, item = inquiry.with_scope(call)
    # Whose it is comes first: the work on a large job would tell by its time that there is one.
    if item is None or not scope.allows(item["client_id"]["S"]):
        raise _no_job()
    return from_job_item(item)


def _no_job() -> NotFound:
    return NotFound("There is no such job, or it is not one that you may see.")


def _start(inquiry: Inquiry, query: JobsQuery) -> PageStart:
    """Return where the page begins."""
    known = inquiry.unseal(query)
    if known is not None:
        return PageStart(*known)
    return PageStart(None if query.before is None else text(query.before))


def _plan(
    inquiry: Inquiry, query: JobsQuery, start: PageStart, bounds: Bounds
) -> tuple[ClientScope, Plan]:
    """Return which of the clients asked for the caller may see, and how to read their jobs."""
    caller, reading = inquiry.caller, inquiry.reading
    may_see_all = caller.scope is None or caller.scope.clients is None
    if query.client_id is None and may_see_all and needs_map(query):
        scope, day_map = inquiry.with_scope(
            partial(
                read_day_map,
                reading,
                query.outcomes,
                start=bounds.start,
                low=bounds.low,
                rows=map_rows(query, start, inquiry.rollup_shards),
            )
        )
        if scope.clients is None:
            return scope, plan_by_day(query, day_map, start)
    else:
        scope = inquiry.scope().narrowed(query.client_id)
        if scope.clients is None:
            return scope, plan_over_all(query, start)
    return scope, plan_by_client(query, sorted(scope.clients), start)


def _shown(
    inquiry: Inquiry,
    stored: Sequence[StoredJob],
    query: JobsQuery,
    scope: ClientScope,
    end: str | None,
) -> list[tuple[str, JobDocument]]:
    """Return the jobs that belong on the page, in order, each with its own key in the list.

    The item decides. A job that no longer matches is left out. A job that has moved, which is
    always down, is shown if its new key is still on this page; otherwise a later page shows it.
    """
    visible = [one for one in stored if scope.allows(one.job.client_id)]
    keyed = [(keys.creation_key(one.job.created_at, one.job.job_id), one) for one in visible]
    found = [(key, _document(one, inquiry.now)) for key, one in keyed if end is None or key >= end]
    matching = [pair for pair in found if query.matches(pair[1])]
    return sorted(matching, key=lambda pair: pair[0], reverse=True)


def _first(shown: Sequence[tuple[str, JobDocument]], measure: str, limit: int) -> list[Raw]:
    """Return the first *limit* jobs by *measure*.

    Raises InvalidQuery where an answer has no room for so many: to leave one out would be wrong.
    """
    items = fitting(first := first_by(measure, [document for _, document in shown], limit))
    if len(items) < len(first):
        raise InvalidQuery("limit", f"an answer has room for {len(items)} of these jobs; ask so")
    return items


def _document(stored: StoredJob, now: Instant) -> JobDocument:
    return job_document(stored.job, last_seen_at=stored.last_seen_at, now=now)
