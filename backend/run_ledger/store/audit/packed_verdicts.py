"""Which packed rows are not the sum of the rows of hours, of days whose packed rows are read.

What says so of a day is read before and after its rows, and both times it must say the same. Then
nothing was counted in between, and whatever differs is wrong: a packed row was altered or lost, or
one is there that nobody packed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from run_ledger.domain.state.packed_rows import hour_row, is_counted_by_hours
from run_ledger.domain.state.packed_texts import unpacked
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import Item, bytes_of
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import (
    COUNTS,
    NOTHING,
    PackedDay,
    wanted_rows,
)
from run_ledger.store.items.rollup_items import sort_of
from run_ledger.store.lists.packed_reads import read_packed, read_packed_days

from .repairs import mark_of_repair
from .row_sums import RowChange

_PARTITIONS_AT_ONCE = 64

Changes = Mapping[str, RowChange]


class PackedVerdicts(NamedTuple):
    """Which packed rows are right, and which are wrong and how: ``"07 created"`` is of an hour."""

    right: frozenset[Row]
    wrong: Mapping[Row, Changes]


def judge_packed(reading: Reading, partitions: Iterable[str]) -> PackedVerdicts:
    """Judge the packed rows of *partitions* of hours; others among them are left out."""
    by_day: dict[str, list[str]] = {}
    for one in sorted({*partitions}):
        if is_counted_by_hours(one):
            by_day.setdefault(one[-10:], []).append(one)
    before = _current(reading, by_day)
    wanted = [one for day in sorted(before) for one in by_day[day]]
    found: dict[Row, Changes] = {}
    for some in portions(wanted, _PARTITIONS_AT_ONCE):
        calls: Sequence[Callable[[], dict[Row, Changes]]] = [
            partial(_judged, reading, one) for one in some
        ]
        for judged in reading.together(calls):
            found |= judged
    after = _current(reading, before)
    certain = {
        row: changes
        for row, changes in found.items()
        if before[day := hour_row(row).partition[-10:]] == after.get(day)
    }
    return PackedVerdicts(
        frozenset(row for row, changes in certain.items() if not changes),
        {row: changes for row, changes in certain.items() if changes},
    )


def mend_packed(reading: Reading, rows: Iterable[Row]) -> None:
    """Let nobody read the packed rows of the days of *rows* until they are made anew."""
    for day in sorted({hour_row(row).partition[-10:] for row in rows}):
        action = mark_of_repair(reading.tables.rollups, day)
        reading.alone(partial(reading.client.update_item, **action["Update"]))


def _current(reading: Reading, days: Collection[str]) -> dict[str, PackedDay]:
    """Return what says that the packed rows of *days* are read, for those of which it does."""
    if not days:
        return {}
    told: list[PackedDay] = reading.alone(
        partial(
            read_packed_days,
            reading.client,
            reading.tables.rollups,
            min(days),
            max(days),
        )
    )
    return {one.day: one for one in told if one.is_current and one.day in days}


def _judged(reading: Reading, partition: str) -> dict[Row, Changes]:
    """Return what is wrong with each packed row of a partition."""
    client, table = reading.client, reading.tables.rollups
    query = QueryBuilder(table, "pk", partition)
    stored = {
        Row(item["pk"]["S"], sort_of(item)): item for item in read_packed(client, table, partition)
    }
    hours = every_item(client.query, query.request(consistent=True))
    wanted = wanted_rows(partition, hours)
    return {row: _changes(stored.get(row), wanted.get(row, NOTHING)) for row in {*stored, *wanted}}


def _changes(stored: Item | None, wanted: bytes) -> Changes:
    known, right = _counts_in(stored), _flat(unpacked(wanted))
    return {
        name: RowChange(known.get(name, 0), right.get(name, 0) - known.get(name, 0))
        for name in sorted({*known, *right})
        if known.get(name, 0) != right.get(name, 0)
    }


def _counts_in(item: Item | None) -> dict[str, int]:
    """Return what an item counts; where nobody can read that, it counts once that it has it."""
    if item is None:
        return {}
    try:
        return _flat(unpacked(bytes_of(item[COUNTS])))
    except (LookupError, TypeError, ValueError):
        return {COUNTS: 1}


def _flat(told: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, one in told.items():
        if isinstance(one, list):
            found |= {f"{hour:02d} {name}": n for hour, n in enumerate(one) if n is not None}
        else:
            found[name] = one
    return found
