"""A rollup row's stored sums beside what its entries give: what differs, and by how much."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from run_ledger.domain.contract.vocabulary import MOST_MODELS
from run_ledger.domain.state.model_counters import models_of, with_models_as_one
from run_ledger.domain.state.own_counters import own_attributes, with_folded
from run_ledger.domain.state.recount import Drift
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.items.own_names import OF_ROWS

from .expected_items import whole_number


class RowChange(NamedTuple):
    """What a row has stored under an attribute, and what has to be added to make it right."""

    stored: int
    change: int


def sums_of(shards: Mapping[str, Item]) -> Counter[str]:
    """Return what the *shards* of a row add up to, by attribute."""
    sums: Counter[str] = Counter()
    for item in shards.values():
        for name, count in _counts(item):
            sums[name] += count
    return sums


def _counts(item: Item) -> Iterator[tuple[str, int]]:
    for name, attribute in item.items():
        if name not in ("pk", "sk"):
            yield name, whole_number(attribute) or 0


def row_changes(recounted: Mapping[str, int], sums: Mapping[str, int]) -> dict[str, RowChange]:
    """Return what is wrong with a row whose shards add up to *sums*, by attribute.

    Own counters, and models, beyond the kept ones of *recounted* count as one, as whoever reads
    adds them up.
    """
    wanted, stored = _folded_as(recounted, recounted), _folded_as(recounted, sums)
    changes = Counter(wanted)
    changes.subtract(stored)
    return {
        name: RowChange(stored.get(name, 0), change)
        for name, change in sorted(changes.items())
        if change
    }


def _folded_as(recounted: Mapping[str, int], counts: Mapping[str, int]) -> Mapping[str, int]:
    """Return *counts* with what is beyond the kept own counters and models of *recounted* as one.

    As long as there are fewer of them than are kept, none is. One that nobody reported and
    that comes before the last kept one is not folded either: whoever reads would show it.
    """
    kept, models = own_attributes(recounted)[: OF_ROWS.kept], models_of(recounted)[:MOST_MODELS]
    if len(kept) == OF_ROWS.kept:
        counts = with_folded(counts, [one for one in own_attributes(counts) if one > kept[-1]])
    if len(models) == MOST_MODELS:
        counts = with_models_as_one(counts, [one for one in models_of(counts) if one > models[-1]])
    return counts


def drifts_of_row(row: Row, wrong: Mapping[str, RowChange]) -> list[Drift]:
    """Return what is *wrong* with a row, as it is told."""
    return [
        Drift("row", label_of(row), name, stored, stored + change)
        for name, (stored, change) in wrong.items()
    ]


def label_of(row: Row) -> str:
    """Return the name by which a row is told."""
    return f"{row.partition} {row.sort}"
