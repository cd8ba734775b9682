"""Own counters and models in stored items: how many an item may hold, and how a write keeps to it.

An item has the names of its own counters in ``own``, a set of strings, so that a condition can
count them: `size`_ of a set is the number of its members. A write that brings own counters requires
that there is room for all of them. Where there is none it is refused, and the writer makes room
(see `run_ledger.store.posting.compaction`): it keeps the first names in byte order and adds the
others up. As an item may hold twice as many as are kept, that happens seldom.

Models that have counters of their own are kept in the same way, with their names in ``models``.

An item from before there were such sets has none until a write brings own counters or makes room.

.. _size: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import (
    MOST_MODELS,
    MOST_OWN_COUNTERS,
    MOST_OWN_COUNTERS_OF_A_JOB,
)
from run_ledger.domain.state.model_counters import models_of
from run_ledger.domain.state.own_counters import COUNTER, own_attributes
from run_ledger.store.dynamo.expressions import UpdateBuilder

OWN, MODELS = "own", "models"
NAME_SETS = (OWN, MODELS)
MODELS_HELD = 2 * MOST_MODELS
"""How many models an item may hold until room is made."""


class Room(Struct, frozen=True):
    """How many own counters are kept of an item, and how many it may hold until room is made."""

    kept: int
    held: int


OF_ROWS = Room(MOST_OWN_COUNTERS, 2 * MOST_OWN_COUNTERS)
OF_ENTITIES = Room(MOST_OWN_COUNTERS_OF_A_JOB, 2 * MOST_OWN_COUNTERS_OF_A_JOB)


def take_names(update: UpdateBuilder, counts: Mapping[str, int], room: Room) -> None:
    """Let *update*, which adds *counts*, also note the own counters and models in them, if any.

    It requires that the item has room for them.
    """
    own = own_attributes(counts)
    if own:
        update.require_at_most(OWN, room.held - len(own))
        update.add_members(OWN, [name.removeprefix(COUNTER) for name in own])
    models = models_of(counts)
    if models:
        update.require_at_most(MODELS, MODELS_HELD - len(models))
        update.add_members(MODELS, models)


class Held(Struct, frozen=True):
    """How many own counters and models an item holds.

    ``last`` is the attribute of the last own counter that is kept of these, and so the last that
    ever can be; it is None while all are kept and there is room for more.
    """

    names: int = 0
    last: str | None = None
    models: int = 0


def held(attributes: Iterable[str], room: Room) -> Held:
    """Return what an item with these *attributes* holds."""
    names = list(attributes)
    own = own_attributes(names)
    last = own[room.kept - 1] if len(own) >= room.kept else None
    return Held(len(own), last, len(models_of(names)))


def name_sets(attributes: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return what ``own`` and ``models`` hold in an item with these *attributes*, if anything."""
    names = list(attributes)
    own = frozenset(name.removeprefix(COUNTER) for name in own_attributes(names))
    sets = {OWN: own, MODELS: frozenset(models_of(names))}
    return {attribute: members for attribute, members in sets.items() if members}


def noted_names(item: Mapping[str, Any], attribute: str) -> frozenset[str]:
    """Return what the set *attribute*, ``own`` or ``models``, holds in *item*."""
    return frozenset(item[attribute]["SS"]) if attribute in item else frozenset()
