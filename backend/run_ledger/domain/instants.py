"""Instants are integers: microseconds since 1970-01-01T00:00:00Z.

Integers compare, subtract and store exactly; text is made of them only at the edges.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

MICROSECONDS = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = _EPOCH.replace(tzinfo=None)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST = (datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC) - _EPOCH) // _MICROSECOND


def from_datetime(moment: datetime) -> int:
    """Return the instant of *moment*, which must carry a zone.

    The result may lie outside ``EARLIEST … LATEST`` where an offset carries it over the edge.
    """
    return (moment - _EPOCH) // _MICROSECOND


def parse(text: str) -> int:
    """Return the instant that the ISO 8601 *text* with a zone names; ValueError otherwise."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone, as in 2026-11-22T14:15:00Z")
    instant = from_datetime(moment)
    if not EARLIEST <= instant <= LATEST:
        raise ValueError("a time must lie in the years 1 to 9999, in UTC")
    return instant


def text(instant: int) -> str:
    """Return RFC 3339 in UTC with six decimals, ending in ``Z``: its order is that of time."""
    moment = _PLAIN_EPOCH + timedelta(microseconds=instant)
    return moment.isoformat(timespec="microseconds") + "Z"


def day(instant: int) -> str:
    """Return the UTC day, ``YYYY-MM-DD``."""
    return hour(instant)[:10]


def hour(instant: int) -> str:
    """Return the UTC hour, ``YYYY-MM-DDTHH``."""
    return _hour(instant // (3600 * MICROSECONDS))


@lru_cache(maxsize=1024)
def _hour(hours: int) -> str:
    """Return the text of an hour since 1970: the events of a batch share a few."""
    return text(hours * 3600 * MICROSECONDS)[:13]
