"""Keeping rejected events: together, after everything else of a batch, and within a budget.

What breaks the contract must not hold up what keeps it. So a batch's rejections wait until its
events are posted. Then they are written up to 25 a call, which DynamoDB does at the same time, and
for a few seconds at most: what isn't kept by then goes back to the queue.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain.contract.leniency import entity_named
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.rejection_items import SHARDS, directory_item, rejection_item

from .reports import Report

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ITEMS_A_CALL = 25
BUDGET_SECONDS = 5.0
"""How long a batch's rejections may take, in all."""
# A day with few rejections lies in one partition, which is read with one call.
_FEW = 10
_KNOWN_PARTITIONS = 100
_MOST_WAITS = 10


class Rejected(Struct, frozen=True):
    """An event to keep as rejected: its text, the messages that carried it, and what is wrong."""

    raw: str
    message_ids: Sequence[str]
    error: InvalidEvent


class Allowance(NamedTuple):
    """Whether there is time for another call, and how to wait before a retry.

    ``wait`` gets the number of the waits before it.
    """

    is_left: Callable[[], bool]
    wait: Callable[[int], None]


class RejectionStore:
    """Writes rejected events to their table. One serves an execution environment."""

    def __init__(
        self, client: DynamoDBClient, table: str, *, ttl_days: int, dice: random.Random
    ) -> None:
        """Write through *client*, and keep each rejection for so many days."""
        self._client = client
        self._table = table
        self._ttl_days = ttl_days
        self._dice = dice
        # Partitions that the directory is known to name.
        self._named: set[str] = set()

    def keep(
        self, report: Report, rejected: Sequence[Rejected], now: Instant, allowance: Allowance
    ) -> None:
        """Keep *rejected*, received at *now*, and report them; what isn't kept has failed."""
        if not rejected:
            return
        shard = 0 if len(rejected) < _FEW else self._dice.randrange(SHARDS)
        items = [self._item(one, now, shard) for one in rejected]
        partition = items[0]["day_shard"]["S"]
        names = [item["rejection_id"]["S"] for item in items]
        entry = directory_item(partition, received_at=now, ttl_days=self._ttl_days)
        entry_name = entry["rejection_id"]["S"]
        # The directory's entry goes first: a rejection that it doesn't lead to is never listed.
        wanted = {} if partition in self._named else {entry_name: entry}
        wanted |= dict(zip(names, items, strict=True))
        lost = self._write_all(report, wanted, allowance)
        if entry_name not in lost:
            self._remember(partition)
        for one, name in zip(rejected, names, strict=True):
            reason = lost.get(entry_name) or lost.get(name)
            if reason:
                report.note_lost_rejection(one.message_ids, reason)
            else:
                report.note_rejection(name, one.error)

    def _write_all(
        self, report: Report, items: dict[str, Item], allowance: Allowance
    ) -> dict[str, str]:
        """Write *items*; return why those that were not written were not, by their ids."""
        lost: dict[str, str] = {}
        left = dict.fromkeys(items, "no time left")
        waits = 0
        while left and waits <= _MOST_WAITS and allowance.is_left():
            portion = dict.fromkeys(list(left)[:ITEMS_A_CALL])
            unwritten = self._write(report, {name: items[name] for name in portion})
            left = {name: why for name, why in left.items() if name not in portion}
            lost |= unwritten.lost
            if unwritten.left:
                left |= unwritten.left
                allowance.wait(waits)
                waits += 1
        return lost | left

    def _write(self, report: Report, items: dict[str, Item]) -> _Unwritten:
        """Write *items* in one call, or by halves where one of them is refused."""
        report.calls += 1
        puts: Any = [{"PutRequest": {"Item": item}} for item in items.values()]
        try:
            answer = self._client.batch_write_item(RequestItems={self._table: puts})
        except (ClientError, BotoCoreError) as error:
            kind = fault(error)
            if kind is Fault.REFUSED and len(items) > 1:
                return self._write_halves(report, items)
            names = dict.fromkeys(items, str(error))
            return _Unwritten(names, {}) if kind is Fault.PASSING else _Unwritten({}, names)
        unprocessed: Any = answer.get("UnprocessedItems", {}).get(self._table, [])
        left = [put["PutRequest"]["Item"]["rejection_id"]["S"] for put in unprocessed]
        return _Unwritten(dict.fromkeys(left, "DynamoDB left it out"), {})

    def _write_halves(self, report: Report, items: dict[str, Item]) -> _Unwritten:
        """Write *items* by halves, so that one that is refused takes no other with it."""
        some, others = portions(items.items(), -(-len(items) // 2))
        one, other = self._write(report, dict(some)), self._write(report, dict(others))
        return _Unwritten(one.left | other.left, one.lost | other.lost)

    def _item(self, one: Rejected, now: Instant, shard: int) -> Item:
        one.error.about = one.error.about or entity_named(one.raw)
        return rejection_item(
            one.raw, one.error, received_at=now, ttl_days=self._ttl_days, shard=shard
        )

    def _remember(self, partition: str) -> None:
        if len(self._named) >= _KNOWN_PARTITIONS:
            self._named.clear()
        self._named.add(partition)


class _Unwritten(NamedTuple):
    """What a call did not write, and why: ``left`` may be tried again, ``lost`` may not."""

    left: dict[str, str]
    lost: dict[str, str]
