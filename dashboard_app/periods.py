"""Periods of time, as an analyst chooses them and as the API counts them.

The API counts by hours of UTC, and adds hours up to three and six hours from midnight UTC, and to
days of UTC or of another zone. A period begins
and ends at such an hour or day. Its last interval may still be running: charts and comparisons mark
or leave it out.

An hour of UTC belongs to the local day in which it begins, as in the API. Where midnight lies in
the middle of such an hour (India), the day is counted from the next whole hour. A day on which
clocks change has 23 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC_DAYS = ZoneInfo("UTC")
MOST_DAYS = {"hour": 31, "3h": 93, "6h": 186, "day": 400}
MOST_ERROR_DAYS = 92
_MOMENT = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BY_HOUR_UP_TO = timedelta(days=8)


class IntervalLength(StrEnum):
    """The length of one point of a series."""

    HOUR = "hour"
    THREE_HOURS = "3h"
    SIX_HOURS = "6h"
    DAY = "day"

    @property
    def step(self) -> timedelta:
        """Return the length; that of a day on which no clock changes."""
        return _STEPS[self]


_STEPS = {
    IntervalLength.HOUR: HOUR,
    IntervalLength.THREE_HOURS: 3 * HOUR,
    IntervalLength.SIX_HOURS: 6 * HOUR,
    IntervalLength.DAY: DAY,
}
PRESETS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
USUAL_PRESET = "7d"
RECENT = ("Last 2 hours", "Today", "Yesterday")
"""Times of a list to the minute, which need no whole hours as series do."""


@dataclass(frozen=True)
class Period:
    """A period from `start` to `end` (exclusive), in UTC, in whole intervals.

    Where the interval is a day, the days are those of `zone`.
    """

    start: datetime
    end: datetime
    interval: IntervalLength
    zone: ZoneInfo = UTC_DAYS

    @property
    def length(self) -> timedelta:
        """Return the length."""
        return self.end - self.start

    @property
    def days(self) -> int:
        """Return the number of days, by the calendar of the zone."""
        return (self._day(self.end - _MOMENT) - self._day(self.start)).days + 1

    @property
    def previous(self) -> Period:
        """Return the period of as many hours or days that ends where this one begins."""
        if self.interval is not IntervalLength.DAY:
            return replace(self, start=self.start - self.length, end=self.start)
        first = self._day(self.start) - self.days * DAY
        return replace(self, start=begin_of(first, self.zone), end=self.start)

    def intervals(self) -> list[datetime]:
        """Return the beginning of each interval."""
        if self.interval is not IntervalLength.DAY:
            step = self.interval.step
            return [self.start + number * step for number in range(-(-self.length // step))]
        first = self._day(self.start)
        return [begin_of(first + number * DAY, self.zone) for number in range(self.days)]

    def end_of(self, begin: datetime) -> datetime:
        """Return the end of the interval that begins at `begin`."""
        if self.interval is not IntervalLength.DAY:
            return min(begin + self.interval.step, self.end)
        return begin_of(self._day(begin) + DAY, self.zone)

    def _day(self, moment: datetime) -> date:
        return day_of(moment, self.zone)


@lru_cache(4_096)
def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of the first hour of UTC that belongs to a day."""
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    return floor_hour(midnight + HOUR - _MOMENT)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day to which the hour of a moment belongs."""
    return floor_hour(moment).astimezone(zone).date()


def usual_interval(length: timedelta) -> IntervalLength:
    """Return the interval for a period of this length: an hour up to 8 days, else a day."""
    return IntervalLength.HOUR if length <= _BY_HOUR_UP_TO else IntervalLength.DAY


def period_until(
    now: datetime, length: timedelta, interval: IntervalLength, zone: ZoneInfo = UTC_DAYS
) -> Period:
    """Return the period of this length, in whole intervals, that ends with the running one."""
    if interval is not IntervalLength.DAY:
        end = _floor(now, interval.step) + interval.step
        return cut(end - length, end, interval, zone)
    today = day_of(now, zone)
    first = today - (-(-length // DAY) - 1) * DAY
    return cut(begin_of(first, zone), begin_of(today + DAY, zone), interval, zone)


def period_of_days(
    first: date,
    last: date,
    zone: ZoneInfo,
    interval: IntervalLength,
    counted: ZoneInfo | None = None,
) -> Period:
    """Return the period from the first to the last day, both included.

    The days are those of `zone`. By day, they are those of `counted`, if that is given.
    """
    days = zone if counted is None or interval is not IntervalLength.DAY else counted
    return cut(begin_of(first, days), begin_of(last + DAY, days), interval, days)


def cut(
    start: datetime, end: datetime, interval: IntervalLength, zone: ZoneInfo = UTC_DAYS
) -> Period:
    """Return the period of whole intervals in which `start` and the moment before `end` lie.

    If it is longer than the API allows, return its last part.
    """
    if interval is not IntervalLength.DAY:
        step = interval.step
        last = _floor(end + step - _MOMENT, step)
        first = max(_floor(start, step), last - timedelta(days=MOST_DAYS[interval]))
        return Period(first, last, interval, zone)
    last_day = day_of(end - _MOMENT, zone)
    first_day = max(day_of(start, zone), last_day - (MOST_DAYS[interval] - 1) * DAY)
    return Period(begin_of(first_day, zone), begin_of(last_day + DAY, zone), interval, zone)


def recent(name: str, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the beginning and end (exclusive) of a time of `RECENT`, in days of a zone.

    The present minute is part of it, as far as it isn't over yesterday.
    """
    end = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    today = datetime.combine(now.astimezone(zone).date(), time(), zone)
    if name == "Last 2 hours":
        return end - timedelta(hours=2, minutes=1), end
    if name == "Today":
        return today.astimezone(UTC), end
    yesterday = datetime.combine(today.date() - DAY, time(), zone)
    return yesterday.astimezone(UTC), today.astimezone(UTC)


def error_days(period: Period) -> Period:
    """Return the days of UTC that a period touches, the last 92 at most.

    Failures are counted by days of UTC alone, and a page sends one request for each day.
    """
    days = cut(period.start, period.end, IntervalLength.DAY)
    return replace(days, start=max(days.start, days.end - MOST_ERROR_DAYS * DAY))


def floor_hour(moment: datetime) -> datetime:
    """Return the beginning of the hour of UTC in which a moment lies."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _floor(moment: datetime, step: timedelta) -> datetime:
    """Return the beginning of the interval of hours, counted from midnight UTC, of a moment."""
    return moment.astimezone(UTC) - (moment - _EPOCH) % step


def as_text(moment: datetime) -> str:
    """Return a moment as the API takes it, exactly: 2026-11-22T15:00:00Z."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def from_text(text: str) -> datetime | None:
    """Return the moment that a text names, in UTC; None where it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
