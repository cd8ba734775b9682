"""``/projects`` and ``/projects/{project_id}``.

A client has a project if events have reported it, or if the client has jobs in it. The project's
state and counters come from its events: without any, the state is null and there are no counters.
Its job totals count the client's jobs.

Unless asked for by due date, the list is ordered by client, then by project. This order is total
and stable, so following cursors gives every project that was there all the while exactly once. A
page goes through `_CLIENTS_A_PAGE` clients at most, so it may be short and still have a cursor. Of
a client that has reported more projects than can be put in order, the list has those with jobs, and
says so. A caller who may see all clients gets the projects of those that were declared or have
reported.

By due date, all projects in view are read for each page, as their due dates lie in their items
alone: at most `_MOST_SORTED` of at most `_CLIENTS_SORTED` clients. Clients beyond that are left
out, and named.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from msgspec import Struct

from run_ledger.domain.api.clients_projects import (
    ProjectDocument,
    ProjectQuery,
    ProjectsQuery,
    project_document,
)
from run_ledger.domain.api.pages import LeftOutDocument, PartialListDocument, largest, left_out
from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import projects_partition
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.items.project_items import StoredProject, from_project_item
from run_ledger.store.lists.project_lists import (
    read_newest_client,
    read_project_item,
    read_projects,
    read_reported_projects,
)
from run_ledger.store.lists.totals import (
    NOTHING,
    Total,
    TotalsPage,
    read_all_totals,
    read_total,
    read_totals,
)

from .answers import fitting
from .inquiries import Inquiry
from .views import clients_beyond, clients_in_view, merged_names

_CLIENTS_A_PAGE = 25
_CLIENTS_SORTED, _MOST_SORTED = 100, 1_000

ProjectKey = tuple[str, str]
"""A client and a project, by which the list is ordered. An empty project sorts before all."""


class _Page(Struct, frozen=True):
    keys: Sequence[ProjectKey]
    totals: Mapping[ProjectKey, Total]
    end: ProjectKey | None
    too_many: Collection[str]


def list_projects(inquiry: Inquiry) -> Struct:
    """Return a page of projects, by client and id or by due date."""
    query = ProjectsQuery.of(inquiry.parameters)
    position: list[str] | None = inquiry.unseal(query)
    if query.is_by_due_date:
        return _list_by_due_date(inquiry, query, position)
    start = (position[0], position[1]) if position else ("", "")
    clients, is_last = _clients(inquiry, query, start)
    page = _page(inquiry, clients, start, query.limit)
    end = page.end
    if end is None and not is_last:
        end = (clients[-1], _AFTER_ALL)
    documents = [one for one in _documents(inquiry, page) if query.matches(one)]
    items = fitting(documents)
    if len(items) < len(documents):
        last = documents[len(items) - 1]
        end = (last.client_id, last.project_id)
    return PartialListDocument(
        items, inquiry.seal(query, end and list(end)), None, left_out=left_out(page.too_many)
    )


# This sorts after every project's id, and after every due date.
_AFTER_ALL = "~"


def _list_by_due_date(
    inquiry: Inquiry, query: ProjectsQuery, position: list[str] | None
) -> PartialListDocument:
    everything, without = _everything(inquiry, query.client_id)
    ranked = sorted(
        (one for one in _documents(inquiry, everything) if query.matches(one)), key=_due_key
    )
    left = [one for one in ranked if position is None or _due_key(one) > position]
    items = fitting(left[: query.limit])
    end = _due_key(left[len(items) - 1]) if len(items) < len(left) else None
    return PartialListDocument(items, inquiry.seal(query, end), None, left_out=without)


def _due_key(project: ProjectDocument) -> list[str]:
    return [project.due_at or _AFTER_ALL, project.client_id, project.project_id]


def _everything(inquiry: Inquiry, client_id: str | None) -> tuple[_Page, LeftOutDocument | None]:
    """Return all projects in view, as far as they can be put in order, and whose are left out."""
    view = clients_in_view(inquiry, client_id)
    chosen = largest(view.clients, view.jobs, _CLIENTS_SORTED)
    reading = inquiry.reading
    reported: dict[str, list[str] | None] = {}
    totals: dict[str, TotalsPage] = {}

    def find_reported(name: str) -> None:
        reported[name] = read_reported_projects(reading.client, reading.tables.projects, name)

    def find_totals(name: str) -> None:
        totals[name] = read_all_totals(
            reading.client, reading.tables.rollups, projects_partition(name)
        )

    reading.together(
        [partial(find, name) for name in chosen.kept for find in (find_reported, find_totals)]
    )
    found: list[ProjectKey] = []
    known: dict[ProjectKey, Total] = {}
    dropped = {*chosen.dropped}
    for name in chosen.kept:
        own = reported[name]
        names = sorted({*(own or ()), *totals[name].totals})
        if own is None or totals[name].goes_on or len(found) + len(names) > _MOST_SORTED:
            dropped.add(name)
            continue
        found += [(name, one) for one in names]
        known |= {(name, one): total for one, total in totals[name].totals.items()}
    return _Page(found, known, None, ()), left_out(dropped, after=view.after)


def show_project(inquiry: Inquiry) -> Struct:
    """Return one project: that of the client that reported it, else of one that has jobs in it."""
    query = ProjectQuery.of(inquiry.parameters)
    project_id = inquiry.path_parameters["project_id"]
    if not is_identifier(project_id):
        raise _no_project()
    reading = inquiry.reading
    client, tables = reading.client, reading.tables
    call = partial(read_project_item, client, tables.projects, project_id)
    scope, item = inquiry.with_scope(call)
    scope = scope.narrowed(query.client_id)
    stored = None
    if item is not None and scope.allows(item["client_id"]["S"]):
        stored = from_project_item(item)
        owners = [stored.project.client_id]
    elif scope.clients is not None:
        owners = sorted(scope.clients)
    else:
        newest = reading.alone(partial(read_newest_client, client, tables.jobs, project_id))
        owners = [newest] if newest else []
    totals = reading.together(
        [
            partial(read_total, client, tables.rollups, projects_partition(owner), project_id)
            for owner in owners
        ]
    )
    for owner, now in zip(owners, totals, strict=True):
        if stored is not None or now is not None:
            return _document((owner, project_id), now, stored, inquiry.now)
    raise _no_project()


def _no_project() -> NotFound:
    return NotFound("There is no such project, or it is not one that you may see.")


def _clients(
    inquiry: Inquiry, query: ProjectsQuery, start: ProjectKey
) -> tuple[Sequence[str], bool]:
    """Return the clients to go through, from that of *start* on, and whether they are the last."""
    if query.client_id is not None:
        return sorted(inquiry.scope().narrowed(query.client_id).clients or ()), True
    first = [start[0]] if start[0] else []
    scope, page = clients_beyond(inquiry, start[0] or None, _CLIENTS_A_PAGE)
    return [name for name in first if scope.allows(name)] + [*page.clients], page.end is None


def _page(inquiry: Inquiry, clients: Sequence[str], start: ProjectKey, limit: int) -> _Page:
    """Return the first *limit* projects of *clients* after *start*, as far as both lists go."""
    reading = inquiry.reading
    reported: dict[str, list[str]] = {}
    totals: dict[str, TotalsPage] = {}
    too_many: set[str] = set()

    def find_reported(name: str) -> None:
        found = read_reported_projects(reading.client, reading.tables.projects, name)
        if found is None:
            too_many.add(name)
        reported[name] = [one for one in found or () if name != start[0] or one > start[1]]

    def find_totals(name: str) -> None:
        totals[name] = read_totals(
            reading.client,
            reading.tables.rollups,
            projects_partition(name),
            start=(start[1] or None) if name == start[0] else None,
            rows=(limit + 1) * inquiry.rollup_shards,
        )

    reading.together(
        [partial(find, name) for name in clients for find in (find_reported, find_totals)]
    )
    chosen: list[ProjectKey] = []
    end: ProjectKey | None = None
    for name in clients:
        if len(chosen) >= limit:
            end = chosen[-1]
            break
        names, last = merged_names(reported[name], totals[name], limit - len(chosen))
        chosen += [(name, one) for one in names]
        if last is not None:
            end = (name, last)
            break
    known = {(name, one): now for name in clients for one, now in totals[name].totals.items()}
    return _Page(chosen, known, end, too_many)


def _documents(inquiry: Inquiry, page: _Page) -> list[ProjectDocument]:
    if not page.keys:
        return []
    reading = inquiry.reading
    names = sorted({project_id for _, project_id in page.keys})
    table = reading.tables.projects
    answers = reading.together(
        [partial(read_projects, reading.client, table, some) for some in portions(names)]
    )
    stored = {name: one for answer in answers for name, one in answer.items()}
    documents = []
    for client_id, project_id in page.keys:
        one = stored.get(project_id)
        # The jobs of one client may name a project that another client's events report.
        own = one if one is not None and one.project.client_id == client_id else None
        total = page.totals.get((client_id, project_id))
        if own is not None or total is not None:
            documents.append(_document((client_id, project_id), total, own, inquiry.now))
    return documents


def _document(
    key: ProjectKey, total: Total | None, stored: StoredProject | None, now: Instant
) -> ProjectDocument:
    return project_document(
        key,
        (total or NOTHING).states,
        stored.project if stored else None,
        stored.last_seen_at if stored else None,
        at=now,
    )
