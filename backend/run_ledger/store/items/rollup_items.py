"""Rollup rows as items of the table Rollups.

Each row is kept in several shards, so that writers which run side by side don't meet on one item:
``sk`` is the row's sort key, ``#``, and the shard. The row is the sum of its shards, and of an item
its numbers alone are counts. Texts stand beside them, where a writer that counts something leaves
word of it (see `run_ledger.domain.state.samples`) for no write of its own:

======================  ======================================================================
``seen``                when it counted last, in microseconds (rows of clients)
``first``               the time of the first failure that came in (this and those below: rows of
                        failures)
``type`` ``message``    what the last one said, cut to a length that keeps an item below 1 KB
``job_0`` … ``job_2``   the times and jobs of the last ones, each ``TIME#JOB``
======================  ======================================================================
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.instants import Instant, parse, text
from run_ledger.domain.state.rollups import CLIENTS, Row
from run_ledger.domain.state.samples import Sample
from run_ledger.store.dynamo.attributes import Attribute, from_item
from run_ledger.store.dynamo.expressions import UpdateBuilder

SEEN = "seen"
_FIRST, _TYPE, _MESSAGE = "first", "type", "message"
_JOBS = ("job_0", "job_1", "job_2")
_MOST_TYPE_CHARACTERS = 80
_MOST_MESSAGE_CHARACTERS = 240


class Beside(Struct, frozen=True):
    """What an item holds beside its counts: texts to set, and texts to set where none are yet."""

    latest: Mapping[str, str] = {}
    first: Mapping[str, str] = {}


class KeptSample(Struct, frozen=True):
    """What an item says of failures: the first, the times and jobs of some last ones."""

    first_at: Instant | None
    type: str | None
    message: str | None
    jobs: tuple[tuple[Instant, str], ...]


def beside_counts(row: Row, sample: Sample | None, now: Instant) -> Beside:
    """Return what to leave beside the counts of *row* at *now*."""
    if row.partition == CLIENTS or row.partition.startswith("client#"):
        return Beside({SEEN: str(now)})
    if sample is None:
        return Beside()
    at = text(sample.at)
    latest = {_slot(sample.job_id): f"{at}#{sample.job_id}"}
    if sample.type is not None:
        latest[_TYPE] = _cut(sample.type, _MOST_TYPE_CHARACTERS)
    if sample.message is not None:
        latest[_MESSAGE] = _cut(sample.message, _MOST_MESSAGE_CHARACTERS)
    return Beside(latest, {_FIRST: at})


def add_action(
    table: str, row: Row, shard: int, changes: Mapping[str, int], beside: Beside
) -> dict[str, Any]:
    """Return the action that adds *changes* to one shard of *row*, and leaves *beside* there."""
    update = UpdateBuilder()
    update.set(beside.latest)
    for name, value in beside.first.items():
        update.set_once(name, value)
    update.add(changes)
    key = {"pk": {"S": row.partition}, "sk": {"S": f"{row.sort}#{shard}"}}
    return update.action(table, key)


def from_rollup_item(item: Mapping[str, Attribute]) -> tuple[Row, dict[str, int]]:
    """Return the row that an item is a shard of, and what it counts."""
    return Row(item["pk"]["S"], sort_of(item)), counts_of(item)


def sort_of(item: Mapping[str, Attribute]) -> str:
    """Return the sort key of the row that an item is a shard of."""
    sort: str = item["sk"]["S"]
    return sort.rpartition("#")[0]


def counts_of(item: Mapping[str, Attribute]) -> dict[str, int]:
    """Return what an item counts."""
    return {name: int(value["N"]) for name, value in item.items() if "N" in value}


def seen_at(item: Mapping[str, Attribute]) -> Instant | None:
    """Return when a writer counted something in an item last; None where it does not say."""
    return Instant(int(item[SEEN]["S"])) if SEEN in item else None


def sample_of(item: Mapping[str, Attribute]) -> KeptSample:
    """Return what an item says of failures."""
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


def _cut(said: str, most: int) -> str:
    """Return *said*, its end replaced by an ellipsis where it is longer than *most*."""
    return said if len(said) <= most else said[: most - 1] + "…"
