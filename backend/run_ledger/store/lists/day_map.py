"""The map of the days: how many of a day's jobs are in which outcome now, and in which shards.

It comes from the rollups. With it, lists need not read days without a match. One Query reads it,
newest day first; days before the map's floor were not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from run_ledger.domain.api.pages import DayMap, day_of, is_day
from run_ledger.domain.state.rollups import DAY_SHARDS, DAYS, NOW, SHARD
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading

# Sorts after all shards of a day and before the next day.
_AFTER_SHARDS = "$"
_SHARDS = {f"{SHARD}{shard}": str(shard) for shard in range(DAY_SHARDS)}


def read_day_map(
    reading: Reading,
    outcomes: Collection[str] | None,
    *,
    start: str | None,
    low: str | None = None,
    rows: int | None = None,
) -> DayMap:
    """Return the map of the days with something between *start* and *low*, from so many *rows*.

    *rows* is None for as many as one answer holds. For each day the map has the number of jobs in
    each of *outcomes*; where that is None, the number of jobs in each shard.
    """
    names = _SHARDS if outcomes is None else {f"{NOW}{outcome}": outcome for outcome in outcomes}
    query = QueryBuilder(reading.tables.rollups, "pk", DAYS)
    below = start
    if start is not None and not is_day(start):
        # No sort key equals a day or ends like this, so the range holds neither of its ends.
        below = day_of(start) + _AFTER_SHARDS
    query.sort_between("sk", low=None if low is None else day_of(low), below=below)
    answer = reading.client.query(**query.request(["sk", *names], limit=rows, descending=True))
    items: Sequence[Any] = answer["Items"]
    floor = None
    if "LastEvaluatedKey" in answer:
        # The last day may have more rows than were read, unless it fills the whole answer.
        last, whole = _day(items[-1]), len(items)
        while whole and _day(items[whole - 1]) == last:
            whole -= 1
        items = items[:whole] or items
        floor = _day(items[-1])
    return DayMap(_counted(items, names), floor)


def _counted(
    items: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield the days, each with its shards added up: a page seldom needs more than the first."""
    for day, shards in groupby(items, _day):
        counts: dict[str, int] = {}
        for item in shards:
            for name, attribute in item.items():
                if name in names:
                    key = names[name]
                    counts[key] = counts.get(key, 0) + int(attribute["N"])
        yield day, counts


def _day(item: Mapping[str, Any]) -> str:
    return day_of(item["sk"]["S"])
