"""What `run-ledger spool` does: list the spools, and send what lies in them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from msgspec import Struct

from run_ledger.emit.delivery.backlog import Backlog
from run_ledger.emit.delivery.bus import BusUnavailable, EventBus
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.delivery.spool_file import SpoolBatch

_FIRST_DELAY = 0.5  # seconds
_MOST_FAILURES = 4  # in a row


class DrainOutcome(Struct, frozen=True):
    """What became of the events of one folder."""

    sent: int
    trouble: str | None
    """Why the rest could not be sent; None where all was sent."""
    dropped: int
    """Events too old, garbled, or refused by the bus for good."""


def drain(
    spool: Spool,
    bus: EventBus,
    *,
    on_sent: Callable[[int], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    dice: random.Random | None = None,
) -> DrainOutcome:
    """Send what ended processes left in *spool*; give up when the bus takes nothing.

    *on_sent* is called with the number of events after each call.
    """
    health = Health()
    backlog = Backlog(spool, health)
    dice = dice or random.Random()  # noqa: S311 - jitter is no secret
    sent, failures, trouble = 0, 0, None
    try:
        while failures < _MOST_FAILURES and (batch := backlog.next_batch()) is not None:
            accepted, trouble = _send(backlog, batch, bus, health)
            sent += accepted
            on_sent(accepted)
            failures = 0 if accepted or trouble is None else failures + 1
            if failures:
                sleep(_FIRST_DELAY * 2.0**failures * dice.uniform(0.5, 1.0))
    finally:
        backlog.close()
    counts = health.counts
    dropped = counts["expired"] + counts["lost"] + counts["refused"]
    return DrainOutcome(sent, trouble if failures else None, dropped)


def _send(
    backlog: Backlog, batch: SpoolBatch, bus: EventBus, health: Health
) -> tuple[int, str | None]:
    """Send one batch; return how many events the bus took, and why it did not take the rest."""
    if not batch.events:
        backlog.drop(batch)
        return 0, None
    try:
        outcome = bus.put(batch.events)
    except BusUnavailable as error:
        return 0, str(error)
    for event, words in outcome.refused:
        health.note_dropped("refused", 1, f"the bus refuses {event.event_id}: {words}")
    if not backlog.write(outcome.retry):
        return len(outcome.accepted), health.last_error
    backlog.drop(batch)
    return len(outcome.accepted), outcome.trouble if outcome.retry else None
