"""Reads of rejected events: the list, newest first, one of them, and a change of its status.

No map says which days have any. So one round of calls reads the latest days, and where these don't
fill a page, a second round reads the others, as far back as rejections are kept by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from run_ledger.domain.api.pages import PageRows, Stretch, day_of, days_down, is_day, merged
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute, to_item
from run_ledger.store.dynamo.expressions import QueryBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.rejection_items import BY_DAY, Rejection, Status, from_rejection_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

RejectionRow = dict[str, Attribute]
_DAYS_A_ROUND = (8, 88)
# DynamoDB may take two days to delete an expired item, and clocks differ a little.
DAYS_BEYOND_EXPIRY = 3


def read_rejections(
    reading: Reading, *, start: str | None, newest: str, oldest: str, limit: int
) -> PageRows[RejectionRow]:
    """Return the newest *limit* rejected events below *start*, from the days given."""
    days = days_down(newest if start is None else day_of(start), oldest)
    if start is not None and is_day(start):
        days = days[1:]
    stretches: list[Stretch[RejectionRow]] = []
    span: PageRows[RejectionRow] = PageRows([], None)
    for width in _DAYS_A_ROUND:
        portion, days = days[:width], days[width:]
        if not portion:
            break
        stretches += reading.together(
            [
                partial(_query, reading.client, reading.tables.rejections, day, start, limit + 1)
                for day in portion
            ]
        )
        span = merged(stretches, limit, portion[-1] if days else None)
        if len(span.rows) >= limit or any(stretch.goes_on for stretch in stretches):
            break
    return span


def _query(
    client: DynamoDBClient, table: str, day: str, start: str | None, rows: int
) -> Stretch[RejectionRow]:
    query = QueryBuilder(table, "day", day, index=BY_DAY)
    query.sort_between("rk", below=start)
    answer = client.query(**query.request(limit=rows, descending=True))
    found: Sequence[Any] = [(item["rk"]["S"], item) for item in answer["Items"]]
    return Stretch(found, bool(found) and "LastEvaluatedKey" in answer)


def read_rejection(client: DynamoDBClient, table: str, rejection_id: str) -> Rejection | None:
    """Return one rejection as it is now, None where there is none of that id."""
    key = to_item({"rejection_id": rejection_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return None if item is None else from_rejection_item(item)


def move(
    client: DynamoDBClient, table: str, rejection: Rejection, status: Status, *, at: Instant
) -> bool:
    """Give *rejection* another status; return False where it is no longer as it was read.

    That is so when somebody else has moved it, when the writer has rejected the event once more,
    or when it has expired.
    """
    update = UpdateBuilder()
    update.set({"status": status, "moved_at": at})
    update.require(("status",), "=", rejection.status)
    update.require(("received_at",), "=", rejection.received_at)
    action = update.action(table, to_item({"rejection_id": rejection.rejection_id}))
    try:
        client.update_item(**action["Update"])
    except ClientError as error:
        if fault(error) is Fault.CONDITION:
            return False
        raise
    return True
