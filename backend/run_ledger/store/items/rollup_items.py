"""Rollup rows as items of the table Rollups.

A row is kept in several shards, so that writers at work at the same time don't write to one item:
``sk`` is the row's sort key, ``#``, and the shard. The row is the sum of its shards. An item's
numbers are counts; its texts, which cost no write of their own, say more about what was counted:

======================  ======================================================================
``seen``                when it counted last, in microseconds (rows of clients, and over all)
``late``                when it last counted something of an hour that was over by then (rows over
                        all); with ``seen`` it tells readers whether what they keep still holds
``w``                   the same as ``seen`` in seconds since 1970 (rows of projects and models)
======================  ======================================================================

Once the time that a row counts is over, its shards are merged into the shard `MERGED` (see
`run_ledger.store.compacting.shard_merging`). Whoever reads may see some of its items as they were
before, and others as they are after that. So items say what they mean beside each other, and
`as_counted` makes of them items that add up:

======================  ======================================================================
``gen``                 which merge of the row the item took part in last, counted from 1
``was``                 what that merge took from the item, all it had: it counts unless the merged
                        item is of that merge, too
``was_seen``            what ``seen`` was then, for who sees the merged item as it was before
``pending``             of the merged item: the shards of its last merge, until all readers see that
``at``                  of the merged item: when that changed last, in seconds since 1970
======================  ======================================================================

Rows over all also say whether the packed rows of their day may be read in place of the rows of its
hours, see `run_ledger.store.items.packed_items`.

Rows of failures have samples, see `run_ledger.store.items.sample_items`.

``own`` is the set of the own counters that the item holds (see `run_ledger.store.items.own_names`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from run_ledger.domain.instants import MICROSECONDS, Instant, hour
from run_ledger.domain.state.rollups import ALL, CLIENTS, Row, last_hour
from run_ledger.domain.state.samples import Samples
from run_ledger.store.dynamo.attributes import Attribute, Item
from run_ledger.store.dynamo.expressions import UpdateBuilder

from .own_names import OF_ROWS, take_names
from .sample_items import SampleEnds, take_samples

SEEN, LATE, WRITTEN = "seen", "late", "w"
MARKS = (SEEN, LATE, WRITTEN)
"""One of them comes with each write of a row whose shards are merged."""
MERGED = "merged"
GENERATION, WAS, PENDING, MOVED_AT = "gen", "was", "pending", "at"
WAS_SEEN = "was_seen"
OF_MERGES = (GENERATION, WAS, PENDING)
"""What `as_counted` needs to know of an item, beside its key and counts."""
_ALSO_MERGED = ("project#", "models#")


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
        elif row.partition.startswith(_ALSO_MERGED):
            update.set({WRITTEN: str(now // MICROSECONDS)})
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


def shard_of_item(item: Mapping[str, Attribute]) -> str:
    """Return which shard of its row an item is."""
    sort: str = item["sk"]["S"]
    return sort.rpartition("#")[2]


def generation_of(item: Mapping[str, Attribute] | None) -> int:
    """Return which merge an item took part in last, 0 for none."""
    return int(item[GENERATION]["S"]) if item is not None and GENERATION in item else 0


def pending_of(item: Mapping[str, Attribute] | None) -> Sequence[str]:
    """Return the shards that the last merge into an item took, until all readers see that."""
    return item[PENDING]["S"].split() if item is not None and PENDING in item else ()


def as_counted(items: Iterable[Any]) -> Sequence[Any]:
    """Return *items*, all that there are of each of some rows, as items whose counts add up.

    They may have been read while the shards were merged, some before and some after it. Nothing is
    lost and nothing counts twice, as long as they were read within less time than lies between two
    steps of a merge.
    """
    all_items = items if isinstance(items, list) else list(items)
    if not any(GENERATION in item for item in all_items):
        return all_items
    merged = {_row_of(item): item for item in all_items if shard_of_item(item) == MERGED}
    found = []
    for item in all_items:
        into = merged.get(_row_of(item))
        if (into is None and GENERATION not in item) or into is item:
            found.append(item)
        elif (shown := _beside(item, into)) is not None:
            found.append(shown)
    return found


def _row_of(item: Mapping[str, Attribute]) -> tuple[Any, str]:
    """Return what tells rows apart; a projection may be without the partition, if it is one."""
    return item.get("pk", {}).get("S"), sort_of(item)


def _beside(item: Mapping[str, Attribute], merged: Mapping[str, Attribute] | None) -> Any | None:
    """Return a shard as it counts beside the *merged* item; None where that has all of it."""
    mine, newest = generation_of(item), generation_of(merged)
    if mine < newest and shard_of_item(item) in pending_of(merged):
        return None  # It was read before the merge that took all of it.
    if mine <= newest:
        return item
    # The merged item was read before the merge that emptied this one.
    counts = counts_of(item)
    for name, attribute in item[WAS]["M"].items():
        counts[name] = counts.get(name, 0) + int(attribute["N"])
    return {**item, **{name: {"N": str(count)} for name, count in counts.items()}}
