"""The calls that an audit reads with. All are strongly consistent but for those of indexes."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import Item, to_attribute
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys

from .items import Name, name_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_A_CALL = 100
_CALLS_TOGETHER = 200
_SEGMENTS = 4
_TRIES = 8
_FIRST_PAUSE_SECONDS = 0.05

A = TypeVar("A")
Shards = dict[str, Item]


def list_jobs(reading: Reading) -> set[Name]:
    """Return all jobs that there are items of."""
    items = _scan(reading, reading.tables.jobs, ProjectionExpression="job_id")
    return {Name("job", item["job_id"]["S"]) for item in items}


def list_projects(reading: Reading) -> set[Name]:
    """Return all projects that there are items of."""
    items = _scan(reading, reading.tables.projects, ProjectionExpression="project_id")
    return {Name("project", item["project_id"]["S"]) for item in items}


def list_indexed(reading: Reading, index: str, attribute: str, value: str) -> set[Name]:
    """Return the jobs in one partition of an index."""
    items = _pages(
        reading.client,
        "query",
        TableName=reading.tables.jobs,
        IndexName=index,
        KeyConditionExpression="#a = :v",
        ExpressionAttributeNames={"#a": attribute},
        ExpressionAttributeValues={":v": to_attribute(value)},
        ProjectionExpression="job_id",
    )
    return {Name("job", item["job_id"]["S"]) for item in items}


def list_projects_of(reading: Reading, client_id: str) -> set[Name]:
    """Return the projects of a client."""
    items = _pages(
        reading.client,
        "query",
        TableName=reading.tables.projects,
        IndexName=keys.BY_CLIENT,
        KeyConditionExpression="client_id = :v",
        ExpressionAttributeValues={":v": to_attribute(client_id)},
        ProjectionExpression="project_id",
    )
    return {Name("project", item["project_id"]["S"]) for item in items}


def list_by_entries(reading: Reading, mentioned: str | None) -> set[Name]:
    """Return all that there are entries of, or all whose entries mention a word."""
    request: dict[str, Any] = {"ProjectionExpression": "pk"}
    if mentioned is not None:
        request |= {
            "FilterExpression": "contains(detail, :word)",
            "ExpressionAttributeValues": {":word": to_attribute(mentioned)},
        }
    found = {item["pk"]["S"] for item in _scan(reading, reading.tables.entries, **request)}
    return {name for name in map(name_of, found) if name}


def read_items(reading: Reading, names: Collection[Name]) -> dict[Name, Item]:
    """Return the items of *names*, of those that have one."""
    ordered = list(names)
    portions = [
        ordered[first : first + _KEYS_A_CALL] for first in range(0, len(ordered), _KEYS_A_CALL)
    ]
    calls = [partial(_batch_get, reading, portion) for portion in portions]
    found: dict[Name, Item] = {}
    for items in _in_turns(reading, calls):
        found |= items
    return found


def read_entries(reading: Reading, names: Iterable[Name]) -> dict[Name, list[Item]]:
    """Return the items of the entries of each of *names*."""
    ordered = list(names)
    calls = [
        partial(_query, reading.client, reading.tables.entries, name.entries_key)
        for name in ordered
    ]
    return dict(zip(ordered, _in_turns(reading, calls), strict=True))


def read_rows(
    reading: Reading, partitions: Collection[str] | None, wanted: Callable[[Row], bool]
) -> dict[Row, Shards]:
    """Return the *wanted* rollup rows of *partitions*, or of all, as the items of their shards."""
    table = reading.tables.rollups

    def keep(item: Item) -> bool:
        return wanted(_row_and_shard(item)[0])

    if partitions is None:
        items = _scan(reading, table, keep)
    else:
        calls = [partial(_query, reading.client, table, one, keep) for one in sorted(partitions)]
        items = [item for found in _in_turns(reading, calls) for item in found]
    rows: dict[Row, Shards] = {}
    for item in items:
        row, shard = _row_and_shard(item)
        rows.setdefault(row, {})[shard] = item
    return rows


def _row_and_shard(item: Item) -> tuple[Row, str]:
    sort, _, shard = item["sk"]["S"].rpartition("#")
    return Row(item["pk"]["S"], sort), shard


def _every(_: Item) -> bool:
    return True


def _in_turns(reading: Reading, calls: Sequence[Callable[[], A]]) -> list[A]:
    """Make many calls, not all of them at once."""
    answers: list[A] = []
    for first in range(0, len(calls), _CALLS_TOGETHER):
        answers += reading.together(calls[first : first + _CALLS_TOGETHER])
    return answers


def _scan(
    reading: Reading, table: str, keep: Callable[[Item], bool] = _every, **request: Any
) -> list[Any]:
    calls = [
        partial(
            _pages,
            reading.client,
            "scan",
            keep,
            TableName=table,
            ConsistentRead=True,
            Segment=segment,
            TotalSegments=_SEGMENTS,
            **request,
        )
        for segment in range(_SEGMENTS)
    ]
    return [item for items in reading.together(calls) for item in items]


def _query(
    client: DynamoDBClient, table: str, partition: str, keep: Callable[[Item], bool] = _every
) -> list[Any]:
    return _pages(
        client,
        "query",
        keep,
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": to_attribute(partition)},
        ConsistentRead=True,
    )


def _pages(
    client: DynamoDBClient,
    operation: str,
    keep: Callable[[Item], bool] = _every,
    **request: Any,
) -> list[Any]:
    """Return the items to *keep* of all pages of an answer."""
    call = getattr(client, operation)
    found: list[Any] = []
    while True:
        answer = call(**request)
        found += filter(keep, answer["Items"])
        if not answer.get("LastEvaluatedKey"):
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _batch_get(reading: Reading, names: Sequence[Name]) -> dict[Name, Item]:
    wanted: Any = {}
    for name in names:
        table = wanted.setdefault(name.table(reading.tables), {"Keys": [], "ConsistentRead": True})
        table["Keys"].append(name.key)
    found: dict[Name, Item] = {}
    for tries in range(_TRIES):
        if tries:
            time.sleep(_FIRST_PAUSE_SECONDS * 2**tries)
        answer: Any = reading.client.batch_get_item(RequestItems=wanted)
        for table_name, items in answer["Responses"].items():
            kind: Any = "job" if table_name == reading.tables.jobs else "project"
            found |= {Name(kind, item[f"{kind}_id"]["S"]): item for item in items}
        wanted = answer.get("UnprocessedKeys")
        if not wanted:
            return found
    raise StoreUnavailable("DynamoDB held items back for too long")
