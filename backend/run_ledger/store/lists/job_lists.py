"""Lists of jobs, newest first: their rows in the indexes, and their items.

A list takes three rounds of calls at most: the map of the days (only where a plan needs it), index
partitions, items. The items are read strongly consistent, as they decide: indexes follow a
moment later, so a row may lead to a job that has changed, and then the item is right.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from run_ledger.domain.api.pages import Stretch
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.job_items import StoredJob, from_job_item, sign_of_row

from .job_plans import Partition, Plan, Sieve

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Bounds(NamedTuple):
    """The range of sort keys to read: from ``low``, exclusive of ``start``; None where open."""

    start: str | None
    low: str | None


class Rows(NamedTuple):
    """What was read of each partition, and how many rows were looked through for it."""

    stretches: Sequence[Stretch[str]]
    looked_through: int

    @property
    def matching(self) -> int:
        """Return how many rows were found."""
        return sum(len(stretch.rows) for stretch in self.stretches)


def read_index(reading: Reading, plan: Plan, bounds: Bounds, now: Instant) -> Rows:
    """Return from each partition of *plan* the newest job ids that pass its sieve."""
    answers = reading.together(
        [
            partial(_query, reading, partition, plan.sieve, bounds, now)
            for partition in plan.partitions
        ]
    )
    return Rows([stretch for stretch, _ in answers], sum(count for _, count in answers))


def read_jobs(reading: Reading, job_ids: Collection[str]) -> list[StoredJob]:
    """Return the jobs with these ids, in no order; ids without a job are left out."""
    answers = reading.together(
        [
            partial(read_portion, reading.client, reading.tables.jobs, portion)
            for portion in portions(dict.fromkeys(job_ids))
        ]
    )
    return [job for jobs in answers for job in jobs]


def read_names(reading: Reading, job_ids: Collection[str]) -> dict[str, str]:
    """Return the names of those of these jobs that have one, by job id.

    They may be those of a moment ago: a weak read costs half.
    """
    answers = reading.together(
        [
            partial(_read_names, reading.client, reading.tables.jobs, portion)
            for portion in portions(dict.fromkeys(job_ids))
        ]
    )
    return {job_id: name for names in answers for job_id, name in names.items()}


def read_job(client: DynamoDBClient, table: str, job_id: str) -> StoredJob | None:
    """Return one job as it is now, None where there is none of that id."""
    item = read_job_item(client, table, job_id)
    return None if item is None else from_job_item(item)


def read_job_item(client: DynamoDBClient, table: str, job_id: str) -> Item | None:
    """Return the item of one job as it is now, None where there is none of that id."""
    key = to_item({"job_id": job_id})
    item: Any = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")
    return cast("Item | None", item)


def _query(
    reading: Reading, partition: Partition, sieve: Sieve, bounds: Bounds, now: Instant
) -> tuple[Stretch[str], int]:
    query = QueryBuilder(
        reading.tables.jobs, partition.attribute, partition.value, index=partition.index_name
    )
    query.sort_between("ck", low=bounds.low, below=bounds.start)
    _sift(query, sieve)
    wanted = (
        ("job_id", "ck") if sieve.stalled is None else ("job_id", "ck", "seen_slot", "heartbeat")
    )
    # A range with both its ends may bring the row at the start, which is left out later.
    limit = partition.rows + (None not in bounds)
    answer = reading.client.query(**query.request(wanted, limit=limit, descending=True))
    last: Any = answer.get("LastEvaluatedKey")
    items: Sequence[Any] = answer["Items"]
    rows = [
        (item["ck"]["S"], item["job_id"]["S"])
        for item in items
        if item["ck"]["S"] != bounds.start
        and (sieve.stalled is None or _may_be(item, now, stalled=sieve.stalled))
    ]
    reached = last["ck"]["S"] if last else None
    return Stretch(rows, reached is not None, reached), answer["ScannedCount"]


def _sift(query: QueryBuilder, sieve: Sieve) -> None:
    """Let DynamoDB leave out rows that don't match; it still reads them, and bills that."""
    for name, value in sieve.equal.items():
        query.require((name,), "=", value)
    if sieve.outcomes is not None:
        query.require_one_of("outcome", sieve.outcomes)
    for end in sieve.ends:
        query.require_if_present(*end)


def _may_be(row: Mapping[str, Any], now: Instant, *, stalled: bool) -> bool:
    """Return whether the running job of *row* may be stalled, or may not be where not *stalled*."""
    if "seen_slot" not in row:
        return True
    heartbeat = row.get("heartbeat")
    sign = sign_of_row(int(row["seen_slot"]["N"]), int(heartbeat["N"]) if heartbeat else None, now)
    return sign != ("alive" if stalled else "stalled")


def read_portion(client: DynamoDBClient, table: str, job_ids: Sequence[str]) -> list[StoredJob]:
    """Return the jobs with *job_ids*, at most 100, in no order; ids without a job are left out."""
    keys = [to_item({"job_id": job_id}) for job_id in job_ids]
    return [from_job_item(item) for item in read_items(client, {table: keys})[table]]


def _read_names(client: DynamoDBClient, table: str, job_ids: Sequence[str]) -> dict[str, str]:
    keys = [to_item({"job_id": job_id}) for job_id in job_ids]
    items = read_items(client, {table: keys}, is_consistent=False)[table]
    jobs = (from_job_item(item).job for item in items)
    return {job.job_id: name for job in jobs if (name := job.latest("name"))}
