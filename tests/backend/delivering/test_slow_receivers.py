"""A slow receiver holds up itself: what others are to hear comes as if it were not there."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.dynamo.writer_process import Context
from tests.support.readers import ledgers
from tests.support.receivers.courier_stage import NOW, CourierStage, notice
from tests.support.receivers.http_receiver import Mood, receiver

from run_ledger import courier
from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import Deliverer
from run_ledger.delivering.pinned_http import ReceiverAnswer
from run_ledger.delivering.references import References
from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.delivery.deliveries import Delivery, packed
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.deliveries.delivery_lanes import (
    MOST_NEW_OF_CLIENT,
    MOST_SLOW,
    DeliveryLanes,
)
from run_ledger.store.deliveries.delivery_records import DeliveryRecords, Pace

COURIERS, BATCH = 5, 4
"""As the template has them."""
SCALE = 10
"""So many times as fast as in life."""
SLOW_SECONDS = 9.0 / SCALE


class _Message(NamedTuple):
    delivery: Delivery
    receipt: str
    tries: int
    visible_at: float


@dataclass
class _Street:
    """A queue, and the couriers that empty it at the same time, as Lambda lets them."""

    messages: deque[_Message] = field(default_factory=deque)
    lock: threading.Lock = field(default_factory=threading.Lock)
    came_after: dict[str, float] = field(default_factory=dict)
    started: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)
    pauses: dict[str, int] = field(default_factory=dict)
    receipts: Iterator[int] = field(default_factory=count)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> ReceiverAnswer:
        """Answer as a receiver does: some take their time, and all are content."""
        del body, headers
        if "slow" in url:
            self.ended.wait(SLOW_SECONDS)
        return ReceiverAnswer(200)

    def put_off(self, receipt: str, seconds: int) -> None:
        """Let a message come again later."""
        self.pauses[receipt] = seconds

    def put(self, *deliveries: Delivery) -> None:
        """Put deliveries into the queue."""
        for one in deliveries:
            self.messages.append(_Message(one, str(next(self.receipts)), 1, 0.0))

    def taken(self) -> list[_Message]:
        """Take what may be taken, up to a batch."""
        with self.lock:
            now = time.monotonic()
            visible = [one for one in self.messages if one.visible_at <= now][:BATCH]
            for one in visible:
                self.messages.remove(one)
            return visible

    def work(self) -> None:
        """Take batches until all is over."""
        while not self.ended.is_set():
            batch = self.taken()
            if not batch:
                time.sleep(0.005)
                continue
            event = {"Records": [_record(one) for one in batch]}
            answer = courier.handler(event, Context())
            again = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            now = time.monotonic()
            with self.lock:
                for one in batch:
                    if one.receipt in again:
                        at = now + self.pauses.get(one.receipt, 0) / SCALE
                        self.messages.append(one._replace(tries=one.tries + 1, visible_at=at))
                    else:
                        self.came_after[one.delivery.delivery_id] = now - self.started

    def run(self, until: Callable[[], bool], most: float) -> None:
        """Let the couriers work until *until*, so many seconds at most."""
        self.started = time.monotonic()
        workers = [threading.Thread(target=self.work) for _ in range(COURIERS)]
        for one in workers:
            one.start()
        while not until() and time.monotonic() - self.started < most:
            time.sleep(0.01)
        self.ended.set()
        for one in workers:
            one.join()


def _record(message: _Message) -> dict[str, Any]:
    return {
        "messageId": message.receipt,
        "receiptHandle": message.receipt,
        "body": packed(message.delivery),
        "attributes": {"ApproximateReceiveCount": str(message.tries)},
    }


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> _Street:
    """Give couriers who deliver for a client with slow receivers, and for others."""
    client: Any = ledgers.empty_store().client()
    made = _Street()

    def channel(client_id: str, name: str) -> Channel:
        return Channel(name, "slack", address=f"https://{client_id}/{name}")

    poster: Any = made
    senders = ChannelSenders(poster, poster, References(lambda _: None, is_local=True), "")
    begun = time.monotonic()
    deliverer = Deliverer(
        channel,
        DeliveryRecords(client, NAMES.incidents),
        DeliveryLanes(client, NAMES.incidents),
        senders,
        lambda: Instant(NOW + int((time.monotonic() - begun) * SCALE * MICROSECONDS)),
    )
    deliverer.stopwatch = lambda: time.monotonic() * SCALE
    queue: Any = made
    monkeypatch.setattr(courier, "_courier", lambda: courier.Courier(deliverer, queue))
    return made


@pytest.mark.parametrize("channels", [1, 8])
def test_others_do_not_wait_for_a_slow_receiver(street: _Street, channels: int) -> None:
    """Not even behind forty notices for receivers that take nine seconds each, and answer 200."""
    street.put(*(notice(n, f"slow-{n % channels}", "acme") for n in range(40)))
    street.put(notice(100, "hook", "hooli"), notice(101, "hook", "north"))
    others = {"n100-opened-hook", "n101-opened-hook"}
    street.run(lambda: others <= street.came_after.keys(), 8 * SLOW_SECONDS)
    waits = [street.came_after.get(one, 1_000.0) * SCALE for one in sorted(others)]
    assert max(waits) <= 10, f"others waited {waits} seconds"


def test_all_comes_from_a_slow_receiver_s_queue_too(street: _Street) -> None:
    """One after the other."""
    street.put(*(notice(n, "slow-0", "acme") for n in range(4)))
    street.run(lambda: len(street.came_after) == 4, 60.0)
    assert len(street.came_after) == 4


def test_a_channel_is_slow_until_it_has_been_quick_again(tmp_path: Path) -> None:
    """Ten minutes after the last slow answer at the earliest."""
    with receiver() as here, empty_tables() as client, patch.object(courier, "_courier") as begun:
        made = CourierStage(client, here, tmp_path)
        begun.side_effect = made.courier

        def pace() -> Pace:
            return made.records.standing("acme", "chat").pace(made.now)

        assert pace() == "new"
        here.moods = [Mood(), Mood(seconds=2.5), Mood(500, seconds=1.0)]
        made.deliver(notice(1, "chat"))
        assert pace() == "quick"
        made.deliver(notice(2, "chat"))
        assert pace() == "slow"
        made.now = Instant(made.now + 599 * MICROSECONDS)
        made.deliver(notice(3, "chat"))
        assert pace() == "slow"
        made.now = Instant(made.now + 10 * MICROSECONDS)
        assert pace() == "new"
        made.now = Instant(made.now + 60 * MICROSECONDS)
        made.deliver(notice(4, "chat"))
        assert pace() == "quick"


_names = st.sampled_from(("a", "b", "c"))


@given(
    st.lists(
        st.tuples(st.sampled_from(("enter", "leave", "wait")), _names, _names, st.booleans()),
        max_size=20,
    )
)
def test_no_more_are_in_the_lanes_than_may_be(steps: list[tuple[str, str, str, bool]]) -> None:
    """And whoever does not come back leaves its place after half a minute."""
    lanes = DeliveryLanes(ledgers.empty_store().client(), NAMES.incidents)
    now, inside = int(NOW), dict[tuple[str, str], tuple[int, str]]()
    for step, client_id, channel, is_slow in steps:
        inside = {key: one for key, one in inside.items() if one[0] > now}
        key, pace = (client_id, channel), "slow" if is_slow else "new"
        if step == "wait":
            now += 11 * MICROSECONDS
        elif step == "leave":
            lanes.leave(*key)
            inside.pop(key, None)
        else:
            mine = [other for other in inside if other[0] == client_id and inside[other][1] == pace]
            slow = sum(one == "slow" for _, one in inside.values())
            has_room = key not in inside and (
                not mine and slow < MOST_SLOW if is_slow else len(mine) < MOST_NEW_OF_CLIENT
            )
            assert lanes.enter(*key, "slow" if is_slow else "new", Instant(now)) == has_room
            if has_room:
                inside[key] = (now + 30 * MICROSECONDS, pace)


def test_clients_are_told_apart_by_whole_names() -> None:
    """One whose id begins with another's is another client."""
    lanes = DeliveryLanes(ledgers.empty_store().client(), NAMES.incidents)
    assert lanes.enter("ac", "x", "slow", NOW)
    assert lanes.enter("acme", "x", "slow", NOW)
    assert not lanes.enter("c", "x", "slow", NOW)
