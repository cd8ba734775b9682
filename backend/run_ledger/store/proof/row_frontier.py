"""How far the rollup rows are proved, as an item beside the frontier of the jobs.

::

    pk = proof
    sk = rows        the day that the walk under way recounts, and how far it is

A walk recounts the rows of one day of UTC, client by client. The day that is over is walked once
more when all of it has settled. The day that is not over yet is walked every hour while few jobs
were created on it, and then each time that these are four times as many: so all walks of a day cost
no more than a third of the last one beyond that.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec import Struct, convert, structs

from run_ledger.domain.instants import DAY, Instant, day, floor, later
from run_ledger.store.dynamo.attributes import from_item
from run_ledger.store.dynamo.reading import Reading

from .frontier import Counts, key_in_proof, put_next
from .settled_jobs import REACH, DayCounts

ROWS = "rows"
FEW_JOBS = 200
"""While no more jobs were created on a day, its rows are recounted every hour."""
_GROWN = 4


class RowFrontier(Struct, frozen=True):
    """How far rollup rows are proved.

    Those of the hours from ``since`` until ``proved_to`` have been recounted. The walk under way
    recounts those of the day of ``proved_to`` until ``target``; there is none where these are
    equal. It is done with the clients until ``place``, and was stopped so many ``tries`` in the
    next. ``jobs`` were created on the day when its last walk began. ``rows`` and ``projects`` were
    recounted in all, and ``not_judged`` is how many rows could not be.
    """

    since: Instant
    proved_to: Instant
    target: Instant
    version: int = 0
    place: str = ""
    tries: int = 0
    jobs: int = 0
    rows: int = 0
    projects: int = 0
    not_judged: int = 0

    @property
    def is_walking(self) -> bool:
        """Return whether a walk has begun and not ended."""
        return self.target > self.proved_to

    @property
    def day(self) -> str:
        """The day that is walked, or will be next."""
        return day(self.proved_to)

    @property
    def is_last(self) -> bool:
        """Return whether the walk under way is the one of a day that is over."""
        return self.target == _end_of(self.proved_to)


def read_row_frontier(reading: Reading, *, consistent: bool = True) -> RowFrontier | None:
    """Return the frontier of the rows, None before the first run."""
    return reading.alone(partial(row_frontier_of, reading, consistent=consistent))


def row_frontier_of(reading: Reading, *, consistent: bool = False) -> RowFrontier | None:
    """Make the call that `read_row_frontier` makes."""
    answer: Any = reading.client.get_item(
        TableName=reading.tables.entries, Key=key_in_proof(ROWS), ConsistentRead=consistent
    )
    item = answer.get("Item")
    return None if item is None else convert(from_item(item), RowFrontier)


def rows_begun(known: RowFrontier | None, days: DayCounts, settled: Instant) -> RowFrontier:
    """Return the frontier with the walk that is due once all until *settled* is proved."""
    if known is None:
        first = floor(settled, DAY)
        known = RowFrontier(since=first, proved_to=first, target=first)
    if known.is_walking:
        return known
    earliest = floor(later(settled, -REACH), DAY)
    if known.proved_to < earliest:
        known = structs.replace(known, proved_to=earliest, target=earliest)
    jobs = sum(days.get(known.day, {}).values())
    end = _end_of(known.proved_to)
    if settled >= end:
        return _walk(known, end, jobs)
    is_due = jobs <= FEW_JOBS or jobs >= _GROWN * known.jobs
    return _walk(known, settled, jobs) if settled > known.proved_to and is_due else known


def rows_ended(walked: RowFrontier) -> RowFrontier:
    """Return the frontier once the walk has come to its end."""
    jobs = 0 if walked.is_last else walked.jobs
    return structs.replace(walked, proved_to=walked.target, place="", tries=0, jobs=jobs)


def move_rows(
    reading: Reading, before: RowFrontier, after: RowFrontier, client_id: str, counts: Counts
) -> RowFrontier:
    """Put *after* in place of *before*, add the *counts* of a client, and return it.

    Raises Overtaken where the frontier is not *before* any more, and StoreUnavailable where
    DynamoDB could not tell.
    """
    moved = structs.replace(
        after,
        version=before.version + 1,
        rows=before.rows + counts.rows,
        projects=before.projects + counts.projects,
        not_judged=before.not_judged + counts.rows_not_judged,
    )
    put_next(reading, ROWS, before.version, moved, {client_id: counts} if any(counts) else {})
    return moved


def _walk(known: RowFrontier, target: Instant, jobs: int) -> RowFrontier:
    return structs.replace(known, target=target, place="", tries=0, jobs=jobs)


def _end_of(instant: Instant) -> Instant:
    return later(floor(instant, DAY), DAY)
