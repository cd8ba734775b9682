"""Who sends at the moment to receivers that are slow, or may be: one item of the table Incidents.

================  =========  ====================================================================
pk                sk         holds
================  =========  ====================================================================
``delivery#*``    ``lanes``  ``held``: by ``CLIENT#CHANNEL`` until when it is sent to, and its pace
================  =========  ====================================================================

A receiver that lets each request wait holds up whoever sends to it. So that it does not hold up all
couriers, and with them what others are to hear, few send to such receivers at a time. A place is
given back, and ends by itself where its holder was cut off. Channels that are known to be quick
need none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant
from run_ledger.store.dynamo.attributes import from_item, to_item
from run_ledger.store.dynamo.expressions import ConditionBuilder
from run_ledger.store.dynamo.faults import Fault, fault

from .delivery_records import Pace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MOST_SLOW = 2
"""So many couriers send to slow receivers at a time; only one of them to those of one client."""
MOST_NEW_OF_CLIENT = 2
_HELD = Duration(30 * MICROSECONDS)
"""Longer than a request may take."""
_TRIES = 8
# Not beside what is shown of channels: open pages are told of each change there.
_KEY = {"pk": "delivery#*", "sk": "lanes"}
_Held = dict[str, list[str]]


class DeliveryLanes:
    """Places for sending to receivers that are slow, or of which nobody knows yet."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep them in *table*."""
        self._client = client
        self._table = table

    def enter(self, client_id: str, channel: str, pace: Pace, now: Instant) -> bool:
        """Take a place for a channel; return False where there is none.

        Raises StoreUnavailable where DynamoDB refuses.
        """
        for _ in range(_TRIES):
            held, revision = self._read()
            held = {name: one for name, one in held.items() if one[0] > instants.text(now)}
            if not _has_room(held, client_id, channel, pace):
                return False
            until = instants.text(Instant(now + _HELD))
            if self._has_put({**held, _name(client_id, channel): [until, pace]}, revision):
                return True
        return False

    def leave(self, client_id: str, channel: str) -> None:
        """Give a channel's place back; it ends by itself where that can't be done."""
        with contextlib.suppress(StoreUnavailable):
            for _ in range(_TRIES):
                held, revision = self._read()
                if held.pop(_name(client_id, channel), None) is None:
                    return
                if self._has_put(held, revision):
                    return

    def _read(self) -> tuple[_Held, int]:
        """Return who holds places, with the item's revision."""
        key = to_item(_KEY)
        try:
            answer: Any = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        values = from_item(answer.get("Item", {}))
        return values.get("held", {}), values.get("rev", 0)

    def _has_put(self, held: _Held, known: int) -> bool:
        """Put who holds places; return False where somebody else was first."""
        condition = ConditionBuilder()
        if known:
            condition.require(("rev",), "=", known)
        else:
            condition.require_absent("pk")
        item = to_item({**_KEY, "rev": known + 1, "held": held})
        try:
            self._client.put_item(TableName=self._table, Item=item, **condition.condition())
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return False
            raise StoreUnavailable(str(error)) from error
        return True


def _has_room(held: Mapping[str, list[str]], client_id: str, channel: str, pace: Pace) -> bool:
    if _name(client_id, channel) in held:
        return False
    same = [name for name, (_, its_pace) in held.items() if its_pace == pace]
    of_client = sum(name.startswith(_name(client_id, "")) for name in same)
    if pace == "new":
        return of_client < MOST_NEW_OF_CLIENT
    return not of_client and len(same) < MOST_SLOW


def _name(client_id: str, channel: str) -> str:
    return f"{client_id}#{channel}"
