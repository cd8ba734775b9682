"""The calls that an audit reads with. All are strongly consistent but for those of indexes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from run_ledger.domain.state.packed_rows import hour_row, is_counted_by_hours
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo import batches
from run_ledger.store.dynamo.attributes import Item, to_attribute
from run_ledger.store.dynamo.batches import every_item, portions
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.log_items import from_log_item
from run_ledger.store.items.own_names import NAME_SETS
from run_ledger.store.items.rollup_items import as_counted

from .expected_items import Name, name_of, whole_number

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CALLS_TOGETHER = 200
_SEGMENTS = 4
_PATIENCE_SECONDS = 12.0

A = TypeVar("A")
Shards = dict[str, Item]


def list_jobs(reading: Reading) -> set[Name]:
    """Return all jobs that have an item."""
    items = _scan(reading, reading.tables.jobs, ProjectionExpression="job_id")
    return {Name("job", item["job_id"]["S"]) for item in items}


def list_projects(reading: Reading) -> set[Name]:
    """Return all projects that have an item."""
    items = _scan(reading, reading.tables.projects, ProjectionExpression="project_id")
    return {Name("project", item["project_id"]["S"]) for item in items}


def list_indexed(reading: Reading, index: str, attribute: str, value: str) -> set[Name]:
    """Return the jobs in one partition of an index."""
    query = QueryBuilder(reading.tables.jobs, attribute, value, index=index)
    items = every_item(reading.client.query, query.request(["job_id"]))
    return {Name("job", item["job_id"]["S"]) for item in items}


def list_projects_of(reading: Reading, client_id: str) -> set[Name]:
    """Return the projects of a client."""
    query = QueryBuilder(reading.tables.projects, "client_id", client_id, index=keys.BY_CLIENT)
    items = every_item(reading.client.query, query.request(["project_id"]))
    return {Name("project", item["project_id"]["S"]) for item in items}


def list_by_entries(reading: Reading, mentioned: str | None) -> set[Name]:
    """Return the jobs and projects that have entries, or have entries that mention a word."""
    if mentioned is None:
        found = _scan(reading, reading.tables.entries, ProjectionExpression="pk")
    else:
        found = _scan(
            reading,
            reading.tables.entries,
            partial(_mentions, mentioned.encode()),
            ProjectionExpression="pk, sk, received_at, events",
            FilterExpression="contains(detail, :word) OR attribute_exists(events)",
            ExpressionAttributeValues={":word": to_attribute(mentioned)},
        )
    return {name for item in found if (name := name_of(item["pk"]["S"]))}


def _mentions(word: bytes, item: Item) -> bool:
    """Return whether an item mentions *word*, that isn't a row or was found by its detail."""
    if "events" not in item:
        return True
    try:
        return any(word in bytes(event.detail) for event in from_log_item(item).events)
    except (KeyError, ValueError):
        return False


def read_page_of_jobs(
    reading: Reading, after: str | None, limit: int
) -> tuple[list[Item], str | None]:
    """Return the items of up to *limit* jobs, in the table's own order.

    The second value is the last job's id, from which the next page goes on as *after*; it is None
    on the last page.
    """
    request: dict[str, Any] = {"TableName": reading.tables.jobs, "ConsistentRead": True}
    if after is not None:
        request["ExclusiveStartKey"] = {"job_id": to_attribute(after)}
    answer = reading.client.scan(**request, Limit=limit)
    last: Any = answer.get("LastEvaluatedKey")
    items: list[Any] = answer["Items"]
    return items, last["job_id"]["S"] if last else None


def read_page_of_names(
    reading: Reading, kind: Literal["job", "project"], after: Item | None, limit: int
) -> tuple[list[tuple[Name, int]], Item | None]:
    """Return the names of up to *limit* items, and how many entries each says it has.

    They come in the table's own order. The second value is the key from which the next page goes
    on as *after*, None at the end.
    """
    attribute = f"{kind}_id"
    table = reading.tables.jobs if kind == "job" else reading.tables.projects
    items, last = _page(reading, table, after, limit, ProjectionExpression=f"{attribute}, n")
    names = [Name(kind, item[attribute]["S"]) for item in items]
    return list(zip(names, (whole_number(item.get("n")) or 0 for item in items), strict=True)), last


def read_page_of_entries(
    reading: Reading, after: Item | None, limit: int
) -> tuple[list[Name], Item | None]:
    """Return whose entries up to *limit* items hold, each name once, and where to go on."""
    table = reading.tables.entries
    items, last = _page(reading, table, after, limit, ProjectionExpression="pk")
    names = (name_of(item["pk"]["S"]) for item in items)
    return list(dict.fromkeys(name for name in names if name is not None)), last


def read_page_of_shards(
    reading: Reading, after: Item | None, limit: int
) -> tuple[list[tuple[Row, str, Item]], Item | None]:
    """Return up to *limit* shards of rollup rows with their items, and where to go on.

    Items of one row are never on two pages, unless they are more than *limit*.
    """
    items, last = _page(reading, reading.tables.rollups, after, limit)
    if last is not None:
        end, whole = _row_and_shard(items[-1])[0], len(items)
        while whole and _row_and_shard(items[whole - 1])[0] == end:
            whole -= 1
        items = items[:whole] or items
        last = {name: items[-1][name] for name in ("pk", "sk")}
    return [(*_row_and_shard(item), item) for item in as_counted(items)], last


