"""One message of the queue: claimed, sent, and noted, or put off until it may be tried again."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import TRIAL, Delivery
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import (
    ChannelStanding,
    DeliveryRecords,
    Pace,
    PaceSeen,
)

from .channel_senders import ChannelSenders, SendResult
from .references import UnreadableReferenceError

_log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 10
MOST_PAUSE_SECONDS = 900
PACES: tuple[Pace, ...] = ("quick", "new", "slow")
"""In the order in which a batch's messages are sent."""
_CLAIM = Duration(60 * MICROSECONDS)
_SLOW_SECONDS = 2.0
"""A receiver that takes longer is slow."""
_SLOW_FOR = Duration(600 * MICROSECONDS)
_NEW_PAUSE_SECONDS, _SHORT_WAITS = 3, 5


class Handled(Struct, frozen=True):
    """What became of a message; it comes again after ``again_seconds`` where it is ``put_off``.

    So it does where it ``waits``, as others send to receivers that are slow, too. ``slower`` is
    one whose receiver is slower than was asked for: nothing has become of it.
    """

    outcome: Literal["delivered", "known", "given_up", "put_off", "waits", "slower"]
    again_seconds: int = 0


class Trying(NamedTuple):
    """A delivery, received for the *tries*-th time, with its channel and how that does."""

    delivery: Delivery
    channel: Channel
    standing: ChannelStanding
    tries: int


class Deliverer:
    """Handles deliveries one by one."""

    def __init__(
        self,
        channels: Callable[[str, str], Channel | None],
        records: DeliveryRecords,
        lanes: DeliveryLanes,
        senders: ChannelSenders,
        now: Callable[[], Instant],
    ) -> None:
        """Look channels up by client and name in *channels*; keep *records*; send by *senders*.

        Whoever is slow needs a place in *lanes*.
        """
        self._channels = channels
        self._records = records
        self._lanes = lanes
        self._senders = senders
        self._now = now
        self.stopwatch: Callable[[], float] = time.monotonic
        """Gives the seconds by which receivers are found to be slow."""

    def handle(self, delivery: Delivery, tries: int, slowest: Pace = "slow") -> Handled:
        """Deliver what has come *tries* times, unless the receiver is slower than *slowest*.

        Raises StoreUnavailable where nothing could be noted.
        """
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
        return self._in_lane(Trying(delivery, channel, standing, tries), slowest)

    def _in_lane(self, trying: Trying, slowest: Pace) -> Handled:
        """Send, where the receiver may be slow as soon as there is a place for it."""
        now = self._now()
        pace = _pace(trying, now)
        if PACES.index(pace) > PACES.index(slowest):
            return Handled("slower")
        if pace == "quick":
            return self._sent(trying)
        names = trying.delivery.client_id, trying.delivery.channel
        if not self._lanes.enter(*names, pace, now):
            waits = self._records.note_wait(trying.delivery, now)
            return Handled("waits", _lane_seconds(pace, waits))
        try:
            return self._sent(trying)
        finally:
            self._lanes.leave(*names)

    def _sent(self, trying: Trying) -> Handled:
        """Claim a delivery, send it, and note what came of it."""
        now, delivery = self._now(), trying.delivery
        claim = self._records.claim(delivery, now, Instant(now + _CLAIM))
        if claim == "delivered":
            return Handled("known")
        if claim == "busy":
            return Handled("put_off", _CLAIM // MICROSECONDS)
        started = self.stopwatch()
        result = self._senders.send(delivery, trying.channel)
        seen = self._seen(trying.standing, self.stopwatch() - started)
        return self._noted(trying, result, seen)

    def _seen(self, standing: ChannelStanding, seconds: float) -> PaceSeen:
        """Return what it shows of a receiver that it took so many seconds."""
        now = self._now()
        if seconds >= _SLOW_SECONDS:
            return PaceSeen(Instant(now + _SLOW_FOR))
        return PaceSeen(is_quick=standing.slow_until is not None and standing.pace(now) == "new")

    def _noted(self, trying: Trying, result: SendResult, seen: PaceSeen) -> Handled:
        now = self._now()
        delivery, channel, standing, tries = trying
        if result.outcome == "delivered":
            self._records.note_delivered(delivery, now, has_waited=tries > 1, seen=seen)
            return Handled("delivered")
        if result.outcome == "gone":
            digest = self._senders.address_digest(channel)
            self._records.switch_off(delivery, digest, result.reason, now)
        if result.outcome in ("gone", "never") or delivery.kind == TRIAL:
            # Nobody waits for a trial that comes hours later.
            return self._given_up(delivery, result.reason)
        failures = self._records.release(delivery)
        if failures is None:
            return Handled("known")
        seconds = max(result.wait_seconds, pause_seconds(standing, failures, now))
        until = Instant(now + seconds * MICROSECONDS) if result.rests else None
        self._records.note_waiting(delivery, result.reason, now, until, seen=seen)
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


def _pace(trying: Trying, now: Instant) -> Pace:
    """Return how fast a receiver is; mails go to AWS, and somebody waits for a trial."""
    is_ours = trying.channel.kind == "mail" or trying.delivery.kind == TRIAL
    return "quick" if is_ours else trying.standing.pace(now)


def _lane_seconds(pace: Pace, waits: int) -> int:
    """Return how long to wait for a place: longer each time, where many wait for a slow receiver.

    So a place is seldom free, and no message is received so often that it becomes a dead letter. A
    new receiver is mostly found to be quick at once, so the first *waits* for it are short.
    """
    if pace == "new" and waits <= _SHORT_WAITS:
        return _NEW_PAUSE_SECONDS
    longer = waits - 1 if pace == "slow" else waits - _SHORT_WAITS - 1
    seconds = int(min(FIRST_PAUSE_SECONDS * 2 ** min(longer, 10), MOST_PAUSE_SECONDS))
    return seconds - random.randrange(seconds // 4 + 1)  # noqa: S311 - no secret


def pause_seconds(standing: ChannelStanding, failures: int, now: Instant) -> int:
    """Return how long to wait after so many *failures*: longer each time, and as a channel fails.

    So a receiver that was down for ten minutes is asked again within five.
    """
    seconds = FIRST_PAUSE_SECONDS * 2 ** min(failures - 1, 10)
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
