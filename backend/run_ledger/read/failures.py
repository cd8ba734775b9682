"""``/errors``: error groups, from the rows that count failures by client and day.

Counts are exact: each attempt that ended as failed or timed out, in the time range's days, counts
once. Times, message and jobs are samples: of the first failure and of the last ones, see
`run_ledger.domain.state.samples`. A last round reads the names of the sampled jobs.

What is new since a day is found by reading as many days before it as
`run_ledger.domain.api.failures` says, too.

The order is by count, descending, then by fingerprint. A cursor keeps the time range that it began
with, and goes on below the count and fingerprint that it stands at. So a group whose count stays
the same meanwhile comes exactly once; one that grows may be missed or come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from run_ledger.domain.api.failures import (
    CountedFailures,
    ErrorGroupDocument,
    FailuresQuery,
    chosen,
    error_groups,
    looked_back,
    rank,
)
from run_ledger.domain.api.pages import (
    Covers,
    LeftOutDocument,
    PartialListDocument,
    largest,
    left_out,
)
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import DAY, Instant, day, every, text
from run_ledger.store.lists.failure_reads import failure_range, read_failures
from run_ledger.store.lists.job_lists import read_names

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
    first = start if query.is_new is None else looked_back(start)
    counted, without = _counted(inquiry, query.client_id, first, end)
    groups = error_groups(chosen(counted, start=start, is_new=query.is_new))
    left = [one for one in groups if after is None or rank(one) > after]
    items = fitting(_named(inquiry, left[: query.limit]))
    then = None
    if len(items) < len(left):
        then = [start, end, *rank(left[len(items) - 1])]
    return PartialListDocument(
        items,
        inquiry.seal(query, then),
        Covers(from_=text(start), to=text(end)),
        left_out=without,
    )


def _named(inquiry: Inquiry, groups: Sequence[ErrorGroupDocument]) -> list[ErrorGroupDocument]:
    """Return the groups with the names of their jobs."""
    names = read_names(inquiry.reading, [job for group in groups for job in group.job_ids])
    return [
        replace(group, job_names={job: names[job] for job in group.job_ids if job in names})
        for group in groups
    ]


def _counted(
    inquiry: Inquiry, client_id: str | None, start: Instant, end: Instant
) -> tuple[Sequence[CountedFailures], LeftOutDocument | None]:
    """Return the failures of the clients in view, from midnight *start* to midnight *end*.

    Where the clients are too many for so many days, those with most jobs are counted. A client
    that has more groups than can be read is left out, so that every count is exact. Raises
    InvalidQuery where nothing is left.
    """
    view = clients_in_view(inquiry, client_id)
    days = [day(one) for one in every(DAY, start, end)]
    kept = largest(view.clients, view.jobs, max(1, MOST_PARTITIONS // len(days)))
    ranges = [failure_range(client_id, one) for client_id in kept.kept for one in days]
    counted, too_large = read_failures(inquiry.reading, ranges)
    if too_large and too_large >= {*kept.kept}:
        raise InvalidQuery(
            "from", "there are more error groups in this time range than one answer; shorten it"
        )
    return counted, left_out({*kept.dropped, *too_large}, after=view.after)
