"""Own counters: names that the contract does not list, of which so many are kept apart.

A producer may invent names, and a mistake may invent thousands (``{"sku_12345": 1}``). So of the
own names in a rollup row, or in the item of a job or project, the first ones in byte order keep a
counter each, and what all others add up to is the counter `OTHER_COUNTERS`. Known counters are
never part of this.

Which names are kept follows from the set of events alone, not from their order. For that, each name
in a delta takes its place, even where its changes add up to zero. What is stored may hold more
names than are shown, as long as it holds the first ones:

- A name that is not among the first of some names is not among the first of more names. So it may
  be added to `OTHER_COUNTERS` at any time, in any shard, by anybody who has seen as many names
  before it; and whatever comes later, it stays there.
- A name that is among the first of all is among the first of each part of them. So it never was
  added to `OTHER_COUNTERS` anywhere, and its counter holds its whole sum.

Whoever reads adds up what is stored, and then folds the rest into `OTHER_COUNTERS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from run_ledger.domain.contract.vocabulary import (
    KNOWN_COUNTERS,
    MOST_OWN_COUNTERS,
    OTHER_COUNTERS,
)

from .model_counters import FEW_NAMES, with_few_models

COUNTER = "c_"
"""What the attribute of a counter begins with in stored items."""
OTHER = f"{COUNTER}{OTHER_COUNTERS}"
_NOT_OWN = frozenset({*(COUNTER + name for name in KNOWN_COUNTERS), OTHER})


def is_own(attribute: str) -> bool:
    """Return whether *attribute* (``c_pages``) counts under a name that the contract lacks."""
    return attribute.startswith(COUNTER) and attribute not in _NOT_OWN


def counter_attributes(counters: Mapping[str, int]) -> dict[str, int]:
    """Return the attributes that hold *counters*."""
    return {COUNTER + name: count for name, count in counters.items()}


def own_attributes(attributes: Iterable[str]) -> list[str]:
    """Return those of *attributes* that are own counters, in byte order."""
    names = tuple(attributes)
    return list(_remembered(names) if len(names) <= FEW_NAMES else _own_attributes(names))


def _own_attributes(attributes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(filter(is_own, attributes)))


_remembered = lru_cache(1024)(_own_attributes)


def folded(
    counts: Mapping[str, int], most: int = MOST_OWN_COUNTERS, *, last: str | None = None
) -> dict[str, int]:
    """Return *counts*, by attribute, with all own counters after the first *most* as one.

    So are all models beyond those that are kept (see `model_counters`). *last* is the last
    attribute that can be among the first, where that is known; own counters after it are folded,
    too.
    """
    own = own_attributes(counts)
    kept = own[:most] if last is None else [name for name in own[:most] if name <= last]
    return with_few_models(with_folded(counts, own[len(kept) :]))


def with_folded(counts: Mapping[str, int], beyond: Iterable[str]) -> dict[str, int]:
    """Return *counts* with those named *beyond* added to `OTHER`."""
    kept = dict(counts)
    for name in beyond:
        kept[OTHER] = kept.get(OTHER, 0) + kept.pop(name)
    return kept
