"""How many of a client's running jobs have stalled, from index rows.

A row that can't tell names a job whose item must be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import sign_of_row, slot_start

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class RunningJobs(Struct, frozen=True):
    """The number of a client's stalled jobs, and the ids of those of which a row can't tell.

    ``is_whole`` is False where the client has more running jobs than one answer holds.
    """

    client_id: str
    stalled: int = 0
    unclear: tuple[str, ...] = ()
    heard_at: tuple[Instant, ...] = ()
    """The start of the latest slot of five minutes in which a running job was seen, if any."""
    is_whole: bool = True


def read_running(client: DynamoDBClient, table: str, client_id: str, now: Instant) -> RunningJobs:
    """Return what the rows of one answer, some thousands, tell of a client's running jobs."""
    key = keys.client_outcome(client_id, "running")
    query = QueryBuilder(table, "client_outcome", key, index=keys.BY_CLIENT_OUTCOME)
    answer = client.query(**query.request(["job_id", "seen_slot", "heartbeat"]))
    stalled, unclear, slots = 0, [], []
    items: list[Any] = answer["Items"]
    for item in items:
        slot = _number(item, "seen_slot")
        if slot is None:
            # The row is from before slots were kept: only the item knows.
            unclear.append(item["job_id"]["S"])
            continue
        slots.append(slot)
        sign = sign_of_row(slot, _number(item, "heartbeat"), now)
        stalled += sign == "stalled"
        if sign == "unclear":
            unclear.append(item["job_id"]["S"])
    return RunningJobs(
        client_id,
        stalled,
        tuple(unclear),
        (slot_start(max(slots)),) if slots else (),
        "LastEvaluatedKey" not in answer,
    )


def _number(item: Mapping[str, Attribute], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
