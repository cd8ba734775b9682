"""Days of a time zone, made of hours of UTC, as counts are kept by these.

An hour of UTC belongs to the local day that it begins in. In most zones days begin with an hour of
UTC. Where they begin in the middle of an hour (India, Nepal, parts of Australia), that hour is the
last one of the day before. So a day is counted from the first hour of UTC that begins in it.

A request without a zone needs nothing of this module, so it is imported only for those with one.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from run_ledger.domain.instants import EPOCH, HOUR, Instant, ceiling, from_datetime, later

_ONE_DAY = timedelta(days=1)


class Zone:
    """A time zone, by its IANA name. Its rules always come from the package tzdata."""

    def __init__(self, name: str) -> None:
        """Read the zone *name*; raises ValueError where there is none."""
        if name not in _names():
            raise ValueError(name)
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
            self._rules = ZoneInfo.from_file(rules, key=name)

    @property
    def rules(self) -> ZoneInfo:
        """Return the zone as Python's times take it."""
        return self._rules

    def wall_clock(self, moment: Instant) -> datetime:
        """Return the date and time that clocks in the zone show at *moment*."""
        there = (EPOCH + timedelta(microseconds=moment)).astimezone(self._rules)
        return there.replace(tzinfo=None, fold=0)

    def moment(self, wall_clock: datetime) -> Instant:
        """Return when clocks show *wall_clock*: the first time where they show it twice."""
        return from_datetime(wall_clock.replace(tzinfo=self._rules))

    def begins(self, day: date) -> Instant:
        """Return when the first hour of UTC begins that belongs to *day*."""
        first = ceiling(self.moment(datetime.combine(day, time())), HOUR)
        # Where clocks went back right after midnight, an hour of the day before follows.
        return later(first, HOUR) if self.wall_clock(first).date() < day else first

    def edges(self, start: Instant, end: Instant) -> tuple[Instant, ...]:
        """Return when each day begins from that of *start* to that right before *end*.

        One more instant follows: when the last day ends. Days differ in length where clocks change.
        """
        first, last = self.wall_clock(start).date(), self.wall_clock(later(end, -1)).date()
        while self.begins(first) >= end:  # no hour of the time range belongs to this day
            first -= _ONE_DAY
        stop = last if self.begins(last) >= end else last + _ONE_DAY
        days = ((first + number * _ONE_DAY) for number in range((stop - first).days + 1))
        # A day that a zone left out when it moved over the date line has no hours.
        return tuple(sorted({self.begins(day) for day in days}))


@lru_cache(maxsize=32)
def zone(name: str) -> Zone:
    """Return the zone *name*; raises ValueError where there is none."""
    return Zone(name)


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split())
