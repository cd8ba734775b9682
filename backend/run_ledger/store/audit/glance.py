"""Reads at the lowest price: eventually consistent, and no more partitions than there need be.

What they show may be a moment old. So they can prove that an item is right, and never that it is
wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from run_ledger.store.dynamo import batches
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys

from .expected_items import Name, whole_number


def glance_at_items(reading: Reading, jobs: Collection[Name]) -> dict[Name, Item]:
    """Return the items of *jobs*; one without an item is left out."""
    table = reading.tables.jobs
    calls = [
        partial(
            batches.read_items,
            reading.client,
            {table: [name.key for name in some]},
            is_consistent=False,
        )
        for some in portions(jobs)
    ]
    return {
        Name("job", item["job_id"]["S"]): item
        for found in reading.together(calls)
        for item in found[table]
    }


def glance_at_entries(
    reading: Reading, items: Mapping[Name, Item | None]
) -> dict[Name, Sequence[Item] | None]:
    """Return the rows of the log of each job with its item; None where a query doesn't hold all."""
    short = [name for name, item in items.items() if item is not None and _is_short(item)]
    calls = [
        partial(_rows, reading, keys.log_partition(*name, lane=keys.lane_of(1))) for name in short
    ]
    found: dict[Name, Sequence[Item] | None] = dict.fromkeys(items)
    found |= zip(short, reading.together(calls), strict=True)
    return found


def _is_short(item: Item) -> bool:
    """Return whether all entries lie in the first lane of the job's log."""
    last = whole_number(item.get("log"))
    return last is not None and last <= keys.FIRST_LANE and "old" not in item


def _rows(reading: Reading, partition: str) -> list[Item]:
    query = QueryBuilder(reading.tables.entries, "pk", partition)
    return list(every_item(reading.client.query, query.request()))
