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
    reading: Reading,
    job_id: str,
    after: tuple[Instant, str] | None,
    limit: int,
    *,
    newest_first: bool,
) -> Sequence[StoredEntry] | None:
    """Return the first entries after (``occurred_at``, event id), one more than *limit*.

    They are in the order of time, or with *newest_first* in the opposite order.
    Returns None where the history is too long to be read to its end.
    """
    found: list[Any] = []
    start: Item | None = None
    for _ in range(MOST_ANSWERS):
        call = partial(_query, reading.client, reading.tables.entries, job_id, after=start)
        answer = reading.alone(call)
        found += answer["Items"]
        start = answer.get("LastEvaluatedKey")
        if not start:
            return _first(found, after, limit + 1, newest_first=newest_first)
    return None


def read_by_event_id(
    reading: Reading, job_id: str, after: str | None, limit: int, *, descending: bool
) -> tuple[Sequence[StoredEntry], bool]:
    """Return the first entries after an event id, at most *limit*, and whether more follow."""
    key = None if after is None else _key(job_id, after)
    call = partial(
        _query,
        reading.client,
        reading.tables.entries,
        job_id,
        after=key,
        limit=limit,
        descending=descending,
    )
    answer = reading.alone(call)
    return [from_entry_item(item) for item in answer["Items"]], "LastEvaluatedKey" in answer


def _first(
    items: Sequence[dict[str, Attribute]],
    after: tuple[Instant, str] | None,
    count: int,
    *,
    newest_first: bool,
) -> list[StoredEntry]:
    def place(item: dict[str, Attribute]) -> tuple[Instant, str]:
        return Instant(int(item["occurred_at"]["N"])), item["sk"]["S"]

    def follows(item: dict[str, Attribute]) -> bool:
        if after is None:
            return True
        return place(item) < after if newest_first else place(item) > after

    ordered = sorted(filter(follows, items), key=place, reverse=newest_first)
    return [from_entry_item(item) for item in ordered[:count]]


def _query(client: DynamoDBClient, table: str, job_id: str, **how: Any) -> Any:
    query = QueryBuilder(table, "pk", keys.entity_key("job", job_id))
    return client.query(**query.request(consistent=True, **how))


def _key(job_id: str, event_id: str) -> Item:
    return to_item({"pk": keys.entity_key("job", job_id), "sk": event_id})
