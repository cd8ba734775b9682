"""``/errors``: failures by fingerprint, from the rows that count them by client and day.

Counts are exact: each attempt that ended as failed or timed out, in the span's days, counts once.
Times, message and jobs are samples, those of the failures that the writer took in first and last:
see `run_ledger.domain.state.samples`.

The order is by count, descending, then fingerprint. A cursor keeps the span that it began with, and
goes on below the count and fingerprint that it stands at. So a group whose count stays as it is
meanwhile comes exactly once; one that grows may be missed or come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from run_ledger.domain.api.failures import Counted, ErrorsQuery, errors_query, grouped, place
from run_ledger.domain.api.parameters import Covers, ListDocument
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, day, every, text
from run_ledger.store.lists.failure_reads import failure_range, read_failures

from .answers import fitting
from .inquiries import Inquiry
from .views import clients_in_view

MOST_PARTITIONS = 2_000


def list_errors(inquiry: Inquiry) -> Struct:
    """Return a page of groups of failures, the most frequent first."""
    query = errors_query(inquiry.parameters, inquiry.now)
    position: list[Any] | None = inquiry.unseal(query.binding, query.cursor)
    after: tuple[int, str] | None = None
    if position is not None:
        query = replace(query, start=position[0], end=position[1])
        after = (position[2], position[3])
    groups = grouped(_counted(inquiry, query))
    there = [one for one in groups if after is None or place(one) > after]
    items = fitting(there[: query.limit])
    end = None
    if len(items) < len(there):
        end = [query.start, query.end, *place(there[len(items) - 1])]
    span = Covers(from_=text(query.start), to=text(query.end))
    return ListDocument(items, inquiry.seal(query.binding, end), span)


def _counted(inquiry: Inquiry, query: ErrorsQuery) -> Sequence[Counted]:
    _, clients = clients_in_view(inquiry, query.client_id)
    days = [day(one) for one in every(DAY, query.start, query.end)]
    if len(clients) * len(days) > MOST_PARTITIONS:
        raise InvalidQuery(
            "from",
            f"that would add up {len(days)} days of {len(clients)} clients, more than the "
            f"{MOST_PARTITIONS} of one answer; shorten the span, or ask for one client",
        )
    ranges = [failure_range(client_id, one) for client_id in clients for one in days]
    return read_failures(inquiry.reading, ranges)
