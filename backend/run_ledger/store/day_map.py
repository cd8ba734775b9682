"""The map of the days: how many of a day's jobs are in which outcome now, from the rollups.

It lets lists skip days without a match unread. One Query reads it, newest day first, and what that
leaves out is said by the map's floor.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from run_ledger.domain.contract import RESULTS
from run_ledger.domain.pages import DayMap, day_of, is_day
from run_ledger.domain.rollups import DAYS, NOW

from .attributes import to_attribute
from .rollup_items import from_rollup_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Sorts after all shards of a day and before the next day.
_AFTER_SHARDS = "$"
_ATTRIBUTES = ("pk", "sk", *(NOW + outcome for outcome in ("queued", "running", *RESULTS)))


def read_day_map(
    client: DynamoDBClient, table: str, *, start: str | None, rows: int | None
) -> DayMap:
    """Return the map of the days that hold something below *start*, from at most *rows* rows."""
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :days",
        "ExpressionAttributeValues": {":days": to_attribute(DAYS)},
        "ProjectionExpression": ", ".join(_ATTRIBUTES),
        "ScanIndexForward": False,
    }
    if start is not None:
        request["KeyConditionExpression"] += " AND sk < :start"
        below = start if is_day(start) else day_of(start) + _AFTER_SHARDS
        request["ExpressionAttributeValues"][":start"] = to_attribute(below)
    if rows is not None:
        request["Limit"] = rows
    answer = client.query(**request)
    days: dict[str, Counter[str]] = {}
    items: list[Any] = answer["Items"]
    for item in items:
        row, counts = from_rollup_item(item)
        day = days.setdefault(row.sort, Counter())
        day.update({name.removeprefix(NOW): count for name, count in counts.items()})
    if "LastEvaluatedKey" not in answer:
        return DayMap(list(days.items()), None)
    # The last day may go on beyond what was read; one that fills a whole answer can't.
    whole = list(days.items())[:-1] or list(days.items())
    return DayMap(whole, whole[-1][0])