def _page(
    reading: Reading, table: str, after: Item | None, limit: int, **request: Any
) -> tuple[list[Item], Item | None]:
    if after is not None:
        request["ExclusiveStartKey"] = after
    call = partial(
        reading.client.scan, TableName=table, ConsistentRead=True, Limit=limit, **request
    )
    answer: Any = reading.alone(call)
    return answer["Items"], answer.get("LastEvaluatedKey")


def read_items(reading: Reading, names: Collection[Name]) -> dict[Name, Item]:
    """Return the items of *names*; a name without an item is left out."""
    calls = [partial(_read_portion, reading, portion) for portion in portions(names)]
    return {name: item for found in _in_turns(reading, calls) for name, item in found.items()}


def read_entries(
    reading: Reading, names: Iterable[Name], items: Mapping[Name, Item]
) -> dict[Name, list[Item]]:
    """Return the items with the entries of each of *names*, of which these *items* are known.

    Whether a log goes on in all its lanes is told by either: the item may be missing or wrong.
    """
    found: dict[Name, list[Item]] = {name: [] for name in names}
    _read_partitions(
        reading,
        found,
        [(name, one) for name in found for one in (name.label, _lane(name, 0))],
    )
    long = [name for name in found if _goes_on(items.get(name), found[name])]
    _read_partitions(
        reading,
        found,
        [(name, _lane(name, lane)) for name in long for lane in range(1, keys.LANES)],
    )
    return found


def _read_partitions(
    reading: Reading, found: Mapping[Name, list[Item]], partitions: Sequence[tuple[Name, str]]
) -> None:
    calls = [
        partial(_query, reading.client, reading.tables.entries, partition)
        for _, partition in partitions
    ]
    for (name, _), some in zip(partitions, _in_turns(reading, calls), strict=True):
        found[name] += some


def _lane(name: Name, lane: int) -> str:
    return keys.log_partition(*name, lane)


def _goes_on(item: Item | None, rows: Sequence[Item]) -> bool:
    """Return whether there may be more rows than those of the first lane."""
    numbers = [int(row["sk"]["S"]) for row in rows if row["pk"]["S"].startswith(keys.LOG)]
    if item is None and not numbers:
        # The first lane's rows expire before the others, and nothing else tells of these.
        return True
    said = whole_number((item or {}).get("log")) or 0
    return max(said, max(numbers, default=0) + keys.LANES) > keys.FIRST_LANE


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
    for item in as_counted(items):
        row, shard = _row_and_shard(item)
        # A set comes in no order: items are compared with each other.
        for names in NAME_SETS:
            item.pop(names, None)
        rows.setdefault(row, {})[shard] = item
    return rows


def list_hour_partitions(reading: Reading) -> set[str]:
    """Return the partitions of rows of hours, also those that packed rows alone tell of."""
    items = _scan(reading, reading.tables.rollups, ProjectionExpression="pk, sk")
    found = {hour_row(_row_and_shard(item)[0]).partition for item in items}
    return {partition for partition in found if is_counted_by_hours(partition)}


def _row_and_shard(item: Item) -> tuple[Row, str]:
    sort, _, shard = item["sk"]["S"].rpartition("#")
    return Row(item["pk"]["S"], sort), shard


def _every(_: Item) -> bool:
    return True


def _in_turns(reading: Reading, calls: Sequence[Callable[[], A]]) -> list[A]:
    """Make many calls, some hundreds at a time, and return their answers in order."""
    answers: list[A] = []
    for some in portions(calls, _CALLS_TOGETHER):
        answers += reading.together(some)
    return answers


def _scan(
    reading: Reading, table: str, keep: Callable[[Item], bool] = _every, **request: Any
) -> list[Any]:
    request |= {"TableName": table, "ConsistentRead": True, "TotalSegments": _SEGMENTS}
    calls = [
        partial(_kept, reading.client.scan, request | {"Segment": segment}, keep)
        for segment in range(_SEGMENTS)
    ]
    return [item for items in reading.together(calls) for item in items]


def _query(
    client: DynamoDBClient, table: str, partition: str, keep: Callable[[Item], bool] = _every
) -> list[Any]:
    return _kept(client.query, QueryBuilder(table, "pk", partition).request(consistent=True), keep)


def _kept(call: Any, request: Mapping[str, Any], keep: Callable[[Item], bool]) -> list[Any]:
    """Return the items to *keep* of all pages of an answer."""
    return list(filter(keep, every_item(call, request)))


def _read_portion(reading: Reading, names: Sequence[Name]) -> dict[Name, Item]:
    wanted: dict[str, list[Item]] = {}
    for name in names:
        wanted.setdefault(name.table(reading.tables), []).append(name.key)
    found = batches.read_items(reading.client, wanted, seconds=_PATIENCE_SECONDS)
    items: dict[Name, Item] = {}
    for table_name, some in found.items():
        kind: Any = "job" if table_name == reading.tables.jobs else "project"
        items |= {Name(kind, item[f"{kind}_id"]["S"]): item for item in some}
    return items
