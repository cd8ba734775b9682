"""What the ledger knows of some jobs, and which ones it believes to run for long."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.job import Job
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.batches import portions, read_items
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.job_items import from_job_item
from run_ledger.store.items.keys import BY_CLIENT_OUTCOME, PARTITION_KEYS, client_outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def read_known_jobs(client: DynamoDBClient, table: str, job_ids: Collection[str]) -> dict[str, Job]:
    """Return those of the jobs that the ledger has, by id."""
    found: dict[str, Job] = {}
    for some in portions(job_ids):
        keys = [to_item({"job_id": job_id}) for job_id in some]
        for item in read_items(client, {table: keys})[table]:
            job = from_job_item(item).job
            found[job.job_id] = job
    return found


def open_before(
    client: DynamoDBClient, table: str, client_id: str, before: Instant, limit: int
) -> list[str]:
    """Return the ids of a client's jobs created before an instant that are queued or running.

    Of each, the newest come, at most *limit*.
    """
    found: list[str] = []
    for status in ("running", "queued"):
        name, partition = PARTITION_KEYS[BY_CLIENT_OUTCOME], client_outcome(client_id, status)
        query = QueryBuilder(table, name, partition, index=BY_CLIENT_OUTCOME)
        query.sort_between("ck", below=instants.text(before))
        answer: Any = client.query(**query.request(["job_id"], limit=limit, descending=True))
        found += [item["job_id"]["S"] for item in answer["Items"]]
    return found
