"""Spans of time, as an analyst says them and as the API counts them.

The API counts by hours of UTC, and adds them up to days of UTC or of a zone. A span is cut at those
edges, and the interval that now lies in is not over yet: whoever compares or draws it says so.

An hour of UTC belongs to the local day that it begins in, as the API has it: where midnight lies in
the middle of one (India), the day is counted from the first whole hour. A day in which clocks
change has 23 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UTC_DAYS = ZoneInfo("UTC")
MOST_DAYS = {"hour": 31, "day": 400}
_MOMENT = timedelta(microseconds=1)
_BY_HOUR_UP_TO = timedelta(days=8)


class Interval(StrEnum):
    """How long a point of a series is."""

    HOUR = "hour"
    DAY = "day"


PRESETS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
USUAL_PRESET = "7d"


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, exclusive, both on edges of intervals and in UTC.

    `zone` is that whose days are meant, where the interval is a day.
    """

    start: datetime
    end: datetime
    interval: Interval
    zone: ZoneInfo = UTC_DAYS

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.end - self.start

    @property
    def days(self) -> int:
        """Return how many days it has, by the calendar of its zone."""
        return (self._day(self.end - _MOMENT) - self._day(self.start)).days + 1

    @property
    def previous(self) -> Span:
        """Return the span right before it, of as many hours or as many days."""
        if self.interval is Interval.HOUR:
            return replace(self, start=self.start - self.length, end=self.start)
        first = self._day(self.start) - self.days * DAY
        return replace(self, start=begin_of(first, self.zone), end=self.start)

    def intervals(self) -> list[datetime]:
        """Return where each of its intervals begins."""
        if self.interval is Interval.HOUR:
            return [self.start + number * HOUR for number in range(-(-self.length // HOUR))]
        first = self._day(self.start)
        return [begin_of(first + number * DAY, self.zone) for number in range(self.days)]

    def end_of(self, begin: datetime) -> datetime:
        """Return where the interval ends that begins then."""
        if self.interval is Interval.HOUR:
            return begin + HOUR
        return begin_of(self._day(begin) + DAY, self.zone)

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.start <= moment < self.end

    def _day(self, moment: datetime) -> date:
        return day_of(moment, self.zone)


@lru_cache(4_096)
def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """Return where the first hour of UTC begins that belongs to a day."""
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    return floor_hour(midnight + HOUR - _MOMENT)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """Return the day that the hour of a moment belongs to."""
    return floor_hour(moment).astimezone(zone).date()


def usual_interval(length: timedelta) -> Interval:
    """Return the interval that shows a span of this length best."""
    return Interval.HOUR if length <= _BY_HOUR_UP_TO else Interval.DAY


def span_until(
    now: datetime, length: timedelta, interval: Interval, zone: ZoneInfo = UTC_DAYS
) -> Span:
    """Return the span of about this length that ends with the running interval."""
    if interval is Interval.HOUR:
        end = floor_hour(now) + HOUR
        return cut(end - length, end, interval, zone)
    today = day_of(now, zone)
    first = today - (-(-length // DAY) - 1) * DAY
    return cut(begin_of(first, zone), begin_of(today + DAY, zone), interval, zone)


def span_of_days(
    first: date, last: date, zone: ZoneInfo, interval: Interval, counted: ZoneInfo | None = None
) -> Span:
    """Return the span of whole days of *zone*, both included; by day of those of *counted*."""
    days = zone if counted is None or interval is Interval.HOUR else counted
    return cut(begin_of(first, days), begin_of(last + DAY, days), interval, days)


def cut(start: datetime, end: datetime, interval: Interval, zone: ZoneInfo = UTC_DAYS) -> Span:
    """Return the whole intervals from that of *start* to that of the moment before *end*.

    What the API would refuse as too long loses its beginning.
    """
    if interval is Interval.HOUR:
        last = floor_hour(end + HOUR - _MOMENT)
        first = max(floor_hour(start), last - timedelta(days=MOST_DAYS[interval]))
        return Span(first, last, interval, zone)
    last_day = day_of(end - _MOMENT, zone)
    first_day = max(day_of(start, zone), last_day - (MOST_DAYS[interval] - 1) * DAY)
    return Span(begin_of(first_day, zone), begin_of(last_day + DAY, zone), interval, zone)


def floor_hour(moment: datetime) -> datetime:
    """Return where the hour of UTC begins that a moment lies in."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def written(moment: datetime) -> str:
    """Return a moment as the API takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_moment(text: str) -> datetime | None:
    """Return the moment that a link names; None for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
