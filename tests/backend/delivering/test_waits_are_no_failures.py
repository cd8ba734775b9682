"""Waiting for a place at a slow or new receiver is no failure, and counts as none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers
from tests.support.receivers.courier_stage import NOW, notice

from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.pinned_http import ReceiverAnswer
from run_ledger.delivering.references import References
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import DeliveryRecords, Pace, PaceSeen

MOST_RECEIVES = 60
"""As the queue has it: what is received more often becomes a dead letter."""
HALF_A_DAY = 6 * 3_600


class _Door:
    """A deliverer whose one receiver answers as it is told, and a place that somebody holds."""

    def __init__(self, pace: Pace) -> None:
        """Let the receiver have this pace."""
        self.store = ledgers.empty_store()
        client: Any = self.store.client()
        self.now, self.status, self.posts, self.pace = NOW, 200, 0, pace
        self.on_post: Callable[[], None] = lambda: None
        self.records = DeliveryRecords(client, NAMES.incidents)
        self.lanes = DeliveryLanes(client, NAMES.incidents)
        if pace == "slow":
            slow_until = Instant(NOW + 86_400 * MICROSECONDS)
            seen = PaceSeen(slow_until)
            self.records.note_delivered(notice(0), NOW, has_waited=False, seen=seen)
        poster: Any = self
        senders = ChannelSenders(poster, poster, References(lambda _: None, is_local=True), "")
        channel = Channel("hook", "slack", address="https://acme/hook")
        self.deliverer = Deliverer(
            lambda *_: channel, self.records, self.lanes, senders, lambda: self.now
        )

    def post(self, *_: Any) -> ReceiverAnswer:
        """Answer at once."""
        self.posts += 1
        self.on_post()
        return ReceiverAnswer(self.status)

    def wait_for_a_place(self, tries: range) -> list[int]:
        """Handle a message while somebody else is in its receiver's place; return the pauses."""
        pauses = []
        for number in tries:
            assert self.lanes.enter("acme", "hook", self.pace, self.now)
            handled = self.deliverer.handle(notice(), number)
            assert handled.outcome == "waits"
            pauses.append(handled.again_seconds)
            self.lanes.leave("acme", "hook")
            self.now = Instant(self.now + handled.again_seconds * MICROSECONDS)
        return pauses


@pytest.mark.parametrize("pace", ["new", "slow"])
def test_a_first_failure_after_waits_rests_the_channel_for_ten_seconds(pace: Pace) -> None:
    """Not for a quarter of an hour, as if the receiver had failed as often as others were in."""
    door = _Door(pace)
    door.wait_for_a_place(range(1, 9))
    door.status = 503
    handled = door.deliverer.handle(notice(), 9)
    assert (handled.outcome, handled.again_seconds, door.posts) == ("put_off", 10, 1)


@pytest.mark.parametrize("pace", ["new", "slow"])
def test_who_waits_for_a_place_becomes_no_dead_letter_in_minutes(pace: Pace) -> None:
    """Where many are to be told by a receiver that refuses each, the last ones are told, too."""
    pauses = _Door(pace).wait_for_a_place(range(1, MOST_RECEIVES))
    assert sum(pauses) >= HALF_A_DAY
    assert max(pauses[:3]) <= 40, "and the first pauses are short"


def test_rests_of_a_channel_do_not_prolong_waits_for_a_place() -> None:
    """A receiver that was down is slow when it is back: who has rested long comes soon."""
    door = _Door("slow")
    assert door.wait_for_a_place(range(12, 13))[0] <= 10


def test_failures_of_one_message_pause_it_longer_each_time() -> None:
    """Though others come through, so that it is no dead letter within minutes."""
    door = _Door("slow")
    pauses = []
    for tries in range(1, 6):
        door.status = 404
        pauses.append(door.deliverer.handle(notice(), tries).again_seconds)
        door.status = 200
        assert door.deliverer.handle(notice(tries + 1), 1).outcome == "delivered"
    assert pauses == [10, 20, 40, 80, 160]


def test_what_has_come_by_a_copy_of_its_message_waits_no_more() -> None:
    """Though the first one was sent for so long that its claim ended, and failed at last."""
    door = _Door("new")
    door.on_post = lambda: door.records.note_delivered(notice(), NOW, has_waited=False)
    door.status = 503
    assert door.deliverer.handle(notice(), 1).outcome == "known"
    keys = [one["sk"]["S"] for one in door.store.items(NAMES.incidents)]
    assert not [one for one in keys if one.startswith("waiting#")]
