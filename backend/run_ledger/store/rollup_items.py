"""Rollup rows as items of the table Rollups.

Each row is kept in several shards, so that writers which run side by side don't meet on one item:
``sk`` is the row's sort key, ``#``, and the shard. The row is the sum of its shards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.domain.rollups import Row

from .attributes import Attribute, from_item, to_item
from .expressions import UpdateBuilder


def add_action(table: str, row: Row, shard: int, changes: Mapping[str, int]) -> dict[str, Any]:
    """Return the action that adds *changes* to one shard of *row*."""
    update = UpdateBuilder()
    update.add(changes)
    key = to_item({"pk": row.partition, "sk": f"{row.sort}#{shard}"})
    return update.action(table, key)


def from_rollup_item(item: Mapping[str, Attribute]) -> tuple[Row, dict[str, int]]:
    """Return the row that an item is a shard of, and what it counts."""
    values = from_item(item)
    row = Row(values.pop("pk"), values.pop("sk").rpartition("#")[0])
    return row, values
