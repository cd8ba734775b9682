"""Pages of lists that lie in several sorted partitions, newest first.

A *position* is text that sort keys compare with: everything at or above it has been looked through
by the pages so far, everything below it is still to come. It is the sort key of the last row that
a page looked at, or a day, which stands below all keys of that day and above all of earlier days.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from msgspec import Raw, Struct

from run_ledger.domain.instants import DAY, day, every, later, midnight

T = TypeVar("T")
_DAY = len("YYYY-MM-DD")
# Where rows of an index have to be looked through for those that match: how many a page does at
# first, and at most where matches are few and far between.
FEWEST_ROWS, MOST_ROWS = 1_000, 16_000


class Stretch(NamedTuple, Generic[T]):
    """What was read of one partition: rows by descending sort key, and whether it goes on.

    Where only some rows are given of those looked through, ``reached`` is the position of the last.
    """

    rows: Sequence[tuple[str, T]]
    goes_on: bool
    reached: str | None = None


class PageRows(NamedTuple, Generic[T]):
    """The rows of a page, and the position that it ends at; None where the list ends."""

    rows: Sequence[tuple[str, T]]
    end: str | None


class DayMap(NamedTuple):
    """How many jobs of each day lie in which parts of it, newest first; ``floor`` if it goes on.

    The parts are outcomes or shards. Everything at or above the position ``floor`` is in the map.
    """

    days: Iterable[tuple[str, Mapping[str, int]]]
    floor: str | None


class PageStart(NamedTuple):
    """Where a page begins, and what the pages before it tell of how to read it.

    ``given`` is how many rows of the day that the position lies in were looked through, None where
    that is not known; ``pace`` is how many rows a page should look through.
    """

    position: str | None
    given: int | None = None
    pace: int = FEWEST_ROWS


class Covers(Struct, frozen=True, rename={"from_": "from"}):
    """The span of time that a page looked through, newest end ``to``; None where it is open."""

    from_: str | None
    to: str | None


class ListDocument(Struct, frozen=True):
    """A page of a list."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None


def merged(stretches: Iterable[Stretch[T]], limit: int, floor: str | None) -> PageRows[T]:
    """Return the newest *limit* rows of *stretches*, as far down as all of them were read.

    Other partitions, which nobody has read yet, hold rows below the position *floor* only; None
    where there are none.
    """
    rows: list[tuple[str, T]] = []
    horizon = ""
    for stretch in stretches:
        rows += stretch.rows
        if stretch.goes_on:
            horizon = max(horizon, stretch.reached or stretch.rows[-1][0])
    rows.sort(key=lambda row: row[0], reverse=True)
    known = [row for row in rows if row[0] >= horizon]
    if len(known) > limit:
        return PageRows(known[:limit], known[limit - 1][0])
    return PageRows(known, horizon or floor)


def following(place: PageStart, looked_through: Sequence[str], end: str, *, pace: int) -> PageStart:
    """Return the place of the next page, after one at *place* that ends at *end*.

    It has *looked_through* these keys, and tells how many rows the next one should.
    """
    if is_day(end):
        return PageStart(end, 0, pace)
    day = day_of(end)
    given: int | None = sum(day_of(key) == day for key in looked_through)
    if place.position is not None and not is_day(place.position) and day_of(place.position) == day:
        given = None if place.given is None else place.given + (given or 0)
    return PageStart(end, given, pace)


def next_pace(limit: int, looked_through: int, matching: int) -> int:
    """Return how many rows should hold *limit* matches, by what a page has found, and half more."""
    wanted = 3 * limit * looked_through // (2 * max(matching, 1))
    return max(FEWEST_ROWS, min(MOST_ROWS, wanted))


def day_of(position: str) -> str:
    """Return the day that *position* lies in, or stands below."""
    return position[:_DAY]


def is_day(position: str) -> bool:
    """Return whether *position* stands below a whole day."""
    return len(position) == _DAY


def covers(start: str | None, end: str | None) -> Covers:
    """Return the span of time between two positions."""
    return Covers(from_=_moment(end), to=_moment(start))


def _moment(position: str | None) -> str | None:
    if position is None:
        return None
    return f"{position}T00:00:00.000000Z" if is_day(position) else position.partition("#")[0]


def days_down(newest: str, oldest: str) -> list[str]:
    """Return the days from *newest* down to *oldest*, both with them."""
    days = every(DAY, midnight(oldest), later(midnight(newest), 1))
    return [day(one) for one in reversed(days)]
