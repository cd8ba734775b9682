"""Packed rows: what the rows of hours of a day count, kept once more where it is cheap to read.

The rows of a client, a project or a client's models on one day (``client#C#DAY`` and so on, see
`rollups`) count an hour each. Once the day is over, what they count is packed for each pipeline (or
whatever their sort keys end with, called the rest):

========================  ============  =====================================================
partition                 sort          counts
========================  ============  =====================================================
``daily#client#C``        ``DAY#REST``  the day's hours together: for days of UTC
``hours#client#C``        ``DAY#REST``  each of its hours: for shorter intervals, other zones
========================  ============  =====================================================

An earlier version packed the hours of each day into a partition of its own,
``hourly#client#C#DAY``. Where such rows are left, nobody reads them.

The rows of hours stay as they are. A packed row is always the sum of them as it was at some time;
the row over all of the day says until when that still is what they count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .model_counters import is_by_model
from .own_counters import folded, is_own
from .rollups import Row

DAILY, HOURLY = "daily#", "hours#"
_EARLIER = "hourly#"
HOURS_A_DAY = 24
_KINDS = ("client#", "models#", "project#")

Counts = Mapping[str, int]


class PackedCounts(NamedTuple):
    """What the hours of one rest count: by attribute, and by attribute for each hour, ``"07"``."""

    day: dict[str, int]
    hours: dict[str, dict[str, int]]


def is_counted_by_hours(partition: str) -> bool:
    """Return whether the rows of *partition* count an hour each."""
    return partition.startswith(_KINDS)


def is_packed(row: Row) -> bool:
    """Return whether *row* is a packed row."""
    return row.partition.startswith((DAILY, HOURLY, _EARLIER))


def daily_row(partition: str, rest: str) -> Row:
    """Return the row of a day's sum of *partition*, such as ``client#acme#2026-11-22``."""
    owner, _, day = partition.rpartition("#")
    return Row(f"{DAILY}{owner}", f"{day}#{rest}")


def hourly_row(partition: str, rest: str) -> Row:
    """Return the row of the hours of *partition*, packed."""
    owner, _, day = partition.rpartition("#")
    return Row(f"{HOURLY}{owner}", f"{day}#{rest}")


def hour_row(row: Row, hour: str = "00") -> Row:
    """Return the row of an *hour* that the packed *row* counts; any other row is its own."""
    if not is_packed(row):
        return row
    if row.partition.startswith(_EARLIER):
        return Row(row.partition.removeprefix(_EARLIER), f"{hour}#{row.sort}")
    owner, (day, _, rest) = row.partition.partition("#")[2], row.sort.partition("#")
    return Row(f"{owner}#{day}", f"{hour}#{rest}")


def packed_counts(rows: Iterable[tuple[str, Counts]]) -> dict[str, PackedCounts]:
    """Return what *rows* of one partition count, by rest; each is a sort key and its counts.

    Several may be parts of one row. Own counters and models beyond those that a row keeps apart are
    folded, in each hour and in the day: whoever adds up more folds these as well. A zero stays
    where its name takes a place.
    """
    sums: dict[str, dict[str, dict[str, int]]] = {}
    for sort, counts in rows:
        hour, _, rest = sort.partition("#")
        known = sums.setdefault(rest, {}).setdefault(hour, {})
        for name, count in counts.items():
            known[name] = known.get(name, 0) + count
    found = {}
    for rest, hours in sums.items():
        day: dict[str, int] = {}
        for counts in hours.values():
            for name, count in counts.items():
                day[name] = day.get(name, 0) + count
        kept = {hour: said for hour, counts in hours.items() if (said := _kept(counts))}
        found[rest] = PackedCounts(_kept(day), kept)
    return found


def _kept(counts: Counts) -> dict[str, int]:
    return {
        name: count
        for name, count in folded(counts).items()
        if count or is_own(name) or is_by_model(name)
    }
