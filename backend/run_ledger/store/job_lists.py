"""Lists of jobs, newest first: which index partitions to read, their rows, and the items.

A list takes three rounds of calls at most: the map of the days (only where no client is given),
index partitions, items. The items are read strongly consistent because they decide: indexes follow
a moment later, so a row may lead to a job that has moved on, and then the item is right.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from run_ledger.domain.errors import InvalidQuery
from run_ledger.domain.pages import DayMap, Stretch, day_of, is_day
from run_ledger.domain.rollups import DAY_SHARDS

from . import keys
from .attributes import to_attribute, to_item
from .job_items import StoredJob, from_job_item
from .reading import Reading

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Calls of one round: a page over more, sparser days comes back short, with a cursor.
MOST_PARTITIONS = 100
# One user is in 100 groups at most, and completed jobs have five outcomes.
MOST_MERGED = 500
_KEYS_A_CALL = 100
_TRIES = 5
_FIRST_PAUSE_SECONDS = 0.05


class Partition(NamedTuple):
    """One partition of an index of the table Jobs."""

    index_name: str
    attribute: str
    value: str


class Plan(NamedTuple):
    """The partitions to read; all other matches lie below the position ``floor``, if any do."""

    partitions: Sequence[Partition]
    floor: str | None


def plan_by_client(clients: Collection[str], outcomes: Collection[str] | None) -> Plan:
    """Return the plan for the jobs of *clients* that are in one of *outcomes* (None: in any).

    Raises InvalidQuery where a page would have to be put together from too many partitions.
    """
    if len(clients) * len(outcomes or ("any",)) > MOST_MERGED:
        raise InvalidQuery(
            "client_id",
            f"you may see {len(clients)} clients, too many for one list; ask for one of them",
        )
    if outcomes is None:
        return Plan([Partition(keys.BY_CLIENT, "client_id", name) for name in clients], None)
    return Plan(
        [
            Partition(keys.BY_CLIENT_OUTCOME, "client_outcome", keys.client_outcome(name, outcome))
            for name in clients
            for outcome in outcomes
        ],
        None,
    )


def plan_by_day(
    day_map: DayMap, outcomes: Collection[str] | None, start: str | None, limit: int
) -> Plan:
    """Return the plan for the newest jobs below *start*: as many days as fill *limit*.

    A day's index partitions are those of the outcomes wanted. Where all are, they are its shards,
    in which a job stays for ever: one that changes its outcome meanwhile can't slip through.
    """
    chosen: list[Partition] = []
    expected = 0
    floor: str | None = None
    for day, counts in day_map.days:
        present = [name for name, count in counts.items() if count > 0]
        wanted = present if outcomes is None else [name for name in present if name in outcomes]
        more = _partitions(day, None if outcomes is None else wanted) if wanted else []
        if chosen and (expected > limit or len(chosen) + len(more) > MOST_PARTITIONS):
            return Plan(chosen, floor)
        chosen += more
        if start is None or is_day(start) or day != day_of(start):
            # How many jobs of the day that the last page ended in are left, the map can't say.
            expected += sum(counts[name] for name in wanted)
        floor = day
    return Plan(chosen, day_map.floor)


def _partitions(day: str, outcomes: Collection[str] | None) -> list[Partition]:
    if outcomes is None:
        return [
            Partition(keys.BY_DAY, "day_shard", keys.day_shard(day, shard))
            for shard in range(DAY_SHARDS)
        ]
    return [
        Partition(keys.BY_OUTCOME, "outcome_day", keys.outcome_day(outcome, day))
        for outcome in outcomes
    ]


def read_index(
    reading: Reading, partitions: Sequence[Partition], start: str | None, limit: int
) -> list[Stretch[str]]:
    """Return, of each partition, the newest job ids below *start*, a little more than *limit*."""
    return reading.together(
        [
            partial(_query, reading.client, reading.tables.jobs, partition, start, limit + 1)
            for partition in partitions
        ]
    )


def read_jobs(reading: Reading, job_ids: Collection[str]) -> list[StoredJob]:
    """Return those of the jobs that there are, in no order."""
    distinct = list(dict.fromkeys(job_ids))
    portions = [
        distinct[first : first + _KEYS_A_CALL] for first in range(0, len(distinct), _KEYS_A_CALL)
    ]
    answers = reading.together(
        [partial(_batch_get, reading.client, reading.tables.jobs, portion) for portion in portions]
    )
    return [from_job_item(item) for items in answers for item in items]


def read_job(client: DynamoDBClient, table: str, job_id: str) -> StoredJob | None:
    """Return one job as it is now, None where there is none of that id."""
    key = to_item({"job_id": job_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return None if item is None else from_job_item(item)


def _query(
    client: DynamoDBClient, table: str, partition: Partition, start: str | None, rows: int
) -> Stretch[str]:
    request: dict[str, Any] = {
        "TableName": table,
        "IndexName": partition.index_name,
        "KeyConditionExpression": "#partition = :partition",
        "ExpressionAttributeNames": {"#partition": partition.attribute},
        "ExpressionAttributeValues": {":partition": to_attribute(partition.value)},
        "ProjectionExpression": "job_id, ck",
        "ScanIndexForward": False,
        "Limit": rows,
    }
    if start is not None:
        request["KeyConditionExpression"] += " AND ck < :start"
        request["ExpressionAttributeValues"][":start"] = to_attribute(start)
    answer = client.query(**request)
    found = [(item["ck"]["S"], item["job_id"]["S"]) for item in answer["Items"]]
    return Stretch(found, bool(found) and "LastEvaluatedKey" in answer)


def _batch_get(client: DynamoDBClient, table: str, job_ids: Sequence[str]) -> list[Any]:
    """Return the items of *job_ids*, at most 100, asking again for what DynamoDB left out."""
    wanted: Any = {
        table: {
            "Keys": [to_item({"job_id": job_id}) for job_id in job_ids],
            "ConsistentRead": True,
        }
    }
    found: list[Any] = []
    for tries in range(_TRIES):
        if tries:
            time.sleep(_FIRST_PAUSE_SECONDS * 2**tries)
        answer = client.batch_get_item(RequestItems=wanted)
        found += answer["Responses"].get(table, [])
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
    raise ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "keys stayed unprocessed"}},
        "BatchGetItem",
    )
