"""When a sender sends: every few seconds, with signs of life, and with pauses in an outage."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.producers.buses import MoodyBus, WillingBus

from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.bus import EventBus
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.queue_items import SenderTiming
from run_ledger.emit.delivery.sender import Sender
from run_ledger.emit.identity.environment import BusTarget

OWNER = {"client_id": "c", "project_id": "p"}


class Hand:
    """A sender that is turned by hand, with a clock of its own."""

    def __init__(self, bus: WillingBus, interval: float = 5.0) -> None:
        """Begin at zero."""
        self.now = 0.0
        self.health = Health()
        target = BusTarget("bus", None, None, "s")
        self.sender = Sender(
            EventBus(target, bus), None, self.health, SenderTiming(interval), clock=lambda: self.now
        )
        self.sender._start = lambda: None  # type: ignore[method-assign]
        identity = {**OWNER, "job_id": "j"}
        self.accumulator = Accumulator(
            "job_update", identity, self.sender.add_accumulator, self.health.note_invalid
        )

    def turn(self, seconds: float) -> float | None:
        """Let time pass and the sender do what is due; return for how long it would wait then."""
        self.now += seconds
        self.sender._collect()
        self.sender._send_unsent()
        return self.sender._seconds_to_wait()


def test_sums_are_sent_every_few_seconds(bus: WillingBus) -> None:
    """The first add after a silence waits as long as any; without new ones the sender sleeps."""
    hand = Hand(bus)
    patience = []
    for number in range(12):
        if number < 8:
            hand.accumulator.add({"records_ok": 1})
        patience.append(hand.turn(1.0))

    assert [one["delta"]["records_ok"] for one in bus.details] == [6, 2]
    assert patience[0] == pytest.approx(5.0)
    assert hand.turn(5.0) is None
    hand.accumulator.add({"records_ok": 1})
    assert hand.turn(100.0) == pytest.approx(5.0)
    assert len(bus.details) == 2


def test_a_job_that_is_kept_alive_shows_up_within_its_heartbeat(bus: WillingBus) -> None:
    """Silence makes a sign of life, other news make none needed."""
    hand = Hand(bus)
    hand.accumulator.seconds_of_silence, hand.accumulator.is_kept_alive = 300.0, True
    hand.sender.add_accumulator(hand.accumulator)
    hand.turn(0.0)
    for _ in range(59):
        hand.turn(5.0)
    assert bus.details == []
    hand.turn(5.0)
    assert len(bus.details) == 1
    assert "delta" not in bus.details[0]
    hand.accumulator.add({"a": 1})
    for _ in range(60):
        hand.turn(5.0)
    assert len(bus.details) == 2


def test_what_is_said_while_a_job_falls_asleep_is_not_forgotten(
    bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An add between the last look and the sleep wakes nobody, and is taken all the same."""
    hand = Hand(bus)
    hand.accumulator.add({"records_ok": 1})
    hand.turn(0.0)
    hand.turn(5.0)
    real = Accumulator.take_events

    def take(accumulator: Accumulator, *arguments: Any, **options: Any) -> list[OutgoingEvent]:
        events = real(accumulator, *arguments, **options)
        monkeypatch.setattr(Accumulator, "take_events", real)
        accumulator.add({"records_ok": 1})
        return events

    monkeypatch.setattr(Accumulator, "take_events", take)
    hand.turn(5.0)
    hand.turn(5.0)

    assert [one["delta"] for one in bus.details] == [{"records_ok": 1}] * 2


def test_an_outage_is_met_with_growing_pauses(bus: WillingBus) -> None:
    """A bus that is down is tried less and less often, up to once a minute, never in step."""
    moods = {"mood": "down"}
    moody = MoodyBus(lambda: moods["mood"])
    hand = Hand(moody)
    hand.sender.enqueue(OutgoingEvent("e", "job_update", "{}"))
    pauses = []
    for _ in range(12):
        before = len(moody.sent)
        pauses.append(hand.turn(pauses[-1] or 0.0) if pauses else hand.turn(0.0))
        assert len(moody.sent) == before + 1

    assert all(pause is not None for pause in pauses)
    assert [0.25 * 2**number <= (pause or 0) for number, pause in enumerate(pauses[:7])] == [
        True
    ] * 7
    assert all(30 <= (pause or 0) <= 60 for pause in pauses[8:])
    moods["mood"] = "well"
    assert hand.turn(60.0) is None
    assert len(moody.entries) == 1
