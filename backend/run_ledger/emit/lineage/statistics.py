"""Rows, bytes and files of datasets, as running totals that no order and no repeat can falsify.

Engines tell the figures of a dataset again and again, as sums so far; the last word counts. That is
what the contract's running totals are for: each dataset is a part of the job. Each attempt has
parts of its own, as what a retry writes comes on top of what was written before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from run_ledger.domain.contract.vocabulary import MAX_COUNT, MAX_PARTS_PER_EVENT

from .facets import at, count, items

DatasetKey = tuple[str, str, str]
"""``inputs`` or ``outputs``, namespace, and name; for a dataset without names, its position."""

_FACETS = {
    "outputs": (
        ("outputStatistics", "stats"),
        {"rowCount": "records_ok", "size": "output_bytes", "fileCount": "output_files"},
    ),
    "inputs": (
        ("inputStatistics", "stats"),
        {"rowCount": "input_records", "size": "input_bytes", "fileCount": "input_files"},
    ),
}
_HOLDERS = {"outputs": ("outputFacets", "facets"), "inputs": ("inputFacets", "facets")}
_OTHERS = "others"  # the part that stands for all datasets which are not told apart


def totals_of(event: Mapping[str, Any], attempt: int) -> dict[str, dict[str, int]]:
    """Return the running totals that *event* tells about an attempt, by the names of its parts.

    For example ``{"5f0e3d1c2b4a6978": {"records_ok": 80, "output_bytes": 800}}``. A dataset that is
    listed twice has the last figures. Of an event with very many datasets, some are told as one.
    """
    found = {_part(attempt, key): figures for key, figures in _each(event).items()}
    if len(found) <= MAX_PARTS_PER_EVENT:
        return found
    names = sorted(found)  # the same ones are told apart in all events with these datasets
    apart, rest = names[: MAX_PARTS_PER_EVENT - 1], names[MAX_PARTS_PER_EVENT - 1 :]
    others: dict[str, int] = {}
    for name in rest:
        for counter, value in found[name].items():
            others[counter] = min(others.get(counter, 0) + value, MAX_COUNT)
    return {name: found[name] for name in apart} | {f"{_OTHERS} {attempt}": others}


def _part(attempt: int, key: DatasetKey) -> str:
    """Return the name of the part that a dataset is in an attempt."""
    return hashlib.blake2b(msgspec.json.encode([attempt, *key]), digest_size=8).hexdigest()


def _each(event: Mapping[str, Any]) -> dict[DatasetKey, dict[str, int]]:
    found: dict[DatasetKey, dict[str, int]] = {}
    for side, (facets, counters) in _FACETS.items():
        for position, dataset in enumerate(items(event, side)):
            facet = _facet(dataset, _HOLDERS[side], facets)
            counts = {name: count(at(facet, field)) for field, name in counters.items()}
            figures = {name: n for name, n in counts.items() if n is not None}
            if figures:
                found[_key(side, position, dataset)] = figures
    return found


def _facet(dataset: Any, holders: tuple[str, ...], names: tuple[str, ...]) -> Any:
    """Return the statistics, also from where older producers put them."""
    for holder in holders:
        for name in names:
            facet = at(dataset, holder, name)
            if isinstance(facet, Mapping):
                return facet
    return None


def _key(side: str, position: int, dataset: Any) -> DatasetKey:
    namespace, name = at(dataset, "namespace"), at(dataset, "name")
    if isinstance(namespace, str) and isinstance(name, str):
        return (side, namespace, name)
    return (side, "", f"#{position}")
