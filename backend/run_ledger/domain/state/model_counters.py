"""Counters by model: what events tell of each language model, beside their job's counters.

A producer may invent names of models, too. So of the models in a job's item, or in a rollup row,
the first ones in byte order keep counters of their own, and all others are summed as the model
`OTHER_MODELS`. Which ones are kept follows from the set of events alone, for the reasons that
`own_counters` gives. Of a model, the counters that the contract names are kept; all other names add
up to its `OTHER_COUNTERS`. The job's own counters have them by name.

In stored items, what a model adds to a counter is an attribute: ``b_input_tokens gpt-4o``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import UNSET

from run_ledger.domain.contract.vocabulary import (
    KNOWN_COUNTERS,
    MOST_MODELS,
    OTHER_COUNTERS,
    OTHER_MODELS,
    JobUpdate,
)

BY_MODEL = "b_"
"""What the attribute of a model's counter begins with in stored items."""
FEW_NAMES = 32
"""So many names are looked at once, as pipelines use the same again and again; more are rare."""
_KNOWN = frozenset(KNOWN_COUNTERS)

CountersByModel = dict[str, dict[str, int]]


def is_by_model(attribute: str) -> bool:
    """Return whether *attribute* is a model's counter."""
    return attribute.startswith(BY_MODEL)


def add_by_model(counters: CountersByModel, update: JobUpdate) -> None:
    """Add what *update* tells by model to *counters*."""
    for model, name, change in _told(update):
        mine = counters.setdefault(model, {})
        mine[name] = mine.get(name, 0) + change


def model_attributes(counters: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Return the attributes that hold *counters*."""
    return {
        f"{BY_MODEL}{name} {model}": count
        for model, mine in counters.items()
        for name, count in mine.items()
    }


def counters_by_model(counts: Mapping[str, int]) -> CountersByModel:
    """Return the counters of each model among *counts*, which are by attribute."""
    found: CountersByModel = {}
    for attribute, count in counts.items():
        if is_by_model(attribute):
            name, _, model = attribute.removeprefix(BY_MODEL).partition(" ")
            found.setdefault(model, {})[name] = count
    return found


def models_of(attributes: Iterable[str]) -> list[str]:
    """Return the models that *attributes* count, in byte order, without `OTHER_MODELS`."""
    names = tuple(attributes)
    return list(_remembered(names) if len(names) <= FEW_NAMES else _models_of(names))


def _models_of(attributes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({_model(one) for one in attributes if is_by_model(one)} - {OTHER_MODELS}))


_remembered = lru_cache(1024)(_models_of)


def with_few_models(counts: Mapping[str, int]) -> dict[str, int]:
    """Return *counts*, by attribute, with all models after the first `MOST_MODELS` as one."""
    return with_models_as_one(counts, models_of(counts)[MOST_MODELS:])


def with_models_as_one(counts: Mapping[str, int], beyond: Iterable[str]) -> dict[str, int]:
    """Return *counts* with those of the models *beyond* added to `OTHER_MODELS`."""
    kept, gone = dict(counts), frozenset(beyond)
    for attribute in counts if gone else ():
        if is_by_model(attribute) and _model(attribute) in gone:
            other = as_of_other(attribute)
            kept[other] = kept.get(other, 0) + kept.pop(attribute)
    return kept


def as_of_other(attribute: str) -> str:
    """Return the attribute that has the same counter of `OTHER_MODELS`."""
    return f"{attribute.partition(' ')[0]} {OTHER_MODELS}"


def _model(attribute: str) -> str:
    return attribute.partition(" ")[2]


def _told(update: JobUpdate) -> Iterator[tuple[str, str, int]]:
    """Yield the model, counter and change of each change that *update* tells by model."""
    if update.delta_by_model is not UNSET:
        for model, delta in update.delta_by_model.items():
            for name, change in delta.items():
                yield model, name if name in _KNOWN else OTHER_COUNTERS, change
