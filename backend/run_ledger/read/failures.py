"""``/errors``: error groups, from the rows that count failures by client and day.

Counts are exact: each attempt that ended as failed or timed out, in the time range's days, counts
once. Times, message and jobs are samples: those of the failures that the writer took in first and
last, see `run_ledger.domain.state.samples`.

The order is by count, descending, then by fingerprint. A cursor keeps the time range that it began
with, and goes on below the count and fingerprint that it stands at. So a group whose count stays
the same meanwhile comes exactly once; one that grows may be missed or come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.failures import CountedFailures, FailuresQuery, error_groups, rank
from run_ledger.domain.api.pages import Covers, ListDocument
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, Instant, day, every, text
from run_ledger.store.lists.failure_reads import failure_range, read_failures

from .answers import fitting
from .inquiries import Inquiry
from .views import clients_in_view

MOST_PARTITIONS = 2_000


def list_error_groups(inquiry: Inquiry) -> Struct:
    """Return a page of error groups, the most frequent first."""
    query = FailuresQuery.of(inquiry.parameters)
    position: list[Any] | None = inquiry.unseal(query)
    after: tuple[int, str] | None = None
    if position is None:
        start, end = query.time_range(inquiry.now)
    else:
        start, end, *place = position
        after = (place[0], place[1])
    groups = error_groups(_counted(inquiry, query.client_id, start, end))
    left = [one for one in groups if after is None or rank(one) > after]
    items = fitting(left[: query.limit])
    then = None
    if len(items) < len(left):
        then = [start, end, *rank(left[len(items) - 1])]
    return ListDocument(items, inquiry.seal(query, then), Covers(from_=text(start), to=text(end)))


def _counted(
    inquiry: Inquiry, client_id: str | None, start: Instant, end: Instant
) -> Sequence[CountedFailures]:
    """Return the failures of the clients in view, from midnight *start* to midnight *end*."""
    _, clients = clients_in_view(inquiry, client_id)
    days = [day(one) for one in every(DAY, start, end)]
    if len(clients) * len(days) > MOST_PARTITIONS:
        raise InvalidQuery(
            "from",
            f"that would add up {len(days)} days of {len(clients)} clients, more than the "
            f"{MOST_PARTITIONS} of one answer; shorten the time range, or ask for one client",
        )
    ranges = [failure_range(client_id, one) for client_id in clients for one in days]
    return read_failures(inquiry.reading, ranges)
