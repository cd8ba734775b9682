"""Intervals: how the time range of a series is checked, and cut into hours or days.

Days are those of UTC or of another time zone. An hour of UTC belongs to the local day that it
begins in (see `run_ledger.domain.zones`), and hours are those of UTC in every zone. So are three
and six hours, which begin at midnight UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    Duration,
    Instant,
    ceiling,
    every,
    floor,
    later,
    midnight,
)

if TYPE_CHECKING:
    from run_ledger.domain.zones import Zone

Interval = Literal["hour", "3h", "6h", "day"]
INTERVALS: Sequence[Interval] = ("hour", "3h", "6h", "day")
UTC = "UTC"
# Three and six hours have as many points at most as hours.
MOST_DAYS: Mapping[Interval, int] = {"hour": 31, "3h": 93, "6h": 186, "day": 400}
_LENGTH: Mapping[Interval, Duration] = {
    "hour": HOUR,
    "3h": Duration(3 * HOUR),
    "6h": Duration(6 * HOUR),
    "day": DAY,
}
_DEFAULT_LENGTH: Mapping[Interval, Duration] = {
    "hour": DAY,
    "3h": DAY,
    "6h": DAY,
    "day": Duration(30 * DAY),
}
_FIRST_IN_ZONES, _LAST_IN_ZONES = midnight("0002-01-01"), midnight("9998-12-31")


class Intervals(Struct, frozen=True):
    """The intervals of a series, from ``start`` to ``end``, which is exclusive.

    Both lie on the edges of intervals. ``edges`` is empty but for days of another zone than UTC:
    then it holds when each day begins, and when the last ends.
    """

    interval: Interval
    start: Instant
    end: Instant
    edges: tuple[Instant, ...] = ()

    @property
    def are_days_of_utc(self) -> bool:
        """Return whether these are days of UTC, for which the rows of all clients hold counts."""
        return self.interval == "day" and not self.edges

    @property
    def days_of_utc(self) -> Sequence[Instant]:
        """Return when each day of UTC begins."""
        return every(DAY, self.start, self.end)

    def beginning(self, hour: Instant) -> Instant:
        """Return the beginning of the interval that the hour from *hour* on belongs to."""
        if self.edges:
            return self.edges[bisect_right(self.edges, hour) - 1]
        return floor(hour, _LENGTH[self.interval])


Edge = Instant | date | None
"""A given end of a time range: a time, a date in the range's zone, or None for the default."""


def zone_name(name: str) -> str:
    """Return *name* where it is that of a time zone; raises ValueError otherwise."""
    if name != UTC:
        _zone(name)
    return name


def _zone(name: str) -> Zone:
    # Reading zones takes a cold function milliseconds that most requests have no use for.
    from run_ledger.domain.zones import zone  # noqa: PLC0415

    return zone(name)


def cut(interval: Interval, since: Edge, until: Edge, *, tz: str, now: Instant) -> Intervals:
    """Return the intervals from *since* to *until*, exclusive, in the zone *tz*.

    A date stands for its midnight in *tz*. Raises InvalidQuery for a time range that is empty
    or too long.
    """
    if tz == UTC:
        return _cut_in_utc(interval, _in_utc(since), _in_utc(until), now)
    zone = _zone(tz)
    return _cut_in_zone(
        zone, interval, _in_zone(zone, "from", since), _in_zone(zone, "to", until), now
    )


def _cut_in_utc(
    interval: Interval, since: Instant | None, until: Instant | None, now: Instant
) -> Intervals:
    length = _LENGTH[interval]
    end = now if until is None else until
    start = max(EARLIEST, later(end, -_DEFAULT_LENGTH[interval])) if since is None else since
    _check(start < end, end - start <= MOST_DAYS[interval] * DAY, interval, since)
    last = ceiling(end, length)
    check_end(last)
    return Intervals(interval, floor(start, length), last)


def _cut_in_zone(
    zone: Zone, interval: Interval, since: Instant | None, until: Instant | None, now: Instant
) -> Intervals:
    end = now if until is None else until
    wall_end = zone.wall_clock(end)
    if since is None:
        start = zone.moment(wall_end - timedelta(microseconds=_DEFAULT_LENGTH[interval]))
    else:
        start = since
    # As clocks there show it: a year of days is one, whether clocks changed in it or not.
    length = (wall_end - zone.wall_clock(start)) - timedelta(hours=1)
    _check(start < end, length <= timedelta(days=MOST_DAYS[interval]), interval, since)
    if interval != "day":
        step = _LENGTH[interval]
        return Intervals(interval, floor(start, step), ceiling(end, step))
    edges = zone.edges(start, end)
    return Intervals(interval, edges[0], edges[-1], edges)


def check_order(is_ordered: bool, since: Instant | None) -> None:  # noqa: FBT001
    """Raise InvalidQuery for an empty time range; *since* is its start, where it was given."""
    if not is_ordered:
        parameter = "to" if since is None else "from"
        raise InvalidQuery(parameter, "the time range is empty: from must lie before to")


def check_end(end: Instant) -> None:
    """Raise InvalidQuery where days or hours would end later than times can be written."""
    if end > LATEST:
        raise InvalidQuery("to", "allowed: a time before the last day of the year 9999")


def _check(
    is_ordered: bool,  # noqa: FBT001
    fits_limit: bool,  # noqa: FBT001
    interval: Interval,
    since: Instant | None,
) -> None:
    """Raise InvalidQuery for a time range that is empty or too long."""
    check_order(is_ordered, since)
    if not fits_limit:
        most = MOST_DAYS[interval]
        raise InvalidQuery(
            "from", f"more than {most} days before the end; by {interval} that is the most"
        )


def _in_utc(edge: Edge) -> Instant | None:
    return midnight(str(edge)) if isinstance(edge, date) else edge


def _in_zone(zone: Zone, parameter: str, edge: Edge) -> Instant | None:
    """Return the given time, or for a date when the first hour that belongs to it begins."""
    moment = _in_utc(edge)
    if moment is not None and not _FIRST_IN_ZONES <= moment <= _LAST_IN_ZONES:
        raise InvalidQuery(parameter, "allowed with tz: a time in the years 2 to 9998")
    return zone.begins(edge) if isinstance(edge, date) else moment
