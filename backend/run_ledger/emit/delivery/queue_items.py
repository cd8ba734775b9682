"""What callers put into a sender's queue, beside events and accumulators; and its timing."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.outgoing_events import OutgoingEvent

_SHORTEST_SECONDS = 0.05


class SenderTiming(Struct, frozen=True):
    """How often deltas are sent, and for how long the end of the process may wait for that."""

    interval_seconds: float = 5.0
    exit_seconds: float = 5.0


class LastEvent(Struct, frozen=True):
    """A job's last event, to be made with whatever else is new."""

    accumulator: Accumulator
    fields: Mapping[str, Any]


class FlushRequest:
    """Somebody waits until everything before it in the queue is with the bus or on disk."""

    def __init__(
        self, when_done: Callable[[], object] | None = None, *, wants_delivery: bool = False
    ) -> None:
        """Call *when_done* at the end, in the sender's thread.

        With *wants_delivery*, the disk does not count, and the request is not done before what
        ended processes left there was sent, too, or the bus does not take something.
        """
        self.done = threading.Event()
        self.is_safe = False
        self.wants_delivery = wants_delivery
        self._when_done = when_done

    def finish(self, *, is_safe: bool) -> None:
        """Let the one who waits go on."""
        self.is_safe = is_safe
        self.done.set()
        if self._when_done:
            with suppress(RuntimeError):  # an event loop that was closed meanwhile
                self._when_done()


QueueItem = OutgoingEvent | Accumulator | LastEvent | FlushRequest | InvalidEvent


@contextmanager
def meanwhile(work: Callable[[], object], seconds: float) -> Iterator[None]:
    """Do *work* every so many *seconds*, in another thread, for as long as the block takes."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.wait(max(seconds, _SHORTEST_SECONDS)):
            with suppress(Exception):  # the sender's thread meets with it, too, and tells it
                work()

    with suppress(RuntimeError):  # no more threads to be had: the work waits for the block's end
        threading.Thread(target=repeat, name="run-ledger-meanwhile", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()
