"""The map of the days: how many of a day's jobs are in which outcome now, and in which shards.

It comes from the rollups, and lets lists skip days without a match unread. One Query reads it,
newest day first, and what that leaves out is said by the map's floor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from run_ledger.domain.contract import RESULTS
from run_ledger.domain.pages import DayCounts, DayMap, day_of, is_day
from run_ledger.domain.rollups import DAY_SHARDS, DAYS, NOW, SHARD

from .attributes import to_attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Sorts after all shards of a day and before the next day.
_AFTER_SHARDS = "$"
_RANGES = {
    (True, False): " AND sk < :start",
    (False, True): " AND sk >= :low",
    (True, True): " AND sk BETWEEN :low AND :start",
}
_OUTCOMES = {NOW + outcome: outcome for outcome in ("queued", "running", *RESULTS)}
_SHARDS = {f"{SHARD}{shard}": shard for shard in range(DAY_SHARDS)}
_ATTRIBUTES = ("sk", *_OUTCOMES, *_SHARDS)


def read_day_map(
    client: DynamoDBClient,
    table: str,
    *,
    start: str | None,
    low: str | None = None,
    rows: int | None = None,
) -> DayMap:
    """Return the map of the days with something between *start* and *low*, from so many *rows*.

    *rows* is None for as many as one answer holds.
    """
    request: dict[str, Any] = {
        "TableName": table,
        "KeyConditionExpression": "pk = :days",
        "ExpressionAttributeValues": {":days": to_attribute(DAYS)},
        "ProjectionExpression": ", ".join(_ATTRIBUTES),
        "ScanIndexForward": False,
    }
    values = request["ExpressionAttributeValues"]
    if start is not None:
        # No key is as short as a day or ends like this, so that both ends are open as it were.
        values[":start"] = to_attribute(start if is_day(start) else day_of(start) + _AFTER_SHARDS)
    if low is not None:
        values[":low"] = to_attribute(day_of(low))
    if len(values) > 1:
        request["KeyConditionExpression"] += _RANGES[start is not None, low is not None]
    if rows is not None:
        request["Limit"] = rows
    answer = client.query(**request)
    days: dict[str, dict[str, int]] = {}
    items: list[Any] = answer["Items"]
    for item in items:
        counts = days.setdefault(day_of(item["sk"]["S"]), {})
        for name, attribute in item.items():
            if name != "sk":
                counts[name] = counts.get(name, 0) + int(attribute["N"])
    counted = [(day, _counts(sums)) for day, sums in days.items()]
    if "LastEvaluatedKey" not in answer:
        return DayMap(counted, None)
    # The last day may go on beyond what was read; one that fills a whole answer can't.
    whole = counted[:-1] or counted
    return DayMap(whole, whole[-1][0])


def _counts(sums: dict[str, int]) -> DayCounts:
    return DayCounts(
        {_OUTCOMES[name]: count for name, count in sums.items() if name in _OUTCOMES},
        {_SHARDS[name]: count for name, count in sums.items() if name in _SHARDS},
    )
