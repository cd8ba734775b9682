"""What may be asked of a job's history and of rejected events, and the shapes of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Raw, Struct

from .parameters import (
    CURSOR,
    Covers,
    Given,
    PageQuery,
    Parameter,
    check_names,
    limit,
)

MOST_ENTRIES, DEFAULT_ENTRIES = 1_000, 100
MOST_REJECTIONS, DEFAULT_REJECTIONS = 200, 50
_ENTRIES_LIMIT = limit(DEFAULT_ENTRIES, MOST_ENTRIES)
_REJECTIONS_LIMIT = limit(DEFAULT_REJECTIONS, MOST_REJECTIONS)
ENTRIES_PARAMETERS: tuple[Parameter[Any], ...] = (_ENTRIES_LIMIT, CURSOR)
REJECTIONS_PARAMETERS: tuple[Parameter[Any], ...] = (_REJECTIONS_LIMIT, CURSOR)


def entries_query(given: Given) -> PageQuery:
    """Return the query that the parameters of a job's history make."""
    check_names(given, ENTRIES_PARAMETERS)
    return PageQuery(_ENTRIES_LIMIT.of(given) or DEFAULT_ENTRIES, CURSOR.of(given))


def rejections_query(given: Given) -> PageQuery:
    """Return the query that the parameters of the list of rejected events make."""
    check_names(given, REJECTIONS_PARAMETERS)
    return PageQuery(_REJECTIONS_LIMIT.of(given) or DEFAULT_REJECTIONS, CURSOR.of(given))


class EntryDocument(Struct, frozen=True):
    """An accepted event, as it was sent."""

    event_id: str
    occurred_at: str
    received_at: str
    attempt: int
    detail_type: str
    source: str
    detail: dict[str, Any]


class RejectionDocument(Struct, frozen=True):
    """An event that broke the contract, how, and whether somebody has seen to it since."""

    rejection_id: str
    received_at: str
    status: Literal["open", "replaying", "replayed", "discarded"]
    reason: str
    field: str
    message: str
    source: str | None
    detail_type: str | None
    raw: str
    truncated: bool


class HistoryDocument(Struct, frozen=True):
    """A page of a job's history, and what it is ordered by."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None
    order: str
