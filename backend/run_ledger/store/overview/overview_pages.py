"""The pages of rollup rows that an overview reads: a client's hours and failures, by day.

Where days have marks, pages may be kept (see `kept_pages`). Then a client's hours are cut at the
instant up to which hours have been over for an hour: they change seldom, and keep a mark of their
own. That hour is for clocks of writers and readers that differ. Days on which nothing was counted,
or no failure, of any client, have no pages: their marks tell.

Without marks, only failures before the period are kept, which tell what is new: ten minutes, by the
clock alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from run_ledger.domain.api.overview import OverviewPeriod
from run_ledger.domain.instants import (
    DAY,
    HOUR,
    MICROSECONDS,
    Duration,
    Instant,
    day,
    every,
    floor,
    later,
)
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists.failure_reads import failure_range, read_failures_page
from run_ledger.store.lists.rollup_reads import day_cuts

from .client_hours import client_range, read_hours
from .kept_pages import DayMarks, Marks, WantedPage

_MINUTES = Duration(600 * MICROSECONDS)


def hours_pages(
    reading: Reading, client_id: str, period: OverviewPeriod, marks: Marks | None
) -> Iterator[WantedPage]:
    """Yield the pages of what was counted of a client in *period* and in the one before."""
    end = later(period.until, 1)
    stretches = [(period.previous_since, end, False)]
    if marks is not None:
        settled = _settled(period.until)
        stretches = [(period.previous_since, settled, True), (settled, end, False)]
    for start, until, is_over in stretches:
        for one in day_cuts(start, until):
            name, cuts = one
            if marks is not None and name not in marks:
                continue
            edge = period.since if name == day(period.since) else None
            wanted = client_range(client_id, one)
            call = partial(read_hours, reading.client, reading.tables.rollups, period.place, wanted)
            key = ("hours", client_id, name, cuts[0], cuts[-1], period.name == "24h", edge)
            yield WantedPage(call, key, _mark(marks, name, is_over=is_over))


def failures_pages(
    reading: Reading, client_id: str, period: OverviewPeriod, marks: Marks | None
) -> Iterator[WantedPage]:
    """Yield the pages of a client's failures in *period*, and before it as far as they matter."""
    for midnight in failure_days(period):
        name = day(midnight)
        if marks is not None and not marks.get(name, DayMarks()).has_failures:
            continue
        wanted = failure_range(client_id, name)
        call = partial(read_failures_page, reading.client, reading.tables.rollups, wanted)
        is_over = later(midnight, DAY) <= _settled(period.until)
        mark = _mark(marks, name, is_over=is_over)
        if marks is None and midnight < period.first_failures:
            mark = str(floor(period.until, _MINUTES))
        yield WantedPage(call, ("failures", client_id, name), mark)


def failure_days(period: OverviewPeriod) -> Sequence[Instant]:
    """Return the midnights of the days whose failures are read."""
    return every(DAY, period.known_failures, later(period.until, 1))


def _settled(now: Instant) -> Instant:
    return floor(later(now, -HOUR), HOUR)


def _mark(marks: Marks | None, name: str, *, is_over: bool) -> str | None:
    if marks is None:
        return None
    known = marks.get(name, DayMarks())
    return known.late if is_over else known.changes
