"""How far the writer has come, by what it notes in the table Entries."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.watermarks import NOTED_SECONDS, SentProbe
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.probe_items import FAILING, probe_key
from run_ledger.store.lists.arrival_reads import read_arrival

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def new_probe_id(under_way: Iterable[SentProbe]) -> str:
    """Return an id whose arrival takes the place of none of the probes *under_way*.

    After a writer has stood still they come together, and one that is not found any more would hold
    up the watermark for an hour.
    """
    taken = [probe_key(one.probe_id) for one in under_way]
    while True:
        probe_id = uuid.uuid4().hex
        if probe_key(probe_id) not in taken:
            return probe_id


def read_arrivals(
    client: DynamoDBClient, table: str, probes: Iterable[SentProbe], now: Instant
) -> dict[str, Instant]:
    """Return when those of *probes* came that have; raises StoreUnavailable where that fails."""
    try:
        found = {one.probe_id: read_arrival(client, table, one.probe_id, now) for one in probes}
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    return {probe_id: one.received_at for probe_id, one in found.items() if one is not None}


def read_failing(client: DynamoDBClient, table: str, now: Instant) -> Instant | None:
    """Return when the oldest message was sent that failed of late, None where none did.

    Raises StoreUnavailable where DynamoDB refuses.
    """
    query = QueryBuilder(table, "pk", FAILING)
    since = Instant(now - NOTED_SECONDS * MICROSECONDS)
    query.sort_between("sk", low=instants.text(since))
    try:
        items = list(every_item(client.query, query.request(["sent_at"], consistent=True)))
    except (ClientError, BotoCoreError) as error:
        raise StoreUnavailable(str(error)) from error
    return min((Instant(int(item["sent_at"]["N"])) for item in items), default=None)
