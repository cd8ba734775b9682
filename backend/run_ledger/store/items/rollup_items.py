"""Rollup rows as items of the table Rollups.

A row is kept in several shards, so that writers at work at the same time don't write to one item:
``sk`` is the row's sort key, ``#``, and the shard. The row is the sum of its shards. An item's
numbers are counts; its texts, which cost no write of their own, say more about what was counted:

======================  ======================================================================
``seen``                when it counted last, in microseconds (rows of clients, and over all)
``late``                when it last counted something of an hour that was over by then (rows over
                        all); with ``seen`` it tells readers whether what they keep still holds
======================  ======================================================================

Rows of failures have samples, see `run_ledger.store.items.sample_items`.

``own`` is the set of the own counters that the item holds (see `run_ledger.store.items.own_names`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from run_ledger.domain.instants import Instant, hour
from run_ledger.domain.state.rollups import ALL, CLIENTS, Row, last_hour
from run_ledger.domain.state.samples import Samples
from run_ledger.store.dynamo.attributes import Attribute, Item
from run_ledger.store.dynamo.expressions import UpdateBuilder

from .own_names import OF_ROWS, take_names
from .sample_items import SampleEnds, take_samples

SEEN, LATE = "seen", "late"


class Shards(Protocol):
    """A writer's shard of each row."""

    def of(self, row: Row) -> str:
        """Return which shard of *row* is added to."""

    def ends_of(self, row: Row) -> SampleEnds | None:
        """Return what is known of the samples there, if anything."""


class Addition(NamedTuple):
    """An action that adds to a shard of a row, and what is known of its samples afterwards."""

    row: Row
    action: dict[str, Any]
    ends: SampleEnds | None


def additions(
    table: str,
    shards: Shards,
    changes: Mapping[Row, Mapping[str, int]],
    samples: Samples,
    now: Instant,
) -> list[Addition]:
    """Return an addition for each row of *changes*, which adds them to one shard of the row.

    A row of failures takes in its samples of *samples*, rows of clients and over all that they
    counted at *now*.
    """
    present = hour(now)
    late_days = {
        moment[:10]
        for row in changes
        if (moment := last_hour(row)) is not None and moment < present
    }
    found = []
    for row, counts in changes.items():
        update = UpdateBuilder()
        ends = None
        if row.partition in (ALL, CLIENTS) or row.partition.startswith("client#"):
            update.set({SEEN: str(now)})
        elif row in samples:
            ends = take_samples(update, samples[row], shards.ends_of(row))
        update.add(counts)
        take_names(update, counts, OF_ROWS)
        if row.partition == ALL and row.sort in late_days:
            update.set({LATE: str(now)})
        action = update.action(table, key_of_shard(row, shards.of(row)))
        if ends is not None:
            action["Update"]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        found.append(Addition(row, action, ends))
    return found


def key_of_shard(row: Row, shard: str) -> Item:
    """Return the key of the item that is that *shard* of *row*."""
    return {"pk": {"S": row.partition}, "sk": {"S": f"{row.sort}#{shard}"}}


def from_rollup_item(item: Mapping[str, Attribute]) -> tuple[Row, dict[str, int]]:
    """Return the row that an item is a shard of, and what it counts."""
    return Row(item["pk"]["S"], sort_of(item)), counts_of(item)


def sort_of(item: Mapping[str, Attribute]) -> str:
    """Return the sort key of the row that an item is a shard of."""
    sort: str = item["sk"]["S"]
    return sort.rpartition("#")[0]


def counts_of(item: Mapping[str, Attribute]) -> dict[str, int]:
    """Return the counts in an item, as ``{"created": 3, "c_records_ok": 120}``."""
    return {name: int(value["N"]) for name, value in item.items() if "N" in value}


def seen_at(item: Mapping[str, Attribute]) -> Instant | None:
    """Return when a writer last counted something in an item; None where it has no such text."""
    return Instant(int(item[SEEN]["S"])) if SEEN in item else None
