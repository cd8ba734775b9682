"""What compaction must have made of a day's rows: one item of each hour that is over, packed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES

from run_ledger.domain.state.packed_texts import unpacked
from run_ledger.domain.state.rollups import Row

_OF_HOURS = re.compile(r"all|(client|project|models)#.+#\d{4}-\d\d-\d\d")
"""The partitions whose rows are compacted, or of which each row is a day."""

_MOST_COUNTS = 500
"""A shard with more of them is not merged: record 99 says so."""


def uncompacted(store: Dynamo, today: str) -> Iterator[str]:
    """Yield what is left to do for a compactor, when all hours have long been over.

    Only the row over all of *today* waits, since that day is not over. A row of one item is what it
    counts, so that its sum needs no knowledge of half-done merges. Two things may be beside it: a
    shard with more counts than one expression holds; and over all the item that says what is
    packed, which counts nothing.
    """
    parts: Counter[tuple[str, str]] = Counter()
    for item in store.items(NAMES.rollups):
        partition, sort = item["pk"]["S"], item["sk"]["S"]
        row, shard = (partition, sort.rpartition("#")[0]), sort.rpartition("#")[2]
        if _OF_HOURS.fullmatch(partition) is None or row == ("all", today):
            continue
        counts = sum("N" in one for one in item.values())
        parts[row] += counts <= _MOST_COUNTS and not (shard == "packed" and counts == 0)
        if "pending" in item:
            yield f"compaction of {row}: its last merge is not confirmed"
    for row, items in parts.items():
        if items > 1:
            yield f"compaction of {row}: it has {items} items that could be one"


def unlike_packed(
    store: Dynamo, rows: Mapping[Row, Mapping[str, int]], today: str
) -> Iterator[str]:
    """Yield the packed rows that are not the sum of *rows*, of all days before *today*.

    Answers show some of them alone.
    """
    wanted: dict[tuple[str, str], Counter[str]] = {}
    for (partition, sort), counts in rows.items():
        day, (hour, _, rest) = partition[-10:], sort.partition("#")
        if partition == "all" or not _OF_HOURS.fullmatch(partition) or day >= today:
            continue
        for kind, of in (("daily", ""), ("hours", f"{hour} ")):
            sums = wanted.setdefault((f"{kind}#{partition[:-11]}", f"{day}#{rest}"), Counter())
            sums.update({f"{of}{name}": count for name, count in counts.items() if count})
    found: dict[tuple[str, str], Counter[str]] = {}
    for item in store.items(NAMES.rollups):
        if "p" in item:
            row = (item["pk"]["S"], item["sk"]["S"].removesuffix("#packed"))
            found[row] = Counter(dict(_told(unpacked(item["p"]["B"]))))
    for row in sorted({*wanted, *found}):
        if found.get(row) != (expected := wanted.get(row, Counter())):
            yield f"packed row {row}: {found.get(row)}, not {expected}"


def _told(packed: Mapping[str, int | list[int | None]]) -> Iterator[tuple[str, int]]:
    for name, counted in packed.items():
        if isinstance(counted, int):
            yield name, counted
        else:
            yield from ((f"{n:02d} {name}", one) for n, one in enumerate(counted) if one)
