"""``/rejections``: events that broke the contract, for staff.

Others get 403 rather than 404: that the list exists is no secret, unlike what is in it.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from run_ledger.domain.api.entries import RejectionDocument, RejectionsQuery
from run_ledger.domain.api.pages import ListDocument, covers
from run_ledger.domain.exceptions import Forbidden
from run_ledger.domain.instants import DAY, day, later, text
from run_ledger.store.items.rejection_items import Rejection, from_rejection_item
from run_ledger.store.lists.rejection_lists import DAYS_BEYOND_EXPIRY, read_rejections

from .answers import fitting
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
        newest=day(inquiry.now),
        oldest=day(later(inquiry.now, -kept_days * DAY)),
        limit=query.limit,
    )
    items = fitting([_document(from_rejection_item(item)) for _, item in rows])
    if len(items) < len(rows):
        end = rows[len(items) - 1][0]
    return ListDocument(items, inquiry.seal(query, end), covers(start, end))


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
