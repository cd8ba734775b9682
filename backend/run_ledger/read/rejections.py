"""``/rejections``: events that broke the contract, for staff.

Others get 403 rather than 404: that the list exists is no secret, unlike what is in it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from run_ledger.domain.api.entries import RejectionDocument, RejectionsQuery
from run_ledger.domain.api.pages import ListDocument, covers
from run_ledger.domain.exceptions import Forbidden
from run_ledger.domain.instants import DAY, day, later, text
from run_ledger.store.items.rejection_items import Rejection
from run_ledger.store.lists.rejection_lists import (
    DAYS_BEYOND_EXPIRY,
    RejectionRow,
    load,
    read_rejections,
)

from .answers import MOST_BYTES, fitting
from .inquiries import Inquiry


class _Origin(Struct, frozen=True, rename={"detail_type": "detail-type"}):
    """The origin of an event, as far as the rejected event tells it in the right form."""

    source: str | None = None
    detail_type: str | None = None


_envelopes = msgspec.json.Decoder(_Origin)


def list_rejections(inquiry: Inquiry) -> Struct:
    """Return a page of rejected events, newest first."""
    query = RejectionsQuery.of(inquiry.parameters)
    start: str | None = inquiry.unseal(query)
    if inquiry.scope().clients is not None:
        raise Forbidden("Rejected events are shown to staff only.")
    kept_days = inquiry.entry_ttl_days + DAYS_BEYOND_EXPIRY
    rows, end = read_rejections(
        inquiry.reading,
        start=start,
        # A writer's clock may be ahead, and past midnight already.
        newest=day(later(inquiry.now, DAY)),
        oldest=day(later(inquiry.now, -kept_days * DAY)),
        limit=query.limit,
    )
    chosen = _fitting(rows)
    if len(chosen) < len(rows):
        end = chosen[-1][0]
    found = load(inquiry.reading, [row for _, row in chosen])
    items = fitting([_document(rejection) for rejection in found])
    if len(items) < len(found):
        keys = {row.rejection_id: key for key, row in chosen}
        end = keys[found[len(items) - 1].rejection_id]
    return ListDocument(items, inquiry.seal(query, end), covers(start, end))


def _fitting(rows: Sequence[tuple[str, RejectionRow]]) -> Sequence[tuple[str, RejectionRow]]:
    """Return the first of *rows* whose texts may fit into one answer, and at least one."""
    left = MOST_BYTES
    for place, (_, row) in enumerate(rows):
        left -= row.raw_bytes
        if left < 0 and place:
            return rows[:place]
    return rows


def _document(rejection: Rejection) -> RejectionDocument:
    envelope = _envelope(rejection.raw)
    return RejectionDocument(
        rejection_id=rejection.rejection_id,
        received_at=text(rejection.received_at),
        status=rejection.status,
        reason=rejection.reason,
        field=rejection.field,
        message=rejection.message,
        about=rejection.about,
        source=envelope.source,
        detail_type=envelope.detail_type,
        raw=rejection.raw,
        truncated=rejection.truncated,
    )


def _envelope(raw: str) -> _Origin:
    try:
        return _envelopes.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return _Origin()
