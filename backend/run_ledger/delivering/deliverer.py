"""One message of the queue: claimed, sent, and noted, or put off until it may be tried again."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import TRIAL, Delivery
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant
from run_ledger.store.deliveries.delivery_records import ChannelStanding, DeliveryRecords

from .channel_senders import ChannelSenders, SendResult
from .references import UnreadableReferenceError

_log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 10
MOST_PAUSE_SECONDS = 900
_CLAIM = Duration(60 * MICROSECONDS)


class Handled(Struct, frozen=True):
    """What became of a message; it comes again after ``again_seconds`` where it is ``put_off``."""

    outcome: Literal["delivered", "known", "given_up", "put_off"]
    again_seconds: int = 0


class Deliverer:
    """Handles deliveries one by one."""

    def __init__(
        self,
        channels: Callable[[str, str], Channel | None],
        records: DeliveryRecords,
        senders: ChannelSenders,
        now: Callable[[], Instant],
    ) -> None:
        """Look channels up by client and name in *channels*; keep *records*; send by *senders*."""
        self._channels = channels
        self._records = records
        self._senders = senders
        self._now = now

    def handle(self, delivery: Delivery, tries: int) -> Handled:
        """Deliver, in the *tries*-th try; raises StoreUnavailable where nothing could be noted."""
        now = self._now()
        channel = self._channels(delivery.client_id, delivery.channel)
        if channel is None:
            return self._given_up(delivery, "the channel is not declared any more")
        standing = self._records.standing(delivery.client_id, delivery.channel)
        if delivery.kind != TRIAL:
            if rest := _rest_seconds(standing, now):
                return Handled("put_off", rest + random.randrange(5))  # noqa: S311 - no secret
            if standing.off_address is not None and self._is_off(channel, standing):
                return self._given_up(delivery, "the channel is switched off: its address is gone")
        claim = self._records.claim(delivery, now, Instant(now + _CLAIM))
        if claim == "delivered":
            return Handled("known")
        if claim == "busy":
            return Handled("put_off", _CLAIM // MICROSECONDS)
        result = self._senders.send(delivery, channel)
        return self._noted(delivery, channel, standing, tries, result)

    def _noted(
        self,
        delivery: Delivery,
        channel: Channel,
        standing: ChannelStanding,
        tries: int,
        result: SendResult,
    ) -> Handled:
        now = self._now()
        if result.outcome == "delivered":
            self._records.note_delivered(delivery, now, has_waited=tries > 1)
            return Handled("delivered")
        if result.outcome == "gone":
            digest = self._senders.address_digest(channel)
            self._records.switch_off(delivery, digest, result.reason, now)
        if result.outcome in ("gone", "never") or delivery.kind == TRIAL:
            # Nobody waits for a trial that comes hours later.
            return self._given_up(delivery, result.reason)
        seconds = max(result.wait_seconds, pause_seconds(standing, tries, now))
        until = Instant(now + seconds * MICROSECONDS) if result.rests else None
        self._records.note_waiting(delivery, result.reason, now, until)
        self._records.release(delivery)
        return Handled("put_off", seconds)

    def _given_up(self, delivery: Delivery, reason: str) -> Handled:
        if not self._records.note_given_up(delivery, reason, self._now()):
            return Handled("known")
        extra = {"delivery_id": delivery.delivery_id, "failure": reason}
        _log.error("given up", extra=extra | {"client_id": delivery.client_id})
        return Handled("given_up")

    def _is_off(self, channel: Channel, standing: ChannelStanding) -> bool:
        try:
            return self._senders.address_digest(channel) == standing.off_address
        except UnreadableReferenceError:
            return False


def pause_seconds(standing: ChannelStanding, tries: int, now: Instant) -> int:
    """Return how long to wait after a failure: longer each time, and with a channel's failing.

    So a receiver that was down for ten minutes is asked again within five.
    """
    seconds = FIRST_PAUSE_SECONDS * 2 ** min(tries - 1, 10)
    if standing.failing_since is not None:
        failing = (now - instants.parse(standing.failing_since)) // MICROSECONDS
        seconds = max(FIRST_PAUSE_SECONDS, failing // 2)
    return int(min(seconds, MOST_PAUSE_SECONDS))


def _rest_seconds(standing: ChannelStanding, now: Instant) -> int:
    """Return how many seconds a channel still rests."""
    if standing.paused_until is None:
        return 0
    left = instants.parse(standing.paused_until) - now
    return max(0, -(-left // MICROSECONDS))
