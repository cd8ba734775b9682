"""``/jobs/{job_id}/entries``: a job's history.

Entries are ordered by ``occurred_at``, then by event id. A history that is too long to be sorted
for every page is given in the order in which its events came in; entries that an earlier version
kept come before these, by ``event_id``. The member ``order`` says which. Following cursors gives
every entry exactly once, except entries that arrive meanwhile and lie before the position reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.entries import EntriesQuery, EntryDocument, HistoryDocument
from run_ledger.domain.api.pages import Covers
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import Instant, text
from run_ledger.store.items.entry_items import StoredEntry
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.lists.entry_lists import (
    MOST_SORTED_ENTRIES,
    RowPlace,
    read_by_event_id,
    read_by_time,
    read_log,
)

from .answers import fitting
from .inquiries import Inquiry
from .jobs import find_job

_BY_TIME, _BY_RECEIPT, _BY_EVENT_ID = "occurred_at", "received_at", "event_id"


def list_entries(inquiry: Inquiry) -> Struct:
    """Return a page of a job's entries, the oldest or the newest first."""
    query = EntriesQuery.of(inquiry.parameters)
    position: list[Any] | None = inquiry.unseal(query)
    page = _Page(inquiry, query, find_job(inquiry))
    if position is None:
        return page.first()
    order, *after = position
    if order == _BY_EVENT_ID:
        return page.by_event_id(after[0] if after else None)
    if order == _BY_RECEIPT:
        return page.by_receipt(RowPlace(*after) if after else None)
    found = page.by_time((after[0], after[1]))
    if found is None:
        raise InvalidQuery(
            "cursor",
            "the history has meanwhile grown too long to be given by time; start again without it",
        )
    return found


class _Page:
    """A page of the history of a stored job."""

    def __init__(self, inquiry: Inquiry, query: EntriesQuery, stored: StoredJob) -> None:
        self._inquiry = inquiry
        self._query = query
        self._stored = stored
        self._newest = query.newest_first
        self._read_with = (inquiry.reading, stored)

    def first(self) -> HistoryDocument:
        """Return the first page: by time, unless the history is too long for that."""
        is_short = self._stored.entries <= MOST_SORTED_ENTRIES
        page = self.by_time(None) if is_short else None
        if page is not None:
            return page
        begins_with_old = self._stored.has_old and not self._newest
        if begins_with_old or not self._stored.in_log:
            return self.by_event_id(None)
        return self.by_receipt(None)

    def by_time(self, after: tuple[Instant, str] | None) -> HistoryDocument | None:
        """Return the page after a time and event id, None where the history is too long."""
        found = read_by_time(*self._read_with, after, self._query.limit, newest=self._newest)
        if found is None:
            return None
        items = fitting(_documents(found[: self._query.limit]))
        last = found[len(items) - 1] if len(items) < len(found) else None
        begun = text(after[0]) if after else None
        ended = text(last.occurred_at) if last else None
        covers = Covers(from_=ended, to=begun) if self._newest else Covers(from_=begun, to=ended)
        end = [_BY_TIME, last.occurred_at, last.event_id] if last else None
        return self._document(items, end, covers, _BY_TIME)

    def by_receipt(self, after: RowPlace | None) -> HistoryDocument:
        """Return the page of the log after a place."""
        found, place = read_log(*self._read_with, after, self._query.limit, newest=self._newest)
        items = fitting(_documents([entry for _, entry in found]))
        if len(items) < len(found):
            place = found[len(items) - 1][0]
        end = [_BY_RECEIPT, *place] if place else None
        if end is None and self._newest and self._stored.has_old:
            end = [_BY_EVENT_ID]
        return self._document(items, end, None, _BY_RECEIPT)

    def by_event_id(self, after: str | None) -> HistoryDocument:
        """Return the page of the entries of old after an event id."""
        found, goes_on = read_by_event_id(
            *self._read_with, after, self._query.limit, newest=self._newest
        )
        items = fitting(_documents(found))
        end: list[Any] | None = None
        if goes_on or len(items) < len(found):
            end = [_BY_EVENT_ID, found[len(items) - 1].event_id]
        elif self._stored.in_log and not self._newest:
            end = [_BY_RECEIPT]
        return self._document(items, end, None, _BY_EVENT_ID)

    def _document(
        self, items: Sequence[Any], end: list[Any] | None, covers: Covers | None, order: str
    ) -> HistoryDocument:
        """Return the document; a page that isn't in the order of time covers no time range."""
        return HistoryDocument(items, self._inquiry.seal(self._query, end), covers, order)


def _documents(entries: Sequence[StoredEntry]) -> list[EntryDocument]:
    return [
        EntryDocument(
            event_id=entry.event_id,
            occurred_at=text(entry.occurred_at),
            received_at=text(entry.received_at),
            attempt=entry.detail.get("attempt", 1),
            detail_type=entry.detail_type,
            source=entry.source,
            detail=entry.detail,
        )
        for entry in entries
    ]
