"""Merging the shards of a rollup row into one item, while writers, readers and others go on.

A row's life, with two shards::

    shard 0                shard 1                merged
    created 3              created 4                                              as written
    was {created 3}, gen 1 was {created 4}, gen 1 created 7, gen 1, pending "0 1" merge
    was {created 3}, gen 1 was {created 4}, gen 1 created 7, gen 1                confirm
                                                  created 7, gen 1                delete

*Merge* is one transaction, on the condition that each item is as it was read. Whoever reads the
items of a row one by one may see some as they were before and others as they are after it:
`as_counted` tells from the items alone what counts. For that it must never see more than one of the
steps half done, so at least `BETWEEN_STEPS` lie between them: far more than a read may take.

*A writer may add to a shard at any time.* Before the merge, its condition fails. Afterwards, what
is added counts beside what the shard was, and nothing deletes the shard: each write sets a mark,
which the deletion requires to be absent. The next merge takes it. After the deletion, a writer's
shard begins anew.

*Two compactors* read the same, and one of their transactions fails. *A kill* leaves a step that the
next run finds. *Where an answer is lost*, the next run finds the step done.

The shard of audits stays as it is, as a repair depends on its counts and sets no mark.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.instants import MICROSECONDS, Duration, Instant, later
from run_ledger.domain.state.model_counters import is_by_model
from run_ledger.domain.state.own_counters import folded, is_own
from run_ledger.store.audit.repairs import AUDIT_SHARD
from run_ledger.store.dynamo.attributes import Item, to_attribute
from run_ledger.store.dynamo.expressions import ConditionBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.own_names import NAME_SETS, name_sets, noted_names
from run_ledger.store.items.rollup_items import (
    GENERATION,
    LATE,
    MARKS,
    MERGED,
    MOVED_AT,
    PENDING,
    SEEN,
    WAS,
    WAS_SEEN,
    WRITTEN,
    counts_of,
    generation_of,
    pending_of,
    shard_of_item,
    sort_of,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BETWEEN_STEPS = Duration(1_800 * MICROSECONDS)
"""So long a step of a row waits for the one before it."""
QUIET = Duration(3_600 * MICROSECONDS)
"""A shard that was written within this time is left: a writer may still be at work with it."""
MOST_NAMED = 120
"""A condition names so many counts of a shard: an expression has 300 operators and 4 KB.

