"""Pages of lists whose rows lie in several sorted partitions, newest first.

A *position* is a text that is compared with sort keys. The pages so far have looked through
everything at or above it; everything below it is still to come. It is the sort key of the last row
that a page looked at (``2026-11-22T14:15:00.000000Z#job-1``), or a day (``2026-11-22``), which
sorts below all keys of that day and above all keys of earlier days.

An answer over many clients says which of them it is without: what alone is too much for an answer
never takes the rest away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

from msgspec import Raw, Struct

from run_ledger.domain.instants import DAY, day, every, later, midnight

T = TypeVar("T")
_DAY = len("YYYY-MM-DD")
# How many rows of an index a page looks through for those that match: at first, and at most where
# few rows match.
FEWEST_ROWS, MOST_ROWS = 1_000, 16_000
# Of what an answer is without so many are named, and further ones only counted.
MOST_NAMED = 100


class Stretch(Struct, Generic[T], frozen=True):
    """Rows read from one partition, by descending sort key; it ``goes_on`` where more follow.

    Where only matching rows are kept, ``reached`` is the position of the last row looked through.
    """

    rows: Sequence[tuple[str, T]]
    goes_on: bool
    reached: str | None = None


class PageRows(NamedTuple, Generic[T]):
    """The rows of a page, and the position that it ends at: None on the last page."""

    rows: Sequence[tuple[str, T]]
    end: str | None


class DayMap(Struct, frozen=True):
    """How many jobs lie in each part of each day, the newest day first.

    The parts are outcomes or shards: ``("2026-11-22", {"failed": 2, "running": 1})``. The map holds
    everything at or above the position ``floor``; None where it holds all days.
    """

    days: Iterable[tuple[str, Mapping[str, int]]]
    floor: str | None


class PageStart(NamedTuple):
    """Where a page begins, and what the pages before it found out about the list.

    ``given`` counts the rows of the position's day that were looked through, None where that is not
    known. ``pace`` is the number of rows that the page should look through.
    """

    position: str | None
    given: int | None = None
    pace: int = FEWEST_ROWS


class Covers(Struct, frozen=True, rename={"from_": "from"}):
    """The time range that a page looked through; an end is null where the range is open."""

    from_: str | None
    to: str | None


class ListDocument(Struct, frozen=True):
    """A page of a list."""

    items: Sequence[Raw]
    next_cursor: str | None
    covers: Covers | None


class LeftOutDocument(Struct, frozen=True):
    """How many clients and projects an answer is without, and the ids of some of them.

    ``after`` is null, except where there are more clients than can be looked through: then all
    clients whose id sorts after it are left out, too, and are not counted.
    """

    count: int
    clients: Sequence[str]
    projects: Sequence[str]
    after: str | None


class PartialListDocument(ListDocument, frozen=True, kw_only=True):
    """A page of a list over many clients; ``left_out`` says whose items it is without."""

    left_out: LeftOutDocument | None


def merged(stretches: Iterable[Stretch[T]], limit: int, floor: str | None) -> PageRows[T]:
    """Return the newest *limit* rows of *stretches*, down to where all of them were read.

    Partitions that have not been read yet hold only rows below the position *floor*; it is None
    where there are no such partitions.
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


def following(start: PageStart, looked_through: Sequence[str], end: str, *, pace: int) -> PageStart:
    """Return the start of the next page, after a page from *start* that ends at *end*.

    That page has *looked_through* these sort keys; *pace* is for the next page.
    """
    if is_day(end):
        return PageStart(end, 0, pace)
    day = day_of(end)
    given: int | None = sum(day_of(key) == day for key in looked_through)
    if start.position is not None and not is_day(start.position) and day_of(start.position) == day:
        given = None if start.given is None else start.given + (given or 0)
    return PageStart(end, given, pace)


def next_pace(limit: int, looked_through: int, matching: int) -> int:
    """Return the rows to look through for *limit* matches, and half more, by a page's findings."""
    wanted = 3 * limit * looked_through // (2 * max(matching, 1))
    return max(FEWEST_ROWS, min(MOST_ROWS, wanted))


def day_of(position: str) -> str:
    """Return the day that *position* lies in or sorts below: its first ten characters."""
    return position[:_DAY]


def is_day(position: str) -> bool:
    """Return whether *position* is a day."""
    return len(position) == _DAY


def covers(start: str | None, end: str | None) -> Covers:
    """Return the time range between two positions."""
    return Covers(from_=_moment(end), to=_moment(start))


def _moment(position: str | None) -> str | None:
    if position is None:
        return None
    return f"{position}T00:00:00.000000Z" if is_day(position) else position.partition("#")[0]


def days_down(newest: str, oldest: str) -> list[str]:
    """Return the days from *newest* down to *oldest*, both included."""
    days = every(DAY, midnight(oldest), later(midnight(newest), 1))
    return [day(one) for one in reversed(days)]


def left_out(
    clients: Collection[str], projects: Collection[str] = (), after: str | None = None
) -> LeftOutDocument | None:
    """Return what is left out, None where nothing is."""
    if not clients and not projects and after is None:
        return None
    return LeftOutDocument(
        count=len(clients) + len(projects),
        clients=sorted(clients)[:MOST_NAMED],
        projects=sorted(projects)[:MOST_NAMED],
        after=after,
    )


class Chosen(NamedTuple):
    """Names that an answer has room for, sorted, and those that it has no room for."""

    kept: Sequence[str]
    dropped: Sequence[str]


def largest(names: Collection[str], jobs: Mapping[str, int], most: int) -> Chosen:
    """Return the *most* of *names* that have most *jobs*, and of equal ones the first by name."""
    if len(names) <= most:
        return Chosen(sorted(names), [])
    ranked = sorted(names, key=lambda name: (-jobs.get(name, 0), name))
    return Chosen(sorted(ranked[:most]), sorted(ranked[most:]))
