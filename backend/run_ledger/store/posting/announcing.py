"""What a batch's events say of how their pipelines should run.

It is kept once an event is posted, and before its message is done with: so a writer that ends in
between does it again, which comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.expressions import ConditionBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.announced_items import ORDER, announced_item

from .grouping import EventMessage
from .rejections import Rejected
from .reports import Report

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def keep_announced(  # noqa: PLR0913, PLR0917 - all that a batch has come to
    client: DynamoDBClient,
    table: str,
    report: Report,
    messages: Iterable[EventMessage],
    rejected: Sequence[Rejected],
    now: Instant,
) -> None:
    """Keep in *table* what events say that were posted, or had been, as it is *now*.

    Of several that are about the same the last one is put. What can't be kept lets its messages
    fail, so that they come again.
    """
    found: dict[str, tuple[Item, list[str]]] = {}
    left_out: set[str] = set()
    for message in messages:
        item = announced_item(message.event, now)
        if item is None:
            continue
        left_out = left_out or _left_out(report, rejected)
        if message.message_id in left_out:
            continue
        known, ids = found.get(item["sk"]["S"], (item, []))
        last = max(known, item, key=lambda one: one[ORDER]["S"])
        found[item["sk"]["S"]] = (last, [*ids, message.message_id])
    for item, message_ids in found.values():
        report.calls += 1
        trouble = _put(client, table, item)
        if trouble is not None:
            report.failed_message_ids.update(message_ids)
            report.failures.append(f"what is expected of a pipeline could not be kept: {trouble}")


def _left_out(report: Report, rejected: Sequence[Rejected]) -> set[str]:
    """Return the messages whose events are not posted."""
    refused = (message_id for one in rejected for message_id in one.message_ids)
    return report.failed_message_ids.union(refused)


def _put(client: DynamoDBClient, table: str, item: Item) -> str | None:
    """Put *item* where none is that is as new; return why that could not be tried."""
    condition = ConditionBuilder()
    condition.require_if_present(ORDER, "<", item[ORDER]["S"])
    try:
        client.put_item(TableName=table, Item=item, **condition.condition())
    except (ClientError, BotoCoreError) as error:
        if fault(error) is not Fault.CONDITION:
            return str(error)
    return None
