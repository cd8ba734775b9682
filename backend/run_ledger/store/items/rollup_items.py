"""Rollup rows as items of the table Rollups.

A row is kept in several shards, so that writers at work at the same time don't write to one item:
``sk`` is the row's sort key, ``#``, and the shard. The row is the sum of its shards. An item's
numbers are counts; its texts, which cost no write of their own, say more about what was counted
(see `run_ledger.domain.state.samples`):

======================  ======================================================================
``seen``                when it counted last, in microseconds (rows of clients, and over all)
``late``                when it last counted something of an hour that was over by then (rows over
                        all); with ``seen`` it tells readers whether what they keep still holds
``first``               the time of the first failure that came in (this and those below: rows of
                        failures)
``type`` ``message``    what the last one said, cut to a length that keeps an item below 1 KB
``job_0`` … ``job_2``   the times and jobs of the last ones, each ``TIME#JOB``
======================  ======================================================================

``own`` is the set of the own counters that the item holds (see `run_ledger.store.items.own_names`).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.instants import Instant, hour, parse, text
from run_ledger.domain.state.rollups import ALL, CLIENTS, Row, last_hour
from run_ledger.domain.state.samples import Sample, Samples
from run_ledger.store.dynamo.attributes import Attribute, Item, from_item
from run_ledger.store.dynamo.expressions import UpdateBuilder

from .own_names import OF_ROWS, take_names

SEEN, LATE = "seen", "late"
_FIRST, _TYPE, _MESSAGE = "first", "type", "message"
_JOBS = ("job_0", "job_1", "job_2")
_MOST_TYPE_CHARACTERS = 80
_MOST_MESSAGE_CHARACTERS = 240


class KeptSample(Struct, frozen=True):
    """The failures that an item knows: when the first one was, and what the last ones said.

    ``jobs`` are the times and jobs of some of the last ones.
    """

    first_at: Instant | None
    type: str | None
    message: str | None
    jobs: tuple[tuple[Instant, str], ...]


def add_actions(
    table: str,
    shard_of: Callable[[Row], str],
    changes: Mapping[Row, Mapping[str, int]],
    samples: Samples,
    now: Instant,
) -> list[dict[str, Any]]:
    """Return an action for each row of *changes*, which adds them to one shard of the row.

    *shard_of* returns which shard. A row of failures takes in its sample of *samples*, rows of
    clients and over all that they counted at *now*.
    """
    present = hour(now)
    late_days = {
        moment[:10]
        for row in changes
        if (moment := last_hour(row)) is not None and moment < present
    }
    actions = []
    for row, counts in changes.items():
        update = _addition(row, counts, samples.get(row), now)
        if row.partition == ALL and row.sort in late_days:
            update.set({LATE: str(now)})
        actions.append(update.action(table, key_of_shard(row, shard_of(row))))
    return actions


def key_of_shard(row: Row, shard: str) -> Item:
    """Return the key of the item that is that *shard* of *row*."""
    return {"pk": {"S": row.partition}, "sk": {"S": f"{row.sort}#{shard}"}}


def _addition(
    row: Row, counts: Mapping[str, int], sample: Sample | None, now: Instant
) -> UpdateBuilder:
    update = UpdateBuilder()
    if row.partition in (ALL, CLIENTS) or row.partition.startswith("client#"):
        update.set({SEEN: str(now)})
    elif sample is not None:
        at = text(sample.at)
        update.set({_slot(sample.job_id): f"{at}#{sample.job_id}"})
        if sample.type is not None:
            update.set({_TYPE: _cut(sample.type, _MOST_TYPE_CHARACTERS)})
        if sample.message is not None:
            update.set({_MESSAGE: _cut(sample.message, _MOST_MESSAGE_CHARACTERS)})
        update.set_once(_FIRST, at)
    update.add(counts)
    take_names(update, counts, OF_ROWS)
    return update


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


def sample_of(item: Mapping[str, Attribute]) -> KeptSample:
    """Return what an item knows of failures."""
    values = from_item({name: item[name] for name in _texts(item)})
    jobs = (values[name].partition("#") for name in _JOBS if name in values)
    return KeptSample(
        first_at=parse(values[_FIRST]) if _FIRST in values else None,
        type=values.get(_TYPE),
        message=values.get(_MESSAGE),
        jobs=tuple((parse(at), job_id) for at, _, job_id in jobs),
    )


def _texts(item: Mapping[str, Attribute]) -> Iterable[str]:
    return (name for name in (_FIRST, _TYPE, _MESSAGE, *_JOBS) if name in item)


def _slot(job_id: str) -> str:
    return _JOBS[zlib.crc32(job_id.encode()) % len(_JOBS)]


def _cut(words: str, most: int) -> str:
    """Return *words*; of more than *most* characters the end becomes an ellipsis."""
    return words if len(words) <= most else words[: most - 1] + "…"
