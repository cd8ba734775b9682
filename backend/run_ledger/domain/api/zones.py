"""Days of a time zone, made of hours of UTC: what is counted is counted by those.

An hour of UTC belongs to the local day that it begins in. Most zones begin their days with an hour
of UTC; where one begins in the middle of an hour (India, Nepal, parts of Australia), that hour is
the last of the day before. So a day is counted from the first hour of UTC that begins in it.

Whoever asks for no zone needs nothing of this: importing it and reading zones is for those who do.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from run_ledger.domain.instants import HOUR, Instant, ceiling, from_datetime, later

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE_DAY = timedelta(days=1)


class Zone:
    """A time zone, by the IANA's name; the rules are those of the package tzdata everywhere."""

    def __init__(self, name: str) -> None:
        """Find the zone *name*; ValueError where there is none."""
        if name not in _names():
            raise ValueError(name)
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
            self._rules = ZoneInfo.from_file(rules, key=name)

    def wall_clock(self, moment: Instant) -> datetime:
        """Return what clocks in the zone show."""
        there = (_EPOCH + timedelta(microseconds=moment)).astimezone(self._rules)
        return there.replace(tzinfo=None, fold=0)

    def moment(self, wall_clock: datetime) -> Instant:
        """Return when clocks show this; the first time, where they show it twice."""
        return from_datetime(wall_clock.replace(tzinfo=self._rules))

    def begins(self, day: date) -> Instant:
        """Return when the first hour of UTC begins that belongs to *day*."""
        return ceiling(self.moment(datetime.combine(day, time())), HOUR)

    def edges(self, start: Instant, end: Instant) -> tuple[Instant, ...]:
        """Return where the days from that of *start* to that of right before *end* begin.

        The last of them is where the last day ends: a day longer or shorter where clocks change.
        """
        first, last = self.wall_clock(start).date(), self.wall_clock(later(end, -1)).date()
        while self.begins(first) >= end:  # of the hour that this day has begun in, none is its own
            first -= _ONE_DAY
        stop = last if self.begins(last) >= end else last + _ONE_DAY
        days = ((first + number * _ONE_DAY) for number in range((stop - first).days + 1))
        # A day that a zone has left out, moving over the date line, has no hour.
        return tuple(sorted({self.begins(day) for day in days}))


@lru_cache(maxsize=32)
def zone(name: str) -> Zone:
    """Return the zone *name*; ValueError where there is none."""
    return Zone(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())
