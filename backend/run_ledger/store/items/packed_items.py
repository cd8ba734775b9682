"""Packed rows as items, and what says that they may be read in place of the rows of hours.

A packed row is one item, with the shard `PACKED`:

========  ====================================================================================
``p``     what it counts, as compressed JSON: ``{"created": 3}`` of a day; of hours a list of
          24 for each attribute, null where an hour has no such count
``at``    when that changed last, in seconds since 1970
========  ====================================================================================

The row over all of a day says whether the packed rows of that day are what the rows of its hours
count. Each write to one of these sets ``seen`` in the row over all, in the same transaction, to the
time at which the writer took the batch in: less than `MOST_AGE` before. A repair, which has no such
time, sets ``mended`` there, in the shard of audits, to something new. Once a walk of the compactor
has found all packed rows of a day to be right, and not just written, its item `PACKED` over all has

============  ================================================================================
``right``     when that walk began
``repaired``  what ``mended`` was then
``open``      whether rows of hours have shards that are to be merged, as "1": there is more to do
============  ================================================================================

So, whatever comes afterwards, by a writer of whichever version, shows: see `PackedDay.is_current`.

An earlier version packs otherwise, and notes ``done`` and ``mended`` in the same item. Neither
version goes by what the other noted, or puts it right: packed rows of the one are none of the
other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.instants import HOUR, Instant, later
from run_ledger.domain.state.packed_rows import (
    HOURLY,
    HOURS_A_DAY,
    PackedCounts,
    daily_row,
    hour_row,
    hourly_row,
    packed_counts,
)
from run_ledger.domain.state.packed_texts import as_packed, unpacked
from run_ledger.domain.state.rollups import ALL, Row
from run_ledger.store.dynamo.attributes import Attribute, Item, bytes_of, to_item

from .rollup_items import (
    MOVED_AT,
    SEEN,
    WAS_SEEN,
    as_counted,
    counts_of,
    key_of_shard,
    shard_of_item,
    sort_of,
)

PACKED = "packed"
COUNTS, RIGHT, REPAIRED, OPEN = "p", "right", "repaired", "open"
MENDED = "mended"
MARKED = ("sk", SEEN, WAS_SEEN, RIGHT, REPAIRED, OPEN, MENDED)
"""What `packed_days` needs of items of rows over all."""
MOST_AGE = HOUR
"""No batch that a writer has taken in is posted so long afterwards."""
_HOURS = [f"{hour:02d}" for hour in range(HOURS_A_DAY)]


class PackedDay(Struct, frozen=True):
    """What the row over all of a day says about the packed rows of that day."""

    day: str
    seen_at: Instant = Instant(0)
    right_at: Instant | None = None
    mended: str = ""
    right_with: str = ""
    is_open: bool = False

    @property
    def is_current(self) -> bool:
        """Return whether the packed rows are what the rows of hours count."""
        return (
            self.right_at is not None
            and later(self.seen_at, MOST_AGE) <= self.right_at
            and self.mended == self.right_with
        )


def packed_days(items: Iterable[Mapping[str, Attribute]]) -> dict[str, PackedDay]:
    """Return what *items*, all of some rows over all, say about the packed rows of each day."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        known = found.setdefault(sort_of(item), {})
        # A shard may be seen as it is after a merge, and what it was merged into as before.
        seen = [int(item[name]["S"]) for name in (SEEN, WAS_SEEN) if name in item]
        known["seen_at"] = max(known.get("seen_at", 0), *seen, 0)
        if shard_of_item(item) != PACKED:
            known["mended"] = item.get(MENDED, {}).get("S", known.get("mended", ""))
        elif RIGHT in item:
            known["right_at"] = int(item[RIGHT]["S"])
            known["right_with"] = item.get(REPAIRED, {}).get("S", "")
            known["is_open"] = OPEN in item
    return {day: PackedDay(day, **known) for day, known in found.items()}


def key_of_day(day: str) -> Item:
    """Return the key of the item over all that says about a day's packed rows."""
    return key_of_shard(Row(ALL, day), PACKED)


def items_of(partition: str, counted: Mapping[str, PackedCounts]) -> dict[Row, bytes]:
    """Return the packed rows of *partition*, and what each has as `COUNTS`."""
    found = {}
    for rest, counts in counted.items():
        found[daily_row(partition, rest)] = as_packed(counts.day)
        names = sorted({name for hour in counts.hours.values() for name in hour})
        by_name = {
            name: [counts.hours.get(hour, {}).get(name) for hour in _HOURS] for name in names
        }
        found[hourly_row(partition, rest)] = as_packed(by_name)
    return found


def wanted_rows(partition: str, items: Iterable[Any]) -> dict[Row, bytes]:
    """Return what the packed rows of *partition* must hold, of which *items* are all."""
    counted = as_counted(items)
    return items_of(partition, packed_counts((sort_of(item), counts_of(item)) for item in counted))


def packed_item(row: Row, packed: bytes, at_seconds: int) -> Item:
    """Return the item of a packed row that holds what `items_of` gives."""
    key = {"pk": row.partition, "sk": f"{row.sort}#{PACKED}"}
    return to_item({**key, COUNTS: packed, MOVED_AT: str(at_seconds)})


def rows_in(item: Mapping[str, Attribute]) -> Iterator[tuple[Row, dict[str, int]]]:
    """Yield the rows of hours that a packed *item* stands for, and what they count.

    A sum of a day stands in its first hour.
    """
    row = Row(item["pk"]["S"], sort_of(item))
    told = unpacked(bytes_of(item[COUNTS]))
    if not row.partition.startswith(HOURLY):
        yield hour_row(row), told
        return
    for number, hour in enumerate(_HOURS):
        counts = {name: one[number] for name, one in told.items() if one[number] is not None}
        if counts:
            yield hour_row(row, hour), counts


NOTHING = as_packed({})
"""What a row has as `COUNTS` that counts nothing."""
