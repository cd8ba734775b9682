"""``/incidents`` and ``/incidents/{incident_id}``: what people were told of, and what became of it.

A page takes two rounds of calls, or three for a machine: rows of an index, and the incidents that
they name. An incident's place in the list never changes, so following cursors gives every incident
that matches all the while exactly once, whatever opens meanwhile. Those that are open are read
from an index of their own, all of them for each page; where they are too many for that, they are
looked for among all, in one round more.

Of another client's incident nothing is read beyond its row, and the answer is the same as for an
id that nothing has.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.incidents import (
    IncidentsDocument,
    IncidentsQuery,
    incident_document,
    one_incident_document,
)
from run_ledger.domain.api.pages import PageRows, covers, merged
from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import InvalidQuery, NotFound
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.instants import text_or_none
from run_ledger.store.incidents.incident_reads import (
    WantedIncidents,
    incident_calls,
    read_listed,
    read_now,
    read_open,
    read_row,
)
from run_ledger.store.incidents.row_items import ListedIncident
from run_ledger.store.items.keys import creation_key

from .answers import fitting
from .inquiries import Inquiry

MOST_SORTED = 1_000


def show_incident(inquiry: Inquiry) -> Struct:
    """Return one incident with its history."""
    PathQuery.of(inquiry.parameters)
    incident_id = inquiry.path_parameters["incident_id"]
    reading = inquiry.reading
    client, table = reading.client, reading.tables.incidents
    scope, row = (
        inquiry.with_scope(partial(read_row, client, table, incident_id))
        if is_identifier(incident_id)
        else (inquiry.scope(), None)
    )
    if row is None or not scope.allows(row.scope.client_id):
        raise NotFound("There is no incident with this id.")
    return one_incident_document(reading.alone(partial(read_now, client, table, row)))


def list_incidents(inquiry: Inquiry) -> Struct:
    """Return a page of incidents, newest first or by the number of their jobs."""
    query = IncidentsQuery.of(inquiry.parameters)
    position = inquiry.unseal(query)
    scope = inquiry.scope().narrowed(query.client_id)
    of_open = _all_open(inquiry, query, scope) if query.wanted_state == "open" else None
    if query.sort == "jobs":
        return _by_jobs(inquiry, query, of_open, position)
    if of_open is None:
        page = _listed(inquiry, query, scope, position)
    else:
        left = [one for one in of_open if position is None or one.position < position]
        rows = [(one.position, one) for one in left[: query.limit]]
        page = PageRows(rows, rows[-1][0] if len(rows) < len(left) else None)
    documents = [
        one
        for one in map(incident_document, _loaded(inquiry, [one for _, one in page.rows]))
        if query.matches(one)
    ]
    items = fitting(documents)
    end = page.end
    if len(items) < len(documents):
        last = documents[len(items) - 1].incident_id
        end = next(place for place, one in page.rows if one.incident_id == last)
    start = position or text_or_none(query.until)
    return IncidentsDocument(
        items,
        inquiry.seal(query, end),
        covers(start, end or text_or_none(query.since)),
        telling=inquiry.is_telling,
    )


def _listed(
    inquiry: Inquiry, query: IncidentsQuery, scope: ClientScope, position: str | None
) -> PageRows[ListedIncident]:
    """Return a page of the rows of all incidents, open or not."""
    reading = inquiry.reading
    clients = [None] if scope.clients is None else sorted(scope.clients)
    is_narrow = (query.project_id, query.pipeline, query.what) != (None, None, None)
    wanted = WantedIncidents(
        text_or_none(query.since),
        position or text_or_none(query.until),
        partial(_is_asked_for, query) if is_narrow else None,
    )
    calls = [
        partial(
            read_listed,
            reading.client,
            reading.tables.incidents,
            client_id,
            wanted,
            query.limit,
        )
        for client_id in clients
    ]
    return merged(reading.together(calls), query.limit, None)


def _all_open(
    inquiry: Inquiry, query: IncidentsQuery, scope: ClientScope
) -> list[ListedIncident] | None:
    """Return the open incidents that *query* asks for, newest first; None where too many are."""
    reading = inquiry.reading
    clients = [None] if scope.clients is None else sorted(scope.clients)
    found = reading.together(
        [partial(read_open, reading.client, reading.tables.incidents, one) for one in clients]
    )
    if not all(one.is_whole for one in found):
        return None
    low, below = text_or_none(query.since) or "", text_or_none(query.until)
    rows = [
        row
        for one in found
        for row in one.rows
        if _is_asked_for(query, row)
        and low <= row.position
        and (below is None or row.position < below)
    ]
    return sorted(rows, key=lambda row: row.position, reverse=True)


def _is_asked_for(query: IncidentsQuery, row: ListedIncident) -> bool:
    """Return whether *query* asks for *row*, by what the index tells of it."""
    scope = row.scope
    return (
        query.project_id in (None, scope.project_id)
        and query.pipeline in (None, scope.pipeline)
        and query.what in (None, row.key.what)
    )


def _by_jobs(
    inquiry: Inquiry,
    query: IncidentsQuery,
    of_open: Sequence[ListedIncident] | None,
    position: list[int | str] | None,
) -> IncidentsDocument:
    """Return a page of open incidents, those with most jobs first, of equal ones the newest."""
    if of_open is None or len(of_open) > MOST_SORTED:
        raise InvalidQuery(
            "sort", f"jobs puts {MOST_SORTED:,} open incidents in order at most; narrow them down"
        )
    found = [(_rank(row), row) for row in _loaded(inquiry, of_open)]
    documents = [
        (rank, incident_document(row))
        for rank, row in sorted(found, key=lambda one: one[0], reverse=True)
        if row.closed_at is None and (position is None or rank < position)
    ]
    items = fitting([one for _, one in documents[: query.limit]])
    end = documents[len(items) - 1][0] if len(items) < len(documents) else None
    return IncidentsDocument(items, inquiry.seal(query, end), None, telling=inquiry.is_telling)


def _rank(row: IncidentRow) -> list[int | str]:
    return [row.jobs, creation_key(row.opened_at, row.incident_id)]


def _loaded(inquiry: Inquiry, listed: Sequence[ListedIncident]) -> list[IncidentRow]:
    """Return the incidents that *listed* names as they are now, in order, without what is gone."""
    found: dict[str, IncidentRow] = {}
    for some in inquiry.reading.together(incident_calls(inquiry.reading, listed)):
        found |= some
    return [found[one.incident_id] for one in listed if one.incident_id in found]