Of a shard with more, its mark says that it is as it was read: each write sets that to when its
batch was taken in, which is within `QUIET`. Making room for names changes their sets.
"""
MOST_COUNTS = 500
"""A shard with more counts stays: no update can remove them."""
_MOST_SHARDS = 20


class MergeStep(Enum):
    """How a row is after a look at it."""

    DONE = auto()
    """There is nothing to do."""
    WAITING = auto()
    """There will be, later."""
    MOVED = auto()
    """A step was made."""
    LEFT = auto()
    """Others were at work on it, or DynamoDB refused for the moment."""


def advance(client: DynamoDBClient, table: str, items: Sequence[Item], now: Instant) -> MergeStep:
    """Make the next step of the row of which *items* are all, strongly read a moment before.

    Raises ClientError or BotoCoreError where DynamoDB refuses for good.
    """
    merged = next((item for item in items if shard_of_item(item) == MERGED), None)
    shards = [item for item in items if shard_of_item(item) not in (MERGED, AUDIT_SHARD)]
    emptied = [item for item in shards if GENERATION in item and not _has_anything(item)]
    mergeable = _mergeable(shards, merged)
    if not (emptied or mergeable or pending_of(merged)):
        return MergeStep.DONE
    if merged is not None and MOVED_AT in merged:
        moved_at = Instant(int(merged[MOVED_AT]["S"]) * MICROSECONDS)
        if now < later(moved_at, BETWEEN_STEPS):
            return MergeStep.WAITING
    try:
        if merged is not None and PENDING in merged:
            client.update_item(**_confirmation(table, merged, now))
        elif emptied:
            for item in emptied:
                client.delete_item(**_deletion(table, item))
        elif any(not _is_quiet(item, now) for item in mergeable):
            return MergeStep.WAITING
        else:
            actions: Any = _merge(table, merged, mergeable, now)
            client.transact_write_items(TransactItems=actions)
    except (ClientError, BotoCoreError) as error:
        if fault(error) in (Fault.CONDITION, Fault.CANCELLED, Fault.PASSING):
            return MergeStep.LEFT
        raise
    return MergeStep.MOVED


def _mergeable(shards: Iterable[Item], merged: Item | None) -> list[Item]:
    """Return the shards to merge; none where there is one alone, and nothing to merge it with."""
    found = [item for item in shards if _has_anything(item) and _can_be_emptied(item)]
    return found[:_MOST_SHARDS] if len(found) > 1 or generation_of(merged) else []


def _has_anything(item: Item) -> bool:
    return any(name in item for name in MARKS) or bool(counts_of(item))


def _can_be_emptied(item: Item) -> bool:
    counts = len(counts_of(item))
    return counts <= MOST_NAMED or (
        counts <= MOST_COUNTS and any(name in item for name in (SEEN, WRITTEN))
    )


def _is_quiet(item: Item, now: Instant) -> bool:
    edge = later(now, -QUIET)
    written = int(item[WRITTEN]["S"]) * MICROSECONDS if WRITTEN in item else 0
    return max(written, *(int(item[name]["S"]) for name in (SEEN, LATE) if name in item), 0) < edge


def _merge(
    table: str, merged: Item | None, shards: Sequence[Item], now: Instant
) -> list[dict[str, Any]]:
    """Return the actions that move all that *shards* count into the merged item."""
    generation = str(generation_of(merged) + 1)
    actions = [_emptying(table, item, generation) for item in shards]
    sums = Counter(counts_of(merged or {}))
    for item in shards:
        sums.update(counts_of(item))
    counts = {
        name: count
        for name, count in folded(sums).items()
        # A zero of these keeps its name's place, see `own_counters`.
        if count or is_own(name) or is_by_model(name)
    }
    texts = {
        name: str(max(int(item[name]["S"]) for item in (*shards, merged or {}) if name in item))
        for name in (SEEN, LATE)
        if any(name in item for item in (*shards, merged or {}))
    }
    kept = {
        name: attribute
        for name, attribute in (merged or {}).items()
        if "N" not in attribute and name not in NAME_SETS
    }
    values: dict[str, Any] = {
        "pk": shards[0]["pk"]["S"],
        "sk": f"{sort_of(shards[0])}#{MERGED}",
        **counts,
        **name_sets(counts),
        **texts,
        GENERATION: generation,
        PENDING: " ".join(shard_of_item(item) for item in shards),
        MOVED_AT: str(now // MICROSECONDS),
    }
    condition = ConditionBuilder()
    condition.require_exactly(GENERATION, (merged or {}).get(GENERATION))
    item = kept | {name: to_attribute(value) for name, value in values.items()}
    return [{"Put": {"TableName": table, "Item": item, **condition.condition()}}, *actions]


def _emptying(table: str, item: Item, generation: str) -> dict[str, Any]:
    """Return the action that keeps what *item* counts as what it was."""
    update = UpdateBuilder()
    counts = counts_of(item)
    for name in sorted(counts)[:MOST_NAMED]:
        update.require_exactly(name, item[name])
    for name in (*MARKS, GENERATION, *NAME_SETS):
        update.require_exactly(name, item.get(name))
    update.set({GENERATION: generation, WAS: counts})
    if SEEN in item:
        update.set({WAS_SEEN: item[SEEN]["S"]})
    gone = [*counts, *(name for name in MARKS if name in item)]
    update.remove(*gone)
    for name in NAME_SETS:
        if noted := noted_names(item, name):
            update.delete_members(name, noted)
    return update.action(table, _key(item))


def _confirmation(table: str, merged: Item, now: Instant) -> dict[str, Any]:
    """Return the call that says that all readers see the last merge."""
    update = UpdateBuilder()
    update.require_exactly(GENERATION, merged[GENERATION])
    update.set({MOVED_AT: str(now // MICROSECONDS)})
    update.remove(PENDING)
    request: dict[str, Any] = update.action(table, _key(merged))["Update"]
    return request


def _deletion(table: str, item: Item) -> dict[str, Any]:
    """Return the call that deletes an emptied shard that nobody has written since."""
    condition = ConditionBuilder()
    for name in (*MARKS, GENERATION):
        condition.require_exactly(name, item.get(name))
    return {"TableName": table, "Key": _key(item), **condition.condition()}


def _key(item: Mapping[str, Any]) -> Item:
    return {"pk": item["pk"], "sk": item["sk"]}
