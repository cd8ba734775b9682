"""What has become of deliveries, and how channels do, as items of the table Incidents.

================  ======================  =====================================================
pk                sk                      holds
================  ======================  =====================================================
``delivery#ID``   ``state``               until when it is being sent, if it waits, when it came,
                                          and how often it failed or found no place
``deliveries``    ``channel#CLIENT#NAME`` when a channel worked and failed, and whether it is off
``deliveries``    ``waiting#AT#ID``       a delivery that failed and is tried again
``deliveries``    ``given-up#AT#ID``      a delivery that is not tried any more
================  ======================  =====================================================

Whoever sends a delivery claims it first, so that a copy of its message sends it not at the same
time. A claim ends by itself. Between sending and noting it, a function may be cut off: then it is
sent again, with the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.delivery.deliveries import Delivery
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, MICROSECONDS, Duration, Instant
from run_ledger.store.dynamo.attributes import UNREADABLE, Item, from_item, to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder, UpdateBuilder
from run_ledger.store.dynamo.faults import Fault, fault

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Claim = Literal["mine", "delivered", "busy"]
Pace = Literal["quick", "new", "slow"]
"""How fast a receiver answers; ``new`` is one of which nobody knows, or knows it any more."""
_ALL = "deliveries"
_CHANNEL, _WAITING, _GIVEN_UP = "channel#", "waiting#", "given-up#"
# A dead letter is kept for two weeks, and may be put back into the queue until then.
_KEPT = Duration(30 * DAY)
_MOST_AT_ONCE = 300


class ChannelStanding(Struct, frozen=True):
    """How a channel does. Times are texts; None stands for never.

    ``failing_since`` is when it began to fail, None while it works. Until ``paused_until`` nothing
    is sent. ``off_address`` is the digest of the address that said it is gone for good; another
    address of the same channel is tried. ``slow_until`` is set where its last receiver was slow,
    until one answers quickly after that time.
    """

    client_id: str
    channel: str
    worked_at: str | None = None
    failed_at: str | None = None
    failing_since: str | None = None
    reason: str | None = None
    paused_until: str | None = None
    off_address: str | None = None
    off_at: str | None = None
    slow_until: str | None = None

    def pace(self, now: Instant) -> Pace:
        """Return how fast its receiver answers."""
        if self.slow_until is not None and self.slow_until > instants.text(now):
            return "slow"
        return "new" if self.slow_until is not None or self.worked_at is None else "quick"


class PaceSeen(Struct, frozen=True):
    """What a request shows of a receiver's pace: until when it counts as slow, if it was.

    If not, it ``is_quick`` where that is news.
    """

    slow_until: Instant | None = None
    is_quick: bool = False


NOTHING_SEEN = PaceSeen()


class UndeliveredNotice(Struct, frozen=True):
    """A delivery that did not come, with the reason of its last try."""

    delivery_id: str
    client_id: str
    channel: str
    kind: str
    made_at: str
    reason: str


class DeliveriesNow(Struct, frozen=True):
    """Channels, deliveries that wait, the oldest first, and such as were given up, likewise.

    Not ``is_whole`` where there are more than one call reads: then the last ones are missing.
    """

    channels: Sequence[ChannelStanding]
    waiting: Sequence[UndeliveredNotice]
    given_up: Sequence[UndeliveredNotice]
    is_whole: bool


def is_of_notices(keys: Mapping[str, Any]) -> bool:
    """Return whether an item with these *keys* of DynamoDB's says how notices come through.

    Items of a client of that name, in another table, do not.
    """
    partition, sort = (keys.get(name, {}).get("S", "") for name in ("pk", "sk"))
    return bool(partition == _ALL and sort.startswith((_CHANNEL, _WAITING, _GIVEN_UP)))


class DeliveryRecords:
    """The records in one table; each method raises StoreUnavailable where DynamoDB refuses."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        """Keep records in *table*."""
        self._client = client
        self._table = table

    def claim(self, delivery: Delivery, now: Instant, until: Instant) -> Claim:
        """Claim a delivery until *until*; say who else has it where that is not possible."""
        update = UpdateBuilder()
        update.set({"claimed_until": instants.text(until), "expires_at": _expiry(now)})
        update.require_absent("delivered_at")
        update.require_if_present("claimed_until", "<=", instants.text(now))
        if self._has_updated(_state_key(delivery), update):
            return "mine"
        key = _state_key(delivery)
        item = self._call("get_item", Key=key, ConsistentRead=True).get("Item", {})
        return "delivered" if "delivered_at" in item else "busy"

    def release(self, delivery: Delivery) -> int | None:
        """Give a claim back after a failure, so that the next try needs not wait for its end.

        Returns how many tries of it have failed so far, or None if it has come.
        """
        update = UpdateBuilder()
        update.set({"is_waiting": True})
        update.remove("claimed_until")
        update.require_absent("delivered_at")
        return self._counted(_state_key(delivery), "failures", update)

    def note_wait(self, delivery: Delivery, now: Instant) -> int:
        """Note that there was no place for a delivery; return how many times there was none."""
        update = UpdateBuilder()
        update.set({"expires_at": _expiry(now)})
        return self._counted(_state_key(delivery), "waits", update) or 1

    def note_delivered(
        self,
        delivery: Delivery,
        now: Instant,
        *,
        has_waited: bool,
        seen: PaceSeen = NOTHING_SEEN,
    ) -> None:
        """Note that a delivery has come, and that its channel works.

        It *has_waited* if its message was tried before; a copy of that message may have been, too.
        """
        update = UpdateBuilder()
        update.set({"delivered_at": instants.text(now), "expires_at": _expiry(now)})
        update.remove("claimed_until", "is_waiting")
        request = update.action(self._table, _state_key(delivery))["Update"]
        answer = self._call("update_item", **request, ReturnValues="UPDATED_OLD")
        if has_waited or "is_waiting" in answer.get("Attributes", {}):
            self._call("delete_item", Key=_row_key(_WAITING, delivery))
        works = UpdateBuilder()
        works.set({"worked_at": instants.text(now)})
        quick = ("slow_until",) if seen.is_quick else ()
        works.remove("failing_since", "paused_until", "reason", "off_address", "off_at", *quick)
        _note_slow(works, seen)
        self._has_updated(_channel_key(delivery), works)

    def note_waiting(
        self,
        delivery: Delivery,
        reason: str,
        now: Instant,
        paused_until: Instant | None,
        *,
        seen: PaceSeen = NOTHING_SEEN,
    ) -> None:
        """Note why a delivery has not come yet; until *paused_until*, its channel rests."""
        self._put_row(_WAITING, delivery, reason, now)
        failed = UpdateBuilder()
        failed.set({"failed_at": instants.text(now), "reason": reason})
        failed.set_once("failing_since", instants.text(now))
        if paused_until is not None:
            failed.set({"paused_until": instants.text(paused_until)})
        _note_slow(failed, seen)
        self._has_updated(_channel_key(delivery), failed)

    def note_given_up(self, delivery: Delivery, reason: str, now: Instant) -> bool:
        """Note that a delivery is not tried any more, and why; return False if it has come."""
        update = UpdateBuilder()
        update.set({"given_up": reason, "expires_at": _expiry(now)})
        update.remove("claimed_until")
        update.require_absent("delivered_at")
        if not self._has_updated(_state_key(delivery), update):
            return False
        self._put_row(_GIVEN_UP, delivery, reason, now)
        self._call("delete_item", Key=_row_key(_WAITING, delivery))
        return True

    def switch_off(self, delivery: Delivery, address: str, reason: str, now: Instant) -> None:
        """Note that a channel's address, of which *address* is a digest, is gone for good."""
        off = UpdateBuilder()
        at = instants.text(now)
        off.set({"off_address": address, "off_at": at, "failed_at": at, "reason": reason})
        off.set_once("failing_since", at)
        self._has_updated(_channel_key(delivery), off)

    def outcome(self, delivery: Delivery) -> str | None:
        """Return ``delivered``, the reason why a delivery was given up, or None for neither yet."""
        key = _state_key(delivery)
        item = self._call("get_item", Key=key, ConsistentRead=True).get("Item", {})
        values = from_item(item)
        return "delivered" if "delivered_at" in values else values.get("given_up")

    def standing(self, client_id: str, channel: str) -> ChannelStanding:
        """Return how a channel does; one that was never used has done nothing."""
        key = to_item({"pk": _ALL, "sk": f"{_CHANNEL}{client_id}#{channel}"})
        item = self._call("get_item", Key=key).get("Item")
        return ChannelStanding(client_id, channel) if item is None else _standing_in(item)

    def standings(self) -> list[ChannelStanding]:
        """Return how all channels do that were ever used."""
        return [_standing_in(item) for item in self._rows(_CHANNEL)]

    def waiting(self, limit: int) -> list[UndeliveredNotice]:
        """Return the deliveries that have failed and are tried again, the oldest first."""
        return [_undelivered_in(item) for item in self._rows(_WAITING, limit)]

    def given_up(self, limit: int) -> list[UndeliveredNotice]:
        """Return deliveries that are not tried any more, the newest first."""
        found = self._rows(_GIVEN_UP, limit, descending=True)
        return [_undelivered_in(item) for item in found]

    def now(self) -> DeliveriesNow:
        """Return by one call how channels do, and what did not come."""
        items = self._rows("", _MOST_AT_ONCE + 1)
        shown = items[:_MOST_AT_ONCE]

        def of(prefix: str) -> list[Item]:
            return [one for one in shown if one["sk"]["S"].startswith(prefix)]

        return DeliveriesNow(
            [_standing_in(one) for one in of(_CHANNEL)],
            [_undelivered_in(one) for one in of(_WAITING)],
            [_undelivered_in(one) for one in of(_GIVEN_UP)],
            len(items) == len(shown),
        )

    def _rows(
        self, prefix: str, limit: int | None = None, *, descending: bool = False
    ) -> list[Item]:
        query = QueryBuilder(self._table, "pk", _ALL)
        if prefix:
            query.sort_prefix("sk", prefix)
        request = query.request(limit=limit, descending=descending)
        try:
            if limit is None:
                return list(every_item(self._client.query, request))
            answer: Any = self._client.query(**request)
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error
        return list(answer["Items"])

    def _put_row(self, prefix: str, delivery: Delivery, reason: str, now: Instant) -> None:
        row = {
            "delivery_id": delivery.delivery_id,
            "client_id": delivery.client_id,
            "channel": delivery.channel,
            "kind": delivery.kind,
            "made_at": delivery.made_at,
            "reason": reason,
            "expires_at": _expiry(now),
        }
        self._call("put_item", Item=_row_key(prefix, delivery) | to_item(row))

    def _has_updated(self, key: Item, update: UpdateBuilder) -> bool:
        """Update an item; return False where its conditions do not hold."""
        request = update.action(self._table, key)["Update"]
        try:
            self._client.update_item(**request)
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return False
            raise StoreUnavailable(str(error)) from error
        return True

    def _counted(self, key: Item, name: str, update: UpdateBuilder) -> int | None:
        """Update an item, count *name* up, and return it; None where its conditions do not hold."""
        update.add({name: 1})
        request = update.action(self._table, key)["Update"]
        try:
            answer: Any = self._client.update_item(**request, ReturnValues="UPDATED_NEW")
        except (ClientError, BotoCoreError) as error:
            if fault(error) is Fault.CONDITION:
                return None
            raise StoreUnavailable(str(error)) from error
        return int(answer["Attributes"][name]["N"])

    def _call(self, name: str, **request: Any) -> Any:
        try:
            return getattr(self._client, name)(**{"TableName": self._table, **request})
        except (ClientError, BotoCoreError) as error:
            raise StoreUnavailable(str(error)) from error


