"""A job's history, and rejected events: queries, and the shapes of answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Raw, Struct

from .base_query import ListQuery, page_limit, usually
from .pages import Covers
from .parameters import choice


@dataclass(frozen=True, kw_only=True)
class EntriesQuery(ListQuery):
    """The query of a job's history."""

    limit: int = page_limit(100, 1_000)
    order: str = usually(
        choice(
            "order",
            "Which entries come first: the `oldest`, unless said otherwise, or the `newest`.",
            ("oldest", "newest"),
        ),
        "oldest",
    )

    @property
    def newest_first(self) -> bool:
        """Return whether the newest entries come first."""
        return self.order == "newest"


@dataclass(frozen=True, kw_only=True)
class RejectionsQuery(ListQuery):
    """The query of the list of rejected events."""

    limit: int = page_limit(50, 200)


class EntryDocument(Struct, frozen=True):
    """An entry of a job's history: an accepted event, as it was sent."""

    event_id: str
    occurred_at: str
    received_at: str
    attempt: int
    detail_type: str
    source: str
    detail: dict[str, Any]


class RejectionDocument(Struct, frozen=True):
    """An event that broke the contract, how it did, and what operators have done about it."""

    rejection_id: str
    received_at: str
    status: Literal["open", "replaying", "replayed", "discarded"]
    reason: str
    field: str
    message: str
    about: str | None
    source: str | None
    detail_type: str | None
    raw: str
    truncated: bool


class HistoryDocument(Struct, frozen=True):
    """A page of a job's history; ``order`` names the member that entries are ordered by."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None
    order: str
