"""How many running jobs have stalled, and which jobs ended last, from index rows.

A row that can't tell whether its job has stalled names a job whose item must be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Attribute
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items import keys
from run_ledger.store.items.job_items import Sign, sign_of_row, slot_start

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ROWS_OF_ENDED = 50


class OutcomeRows(NamedTuple):
    """The partition of an index that holds jobs of one outcome: of a client, or of a day."""

    index_name: str
    value: str

    @classmethod
    def of_client(cls, client_id: str, outcome: str) -> OutcomeRows:
        """Return the jobs of a client that are in *outcome* now."""
        return cls(keys.BY_CLIENT_OUTCOME, keys.client_outcome(client_id, outcome))

    @classmethod
    def of_day(cls, day: str, outcome: str) -> OutcomeRows:
        """Return the jobs of all clients that were created on *day* and are in *outcome* now."""
        return cls(keys.BY_OUTCOME, keys.outcome_day(outcome, day))

    def query(self, table: str) -> QueryBuilder:
        """Return a query of these rows."""
        attribute = keys.PARTITION_KEYS[self.index_name]
        return QueryBuilder(table, attribute, self.value, index=self.index_name)


class RunningRow(NamedTuple):
    """What an index row tells of a running job; keys sort by the time of creation."""

    key: str
    job_id: str
    sign: Sign


class RunningJobs(Struct, frozen=True):
    """The running jobs of a client, by their rows; ``stalled`` counts those that surely are.

    ``is_whole`` is False where there are more rows than one answer holds.
    """

    stalled: int = 0
    rows: tuple[RunningRow, ...] = ()
    heard_at: Instant | None = None
    """The start of the latest slot of five minutes in which a running job was seen, if any."""
    is_whole: bool = True

    @property
    def unclear(self) -> Sequence[str]:
        """Return the jobs of which a row can't tell whether they have stalled."""
        return [row.job_id for row in self.rows if row.sign == "unclear"]


def read_running(
    client: DynamoDBClient, table: str, wanted: OutcomeRows, now: Instant
) -> dict[str, RunningJobs]:
    """Return what the rows of one answer, some thousands, tell of running jobs, by client."""
    names = ["job_id", "client_id", "ck", "seen_slot", "heartbeat"]
    answer = client.query(**wanted.query(table).request(names))
    by_client: dict[str, list[Any]] = {}
    items: list[Any] = answer["Items"]
    for item in items:
        by_client.setdefault(item["client_id"]["S"], []).append(item)
    is_whole = "LastEvaluatedKey" not in answer
    return {name: _running(found, now, is_whole=is_whole) for name, found in by_client.items()}


def joined(parts: Sequence[Mapping[str, RunningJobs]]) -> dict[str, RunningJobs]:
    """Return the running jobs of each client from several parts of an index."""
    found: dict[str, list[RunningJobs]] = {}
    for part in parts:
        for name, jobs in part.items():
            found.setdefault(name, []).append(jobs)
    return {
        name: RunningJobs(
            sum(one.stalled for one in every),
            tuple(row for one in every for row in one.rows),
            max((one.heard_at for one in every if one.heard_at is not None), default=None),
            all(one.is_whole for one in every),
        )
        for name, every in found.items()
    }


def read_last_ended(
    client: DynamoDBClient, table: str, wanted: OutcomeRows, since: Instant, most: int
) -> list[str]:
    """Return the *most* jobs that ended last, since then, of those rows that were created last."""
    query = wanted.query(table)
    answer = client.query(
        **query.request(["job_id", "ended_at"], descending=True, limit=_ROWS_OF_ENDED)
    )
    items: list[Any] = answer["Items"]
    # Rows of earlier versions have no end: their items will tell.
    ends = [(_number(item, "ended_at"), item["job_id"]["S"]) for item in items]
    found = [(since if at is None else at, job_id) for at, job_id in ends]
    return [job_id for at, job_id in sorted(found, reverse=True)[:most] if at >= since]


def _running(items: Sequence[Any], now: Instant, *, is_whole: bool) -> RunningJobs:
    rows: list[RunningRow] = []
    slots = []
    for item in items:
        slot = _number(item, "seen_slot")
        sign: Sign = "unclear"
        # A row from before slots were kept can't tell: only the item knows.
        if slot is not None:
            slots.append(slot)
            sign = sign_of_row(slot, _number(item, "heartbeat"), now)
        rows.append(RunningRow(item["ck"]["S"], item["job_id"]["S"], sign))
    stalled = sum(row.sign == "stalled" for row in rows)
    return RunningJobs(stalled, tuple(rows), slot_start(max(slots)) if slots else None, is_whole)


def _number(item: Mapping[str, Attribute], name: str) -> int | None:
    return int(item[name]["N"]) if name in item else None
