"""Spans of time, as an analyst says them and as the API counts them.

The API counts by hours and days of UTC. A span is cut at those edges, and the interval that now
lies in is not over yet: whoever compares or draws it says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOST_DAYS = {"hour": 31, "day": 400}
_BY_HOUR_UP_TO = timedelta(days=8)


class Interval(StrEnum):
    """How long a point of a series is."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """Return its length."""
        return HOUR if self is Interval.HOUR else DAY


PRESETS = {"24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY, "90d": 90 * DAY}
USUAL_PRESET = "7d"


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, exclusive, both on edges of intervals and in UTC."""

    start: datetime
    end: datetime
    interval: Interval

    @property
    def length(self) -> timedelta:
        """Return how long it is."""
        return self.end - self.start

    @property
    def previous(self) -> Span:
        """Return the span of the same length right before it."""
        return Span(self.start - self.length, self.start, self.interval)

    def intervals(self) -> list[datetime]:
        """Return where each of its intervals begins."""
        count = -(-self.length // self.interval.length)
        return [self.start + number * self.interval.length for number in range(count)]

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.start <= moment < self.end


def usual_interval(length: timedelta) -> Interval:
    """Return the interval that shows a span of this length best."""
    return Interval.HOUR if length <= _BY_HOUR_UP_TO else Interval.DAY


def span_until(now: datetime, length: timedelta, interval: Interval) -> Span:
    """Return the span of about this length that ends with the running interval."""
    end = floor(now, interval) + interval.length
    return cut(end - length, end, interval)


def span_of_days(first: date, last: date, zone: ZoneInfo, interval: Interval) -> Span:
    """Return the span of whole days, both included: those of *zone* by hour, of UTC by day."""
    cut_in = zone if interval is Interval.HOUR else UTC
    start = datetime.combine(first, time(), cut_in).astimezone(UTC)
    end = datetime.combine(last + DAY, time(), cut_in).astimezone(UTC)
    return cut(start, end, interval)


def cut(start: datetime, end: datetime, interval: Interval) -> Span:
    """Return the whole intervals from that of *start* to that of the moment before *end*.

    What the API would refuse as too long loses its beginning.
    """
    first, last = floor(start, interval), floor(end, interval)
    if last < end:
        last += interval.length
    return Span(max(first, last - timedelta(days=MOST_DAYS[interval])), last, interval)


def floor(moment: datetime, interval: Interval) -> datetime:
    """Return where the interval that a moment lies in begins."""
    in_utc = moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return in_utc if interval is Interval.HOUR else in_utc.replace(hour=0)


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
