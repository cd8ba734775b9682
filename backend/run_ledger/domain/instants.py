"""Times and how long things take, as integers of microseconds.

An `Instant` is a point in time: microseconds since 1970-01-01T00:00:00Z. A `Duration` is a number
of microseconds between two of them. Both are plain integers at run time, so they compare, subtract
and store exactly and cost nothing; only the type checker tells them from other integers. A
duration in seconds is a plain number, and its name ends with ``_seconds``.

Text is made of instants only at the edges.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NewType, cast

Instant = NewType("Instant", int)
Duration = NewType("Duration", int)

MICROSECONDS = 1_000_000
HOUR = Duration(3_600 * MICROSECONDS)
DAY = Duration(24 * HOUR)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of *moment*, which must carry a zone.

    The result may lie outside ``EARLIEST … LATEST`` where an offset carries it over the edge.
    """
    return Instant((moment - EPOCH) // _MICROSECOND)


EARLIEST = from_datetime(datetime(1, 1, 1, tzinfo=UTC))
LATEST = from_datetime(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))


def parse(text: str) -> Instant:
    """Return the instant of *text*, an ISO 8601 time with a zone; raises ValueError for another."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, as in 2026-11-22T14:15:00Z")
    instant = from_datetime(moment)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("a time must lie in the years 1 to 9999, in UTC")
    return instant


def midnight(day: str) -> Instant:
    """Return when a day of UTC begins, ``YYYY-MM-DD``; raises ValueError for another text."""
    return parse(f"{day}T00:00:00Z")


def text(instant: Instant) -> str:
    """Return RFC 3339 in UTC with six decimals, ending in ``Z``. Texts sort in order of time."""
    moment = _PLAIN_EPOCH + timedelta(microseconds=instant)
    return moment.isoformat(timespec="microseconds") + "Z"


def clock_text(instant: Instant) -> str:
    """Return a time as people read it, to the second, such as ``2026-11-22 14:15:00 UTC``."""
    return f"{text(instant)[:19].replace('T', ' ')} UTC"


def text_or_none(instant: Instant | None) -> str | None:
    """Return the `text` of *instant*, None for None."""
    return None if instant is None else text(instant)


def day(instant: Instant) -> str:
    """Return the UTC day, ``YYYY-MM-DD``."""
    return hour(instant)[:10]


def hour(instant: Instant) -> str:
    """Return the UTC hour, ``YYYY-MM-DDTHH``."""
    return _hour(instant // HOUR)


@lru_cache(maxsize=1024)
def _hour(hours: int) -> str:
    """Return the text of an hour since 1970: the events of a batch share a few."""
    return text(Instant(hours * HOUR))[:13]


def later(instant: Instant, duration: int) -> Instant:
    """Return the instant *duration* microseconds after *instant*, before it where negative."""
    return Instant(instant + duration)


def floor(instant: Instant, length: Duration) -> Instant:
    """Return the beginning of the hour or day of UTC, by *length*, that *instant* lies in."""
    return Instant(instant // length * length)


def ceiling(instant: Instant, length: Duration) -> Instant:
    """Return the first beginning of an hour or day of UTC at or after *instant*."""
    return Instant(-(-instant // length) * length)


def every(length: Duration, start: Instant, end: Instant) -> Sequence[Instant]:
    """Return *start* and each instant *length* later than the last, while they lie before *end*."""
    return cast("Sequence[Instant]", range(start, end, length))
