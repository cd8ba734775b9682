"""``/jobs/{job_id}/entries``: a job's history.

Entries are ordered by ``occurred_at``, then by event id, the oldest or the newest first. A history
that is too long to be sorted for every page is ordered by ``event_id``; the member ``order`` says
which. Following cursors gives every entry exactly once, except entries that arrive meanwhile and
lie before the position reached.
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
from run_ledger.store.lists.entry_lists import MOST_SORTED_ENTRIES, read_by_event_id, read_by_time

from .answers import fitting
from .inquiries import Inquiry
from .jobs import find_job

_BY_TIME, _BY_EVENT_ID = "occurred_at", "event_id"


def list_entries(inquiry: Inquiry) -> Struct:
    """Return a page of a job's entries."""
    query = EntriesQuery.of(inquiry.parameters)
    job_id = inquiry.path_parameters["job_id"]
    position: list[Any] | None = inquiry.unseal(query)
    stored = find_job(inquiry)
    if position is None:
        is_short = stored.entries <= MOST_SORTED_ENTRIES
        page = _by_time(inquiry, job_id, query, None) if is_short else None
        return _by_event_id(inquiry, job_id, query, None) if page is None else page
    order, *after = position
    if order == _BY_EVENT_ID:
        return _by_event_id(inquiry, job_id, query, after[0])
    page = _by_time(inquiry, job_id, query, (after[0], after[1]))
    if page is None:
        raise InvalidQuery(
            "cursor",
            "the history has meanwhile grown too long to be given by time; start again without it",
        )
    return page


def _by_time(
    inquiry: Inquiry, job_id: str, query: EntriesQuery, after: tuple[Instant, str] | None
) -> HistoryDocument | None:
    found = read_by_time(
        inquiry.reading, job_id, after, query.limit, newest_first=query.newest_first
    )
    if found is None:
        return None
    items = fitting(_documents(found[: query.limit]))
    begin, until = text(after[0]) if after else None, None
    end = None
    if len(items) < len(found):
        last = found[len(items) - 1]
        end = [_BY_TIME, last.occurred_at, last.event_id]
        until = text(last.occurred_at)
    covers = Covers(from_=until, to=begin) if query.newest_first else Covers(from_=begin, to=until)
    return HistoryDocument(items, inquiry.seal(query, end), covers, _BY_TIME)


def _by_event_id(
    inquiry: Inquiry, job_id: str, query: EntriesQuery, after: str | None
) -> HistoryDocument:
    found, goes_on = read_by_event_id(
        inquiry.reading, job_id, after, query.limit, descending=query.newest_first
    )
    items = fitting(_documents(found))
    end = None
    if goes_on or len(items) < len(found):
        end = [_BY_EVENT_ID, found[len(items) - 1].event_id]
    # Such a page holds entries of any time, so it covers no time range.
    return HistoryDocument(items, inquiry.seal(query, end), None, _BY_EVENT_ID)


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