def _note_slow(update: UpdateBuilder, seen: PaceSeen) -> None:
    if seen.slow_until is not None:
        update.set({"slow_until": instants.text(seen.slow_until)})


def _state_key(delivery: Delivery) -> Item:
    return to_item({"pk": f"delivery#{delivery.delivery_id}", "sk": "state"})


def _channel_key(delivery: Delivery) -> Item:
    return to_item({"pk": _ALL, "sk": f"{_CHANNEL}{delivery.client_id}#{delivery.channel}"})


def _row_key(prefix: str, delivery: Delivery) -> Item:
    return to_item({"pk": _ALL, "sk": f"{prefix}{delivery.made_at}#{delivery.delivery_id}"})


def _standing_in(item: Item) -> ChannelStanding:
    values = from_item(item)
    try:
        client_id, _, channel = values["sk"].removeprefix(_CHANNEL).rpartition("#")
        names = ChannelStanding.__struct_fields__[2:]
        return ChannelStanding(client_id, channel, **{name: values.get(name) for name in names})
    except UNREADABLE as error:
        raise StoreUnavailable("what is kept of a channel can't be read") from error


def _undelivered_in(item: Item) -> UndeliveredNotice:
    values = from_item(item)
    try:
        return UndeliveredNotice(*(values[one] for one in UndeliveredNotice.__struct_fields__))
    except UNREADABLE as error:
        raise StoreUnavailable("what is kept of a delivery can't be read") from error


def _expiry(now: Instant) -> int:
    return (now + _KEPT) // MICROSECONDS
