"""When an expectation asks for a run, through all changes of clocks.

A line of cron is read as the cron of Debian reads it. A line whose minute and hour are fixed asks
for one run wherever clocks change: a time that they skip is made up for at the end of the gap, and
a time that comes twice counts the first time. A line whose minute or hour begins with ``*`` goes on
by the clock: it asks for nothing in a gap, and for twice as many runs in an hour that comes twice.

The library only matches the times of a calendar without a zone. What clocks make of these is done
here: its own way goes by whole hours, and so it misses runs on a day on which clocks change by half
an hour.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from run_ledger.domain import instants, zones
from run_ledger.domain.contract.expected_runs import ZONE_ALLOWED
from run_ledger.domain.cron_lines import CRON_ALLOWED, CronError, check_line
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import MICROSECONDS, Instant

_MINUTE = timedelta(minutes=1)
# Clocks have skipped a whole day at most, as those of Samoa did.
_MOST_SKIPPED = timedelta(days=2)
_SOON = tuple(timedelta(hours=number) for number in range(1, 49))


class ScheduleError(ValueError):
    """A text that is no schedule; the message says what is allowed."""


def check_cron(line: str) -> None:
    """Raise ScheduleError where *line* is none of cron's, or never asks for a run."""
    try:
        check_line(line)
    except CronError as error:
        raise ScheduleError(f"allowed: {error}") from error


def zone(name: str) -> ZoneInfo:
    """Return the time zone of this *name*; raises ScheduleError where none has it.

    A machine may know more zones, such as its own as ``localtime``, which others do not.
    """
    try:
        return zones.zone(name).rules
    except ValueError as error:
        raise ScheduleError(f"it is unknown; allowed: {ZONE_ALLOWED}") from error


def slots(expectation: Expectation, after: Instant) -> Iterator[Instant]:
    """Yield when *expectation* asks for a run, from the first time later than *after* on.

    With ``every_seconds``, *after* is when the last run began, or was to begin. Raises
    ScheduleError where it is none, as a hand may have written it.
    """
    if expectation.every_seconds is not None:
        at = after
        while True:
            at = Instant(at + expectation.every_seconds * MICROSECONDS)
            yield at
    if expectation.cron is None:
        return
    last = after
    for at in _zoned(expectation.cron, zone(expectation.timezone), after):
        if at > last:
            last = at
            yield at


def _zoned(line: str, clocks: ZoneInfo, after: Instant) -> Iterator[Instant]:
    """Yield the instants of a line in their order; some may come twice or lie before *after*."""
    is_fixed = not any(field.startswith("*") for field in line.split()[:2])
    begin = instants.EPOCH + timedelta(microseconds=after)
    wall = _wall(begin, clocks)
    if _is_set_back_soon(begin, clocks):
        wall -= _MOST_SKIPPED
    waiting: list[Instant] = []
    for time in _calendar_times(line, wall):
        found = _made_up(time, clocks) if is_fixed else _by_the_clock(time, clocks)
        if not found:
            continue
        # No later time of the calendar is an earlier instant than the first of this one.
        while waiting and waiting[0] < found[0]:
            yield heapq.heappop(waiting)
        for at in found:
            heapq.heappush(waiting, at)
    while waiting:
        yield heapq.heappop(waiting)


def _is_set_back_soon(begin: datetime, clocks: ZoneInfo) -> bool:
    """Return whether clocks will show times again, in two days, that lie before that of *begin*."""
    now = _wall(begin, clocks)
    return any(_wall(begin + one, clocks) - one < now for one in _SOON)


def _wall(moment: datetime, clocks: ZoneInfo) -> datetime:
    return moment.astimezone(clocks).replace(tzinfo=None, fold=0)


def _made_up(time: datetime, clocks: ZoneInfo) -> list[Instant]:
    """Return when a time comes first, or the end of the gap that it lies in."""
    while _is_skipped(time, clocks):
        time += _MINUTE
    return [_instant(time, clocks, 0)]


def _by_the_clock(time: datetime, clocks: ZoneInfo) -> list[Instant]:
    """Return each instant at which clocks show a time."""
    if _is_skipped(time, clocks):
        return []
    return sorted({_instant(time, clocks, fold) for fold in (0, 1)})


def _is_skipped(time: datetime, clocks: ZoneInfo) -> bool:
    there = time.replace(tzinfo=clocks)
    return there.astimezone(UTC).astimezone(clocks).replace(tzinfo=None, fold=0) != time


def _instant(time: datetime, clocks: ZoneInfo, fold: int) -> Instant:
    return instants.from_datetime(time.replace(tzinfo=clocks, fold=fold).astimezone(UTC))


def _calendar_times(line: str, after: datetime) -> Iterator[datetime]:
    """Return the times of a calendar without changes of clocks that match, later than *after*."""
    check_cron(line)
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - nothing else waits for it

    try:
        return CronSim(line, after)
    except (CronSimError, AssertionError, ValueError, TypeError, LookupError) as error:
        raise ScheduleError(f"allowed: {CRON_ALLOWED}") from error
