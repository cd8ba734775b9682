"""Packing the rows of a day that is over, while writers, readers and others go on.

Whoever packs reads the packed rows first, and the rows of hours afterwards. A packed row is put on
the condition that it is as it was read. So of two that pack at the same time, the one that has read
the hours before the other packed does not write over that. What is counted between the look and the
write is not in the packed row; the row over all tells readers so (see `packed_items`), and the next
walk packs again.

A packed row is never deleted, as readers may see for a moment what was: one that counts nothing any
more stays empty. For the same reason a day is done half an hour after its last packed row changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.instants import MICROSECONDS, Instant, later
from run_ledger.domain.state.packed_texts import unpacked
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import Item, bytes_of
from run_ledger.store.dynamo.expressions import ConditionBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.packed_items import COUNTS, NOTHING, packed_item
from run_ledger.store.items.rollup_items import MOVED_AT, sort_of

from .shard_merging import BETWEEN_STEPS, MergeStep

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def pack(
    client: DynamoDBClient,
    table: str,
    wanted: Mapping[Row, bytes],
    packed: Sequence[Item],
    now: Instant,
) -> Counter[MergeStep]:
    """Put what is *wanted* in place of the rows *packed*, which were read before the hours.

    Raises ClientError or BotoCoreError where DynamoDB refuses for good.
    """
    steps: Counter[MergeStep] = Counter()
    known = {Row(item["pk"]["S"], sort_of(item)): item for item in packed}
    for row in sorted({*wanted, *known}):
        counts = wanted.get(row, NOTHING)
        item = known.get(row)
        if item is not None and is_same(item, counts):
            changed_at = Instant(int(item[MOVED_AT]["S"]) * MICROSECONDS)
            is_young = now < later(changed_at, BETWEEN_STEPS)
            steps[MergeStep.WAITING if is_young else MergeStep.DONE] += 1
        else:
            steps[_put(client, table, packed_item(row, counts, now // MICROSECONDS), item)] += 1
    return steps


def _put(client: DynamoDBClient, table: str, item: Any, known: Item | None) -> MergeStep:
    condition = ConditionBuilder()
    for name in (COUNTS, MOVED_AT):
        condition.require_exactly(name, (known or {}).get(name))
    try:
        client.put_item(TableName=table, Item=item, **condition.condition())
    except (ClientError, BotoCoreError) as error:
        if fault(error) in (Fault.CONDITION, Fault.PASSING):
            return MergeStep.LEFT
        raise
    return MergeStep.MOVED


def is_same(item: Item, counts: bytes) -> bool:
    """Return whether a packed row's *item* says the same as *counts*, however that is written."""
    try:
        is_dated = int(item[MOVED_AT]["S"]) > 0
        return is_dated and bool(unpacked(bytes_of(item[COUNTS])) == unpacked(counts))
    except (LookupError, ValueError):
        return False
