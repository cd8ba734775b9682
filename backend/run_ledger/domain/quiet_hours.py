"""Hours in which nobody wants to be told: ``22:00-07:00 Europe/Berlin``, or with the weekends.

They are read on the clocks of a zone. Where clocks show a time twice, the first time counts; where
they leave it out, it is as much later as they leave out. So in each night quiet hours begin and
end once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from run_ledger.domain.instants import Instant

if TYPE_CHECKING:
    from run_ledger.domain.zones import Zone

QUIET_ALLOWED = (
    "hours and a zone, such as 22:00-07:00 Europe/Berlin, with the weekends as in 22:00-07:00 "
    "weekends Europe/Berlin, or these alone as in weekends Europe/Berlin"
)
_TEXT = re.compile(
    r"(?:([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9]) )?"
    r"(weekends )?([A-Za-z0-9_+/-]{1,64})"
)
_DAY = timedelta(days=1)
_SATURDAY = 5
_MOST_PERIODS = 10
"""So many may follow each other without a pause, though clocks change between them."""


class QuietHours(NamedTuple):
    """When nobody wants to be told: from ``begins`` to ``ends`` of each day, and on weekends."""

    zone: Zone
    begins: time | None
    ends: time | None
    weekends: bool

    def until(self, now: Instant) -> Instant | None:
        """Return when the quiet that *now* lies in ends; None where *now* is not quiet."""
        end = now
        for _ in range(_MOST_PERIODS):
            later = max((high for low, high in self._around(end) if low <= end < high), default=end)
            if later == end:
                break
            end = later
        return None if end == now else end

    def _around(self, moment: Instant) -> Iterator[tuple[Instant, Instant]]:
        """Give the quiet periods that may hold *moment*, as beginning and end."""
        today = self.zone.wall_clock(moment).date()
        for day in (today - _DAY, today):
            if self.begins is not None and self.ends is not None:
                last = day if self.begins < self.ends else day + _DAY
                yield self._at(day, self.begins), self._at(last, self.ends)
        if self.weekends and today.weekday() >= _SATURDAY:
            saturday = today - _DAY * (today.weekday() - _SATURDAY)
            yield self._at(saturday, time()), self._at(saturday + 2 * _DAY, time())

    def _at(self, day: date, clock: time) -> Instant:
        return self.zone.moment(datetime.combine(day, clock))


@lru_cache(maxsize=64)
def quiet_hours(text: str) -> QuietHours:
    """Return the quiet hours that *text* names; raises ValueError where it names none."""
    from run_ledger.domain.zones import zone  # noqa: PLC0415 - most rules need none

    match = _TEXT.fullmatch(text)
    if match is None or not (match[1] or match[5]):
        raise ValueError(text)
    begins = ends = None
    if match[1]:
        begins, ends = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
        if begins == ends:
            raise ValueError(text)
    return QuietHours(zone(match[6]), begins, ends, bool(match[5]))


def quiet_until(text: str | None, now: Instant) -> Instant | None:
    """Return when the quiet hours end that *now* lies in; None where it lies in none.

    A *text* that names no hours, which no checked file has, keeps nobody from being told.
    """
    if text is None:
        return None
    try:
        return quiet_hours(text).until(now)
    except ValueError:
        return None
