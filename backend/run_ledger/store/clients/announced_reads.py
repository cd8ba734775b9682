"""What the events of all clients say of how their pipelines should run, as the writer keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.expectations import Announcement
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import UNREADABLE, from_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.announced_items import (
    ANNOUNCED,
    ATTRIBUTES,
    after_client,
    from_announced_item,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_ROWS = 200
"""So many rows of a client are looked at, in their order: no client holds up the others."""
_ROWS_A_PAGE = 1_000


def read_announced(
    client: DynamoDBClient, table: str, now: Instant, remaining_seconds: Callable[[], float]
) -> Mapping[str, list[Announcement]]:
    """Return what events say, by client, without what has expired or can't be read.

    Raises StoreUnavailable where DynamoDB refuses, or where the time is over.
    """
    found: dict[str, list[Announcement]] = {}
    rows: dict[str, int] = {}
    for item in _rows(client, table, rows, remaining_seconds):
        if item["expires_at"] * MICROSECONDS <= now:
            continue
        try:
            one = from_announced_item(item)
        except (msgspec.ValidationError, *UNREADABLE):
            continue  # A later version's: it is not known what it says.
        found.setdefault(one.client_id, []).append(one)
    return found


def _rows(
    client: DynamoDBClient,
    table: str,
    rows: dict[str, int],
    remaining_seconds: Callable[[], float],
) -> Iterator[dict[str, Any]]:
    """Yield the first rows of each client; *rows* counts them."""
    after: str | None = None
    while remaining_seconds() > 0:
        query = QueryBuilder(table, "pk", ANNOUNCED)
        query.sort_after("sk", after)
        try:
            answer: Any = client.query(**query.request(ATTRIBUTES, limit=_ROWS_A_PAGE))
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        last = ""
        for item in map(from_item, answer["Items"]):
            last = item["sk"]
            client_id = last.partition("#")[0]
            rows[client_id] = rows.get(client_id, 0) + 1
            if rows[client_id] <= MOST_ROWS:
                yield item
        if "LastEvaluatedKey" not in answer:
            return
        after = answer["LastEvaluatedKey"]["sk"]["S"]
        if rows.get(last.partition("#")[0], 0) > MOST_ROWS:
            after = after_client(last.partition("#")[0])
    raise StoreUnavailable("no time is left to read what events say of pipelines")
