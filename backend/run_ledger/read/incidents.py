"""``/incidents`` and ``/incidents/{incident_id}``: what people were told of, and what became of it.

A page takes two rounds of calls, or three for a machine: rows of an index, and the incidents that
they name. An incident's place in the list never changes, so following cursors gives every incident
that matches all the while exactly once, whatever opens meanwhile. Those that are open are read
from an index of their own, all of them for each page; where they are too many for that, they are
looked for among all, in one round more.

Of another client's incident nothing is read beyond its row, and the answer is the same as for an
id that nothing has. So it is of staff's, for all but staff.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.incidents import (
    IncidentsDocument,
    IncidentsQuery,
    incident_document,
    one_incident_document,
)
from run_ledger.domain.api.overview import ChannelDocument, NoticesDocument
from run_ledger.domain.api.pages import FEWEST_ROWS, PageRows, covers, merged
from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import InvalidQuery, NotFound
from run_ledger.domain.incidents.alert_rules import IncidentScope
from run_ledger.domain.incidents.incident_rows import IncidentRow
from run_ledger.domain.instants import text_or_none
from run_ledger.store.deliveries.delivery_records import DeliveriesNow
from run_ledger.store.incidents.incident_reads import (
    WantedIncidents,
    incident_calls,
    read_listed,
    read_now,
    read_open,
    read_row,
)
from run_ledger.store.incidents.row_items import ListedIncident, listed_owners
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
    if row is None or not _may_see(scope, row.scope):
        raise NotFound("There is no incident with this id.")
    return one_incident_document(reading.alone(partial(read_now, client, table, row)))


def list_incidents(inquiry: Inquiry) -> Struct:
    """Return a page of incidents, newest first or by the number of their jobs."""
    query = IncidentsQuery.of(inquiry.parameters)
    position = inquiry.unseal(query)
    wanted = _Wanted(query, inquiry.scope())
    of_open = _all_open(inquiry, wanted) if query.wanted_state == "open" else None
    if query.sort == "jobs":
        return _by_jobs(inquiry, query, of_open, position)
    if of_open is None:
        page = _listed(inquiry, wanted, position)
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


def _may_see(scope: ClientScope, of: IncidentScope) -> bool:
    """Return whether a caller with *scope* may see an incident: those of staff, staff alone."""
    return scope.allows(of.client_id) and (scope.clients is None or not of.is_of_staff)


class _Wanted(NamedTuple):
    """What a list is asked for, by a caller with ``scope``."""

    query: IncidentsQuery
    scope: ClientScope

    @property
    def owners(self) -> list[str] | list[None]:
        """Return whose rows are read: None alone where it is all of them."""
        narrowed = self.scope.narrowed(self.query.client_id)
        if narrowed.clients is None:
            return [None]
        return listed_owners(narrowed.clients, with_staffs=self.scope.clients is None)

    @property
    def most_rows(self) -> int:
        """Return how many rows are looked through for a page: many of them may be of no use."""
        query = self.query
        if (query.project_id, query.pipeline, query.what, query.of_staff) != (None,) * 4:
            return FEWEST_ROWS
        return query.limit

    def has(self, row: ListedIncident) -> bool:
        """Return whether it is asked for, and may be seen, by what the index tells of it."""
        query, of = self.query, row.scope
        return (
            _may_see(self.scope, of)
            and query.project_id in (None, of.project_id)
            and query.pipeline in (None, of.pipeline)
            and query.what in (None, row.key.what)
            and query.of_staff in (None, of.is_of_staff)
        )


def _listed(inquiry: Inquiry, wanted: _Wanted, position: str | None) -> PageRows[ListedIncident]:
    """Return a page of the rows of all incidents, open or not."""
    reading, query = inquiry.reading, wanted.query
    rows = WantedIncidents(
        text_or_none(query.since),
        position or text_or_none(query.until),
        wanted.has,
        wanted.most_rows,
    )
    calls = [
        partial(read_listed, reading.client, reading.tables.incidents, owner, rows, query.limit)
        for owner in wanted.owners
    ]
    return merged(reading.together(calls), query.limit, None)


def _all_open(inquiry: Inquiry, wanted: _Wanted) -> list[ListedIncident] | None:
    """Return the open incidents that are *wanted*, newest first; None where too many are open."""
    reading, query = inquiry.reading, wanted.query
    found = reading.together(
        [
            partial(read_open, reading.client, reading.tables.incidents, owner)
            for owner in wanted.owners
        ]
    )
    if not all(one.is_whole for one in found):
        return None
    low, below = text_or_none(query.since) or "", text_or_none(query.until)
    rows = [
        row
        for one in found
        for row in one.rows
        if wanted.has(row) and low <= row.position and (below is None or row.position < below)
    ]
    return sorted(rows, key=lambda row: row.position, reverse=True)


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


def notices_document(found: DeliveriesNow) -> NoticesDocument:
    """Return how notices come through, for staff's overview."""
    waiting, given_up = found.waiting, found.given_up
    return NoticesDocument(
        [
            ChannelDocument(
                one.client_id,
                one.channel,
                one.worked_at,
                one.failing_since,
                one.off_at,
                one.reason,
            )
            for one in found.channels
        ],
        len(waiting) if found.is_whole else None,
        waiting[0].made_at if waiting else None,
        len(given_up) if found.is_whole else None,
        given_up[-1].made_at if given_up and found.is_whole else None,
    )
