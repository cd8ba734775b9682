"""The history of a job: its entries, which are keyed by event id.

The key is the duplicate check, and says nothing of time. So a history is read to its end and
sorted. A history too long for that is given in the order of the key, page by page.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, to_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys
from run_ledger.store.items.entry_items import StoredEntry, from_entry_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A history is read to its end up to so many entries, as the job counts them, and answers of 1 MB.
MOST_SORTED_ENTRIES = 5_000
MOST_ANSWERS = 10


def read_by_time(
    reading: Reading, job_id: str, after: tuple[Instant, str] | None, limit: int
) -> Sequence[StoredEntry] | None:
    """Return the oldest entries after (``occurred_at``, event id), one more than *limit*.

    Returns None where the history is too long to be read to its end.
    """
    found: list[Any] = []
    start: Item | None = None
    for _ in range(MOST_ANSWERS):
        call = partial(_query, reading.client, reading.tables.entries, job_id, start, None)
        answer = reading.alone(call)
        found += answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if not start:
            return _oldest(found, after, limit + 1)
    return None


def read_by_event_id(
    reading: Reading, job_id: str, after: str | None, limit: int
) -> tuple[Sequence[StoredEntry], bool]:
    """Return the first entries after an event id, at most *limit*, and whether more follow."""
    key = None if after is None else _key(job_id, after)
    call = partial(_query, reading.client, reading.tables.entries, job_id, key, limit)
    answer = reading.alone(call)
    return [from_entry_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _oldest(
    items: Sequence[dict[str, Attribute]], after: tuple[Instant, str] | None, count: int
) -> list[StoredEntry]:
    ordered = sorted((int(item["occurred_at"]["N"]), item["sk"]["S"], item) for item in items)
    later = (item for at, event_id, item in ordered if after is None or (at, event_id) > after)
    return [from_entry_item(item) for item, _ in zip(later, range(count), strict=False)]


def _query(
    client: DynamoDBClient, table: str, job_id: str, start: Item | None, rows: int | None
) -> Any:
    query = QueryBuilder(table, "pk", keys.entity_key("job", job_id))
    return client.query(**query.request(consistent=True, after=start, limit=rows))


def _key(job_id: str, event_id: str) -> Item:
    return to_item({"pk": keys.entity_key("job", job_id), "sk": event_id})
