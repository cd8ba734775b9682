"""The sender's thread: it collects what is new, sends it, and puts on disk what the bus refuses.

Callers only put something in the queue, and never wait. The thread collects at once when a job
starts or ends, else every few seconds. It sends up to ten events a call and puts on disk what the
bus did not take the first time. From there events are sent again, after delays that grow and
vary. So an event is in one of three places: not made yet (in an `Accumulator`), in ``_unsent``, or
on disk. It leaves ``_unsent`` only when the bus or the disk has it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.delivery.backlog import Backlog
from run_ledger.emit.delivery.bus import EVENTS_PER_CALL, BusUnavailable, EventBus, first_call
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Spool

MAX_UNSENT = 10_000  # events in memory, and as many in the queue
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 60.0  # seconds
_JOIN_SECONDS = 1.0
_log = logging.getLogger("run_ledger.emit")


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

    def __init__(self, when_done: Callable[[], object] | None = None) -> None:
        """Call *when_done* at the end, in the sender's thread."""
        self.done = threading.Event()
        self.is_safe = False
        self._when_done = when_done

    def finish(self, *, is_safe: bool) -> None:
        """Let the one who waits go on."""
        self.is_safe = is_safe
        self.done.set()
        if self._when_done:
            with suppress(RuntimeError):  # an event loop that was closed meanwhile
                self._when_done()


QueueItem = OutgoingEvent | Accumulator | LastEvent | FlushRequest | InvalidEvent


class Sender:
    """Sends one ledger's events from a thread of its own, which starts when there are any."""

    def __init__(
        self,
        bus: EventBus,
        spool: Spool | None,
        health: Health,
        timing: SenderTiming,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.health = health
        self._bus = bus
        self._backlog = Backlog(spool, health, clock)
        self._timing = timing
        self._clock = clock
        self._dice = random.Random()  # noqa: S311 - jitter is no secret
        self._begin()

    def _begin(self) -> None:
        """Set everything to how a process begins."""
        self._queue: deque[QueueItem] = deque()
        self._wake_ups: SimpleQueue[None] = SimpleQueue()  # a signal handler may put one, too
        self._state = threading.Lock()  # held for moments, never over a call or a write
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._changed: dict[Accumulator, None] = {}
        self._unsent: dict[OutgoingEvent, None] = {}
        self._flushes: list[FlushRequest] = []
        self._collect_at = 0.0
        self._failures = 0  # in a row
        self._retry_at = 0.0
        self._ends_when_idle = False

    def at_exit(self) -> None:
        """Send or save what there is before the process ends."""
        self.stop(self._timing.exit_seconds)

    def after_fork(self) -> None:
        """Begin anew in the child: the parent reports what was queued before."""
        self._backlog.after_fork()
        self._bus.forget_connection()
        self._begin()
        self.health = self._backlog.health = Health()

    # What callers use; only `flush` and `stop` wait.

    def enqueue(self, item: QueueItem) -> None:
        """Put *item* in the queue and wake the thread."""
        if isinstance(item, OutgoingEvent) and len(self._queue) >= MAX_UNSENT:
            self.health.note_dropped("lost", 1, "too many events at once")
            return
        self._queue.append(item)
        if self._wake_ups.empty():
            self._wake_ups.put(None)
        if self._thread is None:
            self._start()

    def add_accumulator(self, accumulator: Accumulator) -> None:
        """Collect from *accumulator* until it has nothing new."""
        accumulator.is_idle = False
        self.enqueue(accumulator)

    def flush(self, timeout: float) -> bool:
        """Wait at most *timeout* seconds; return whether all so far is with the bus or on disk."""
        request = FlushRequest()
        self.enqueue(request)
        request.done.wait(timeout)
        return request.is_safe

    def stop(self, timeout: float) -> bool:
        """Send all within *timeout* seconds or put the rest on disk; return whether all is safe."""
        thread = self._thread
        is_other = thread is not threading.current_thread()
        if thread is not None and thread.is_alive() and is_other:
            ends_at = self._clock() + timeout
            self.flush(timeout)
            process_hooks.unwatch_exit(self)  # first: whoever enqueues something now begins anew
            self._thread = None  # the thread ends when it sees this
            self._wake_ups.put(None)
            thread.join(max(0.0, min(_JOIN_SECONDS, ends_at - self._clock())))
        process_hooks.unwatch_exit(self)
        self._thread = None
        is_safe = self._save_all()
        self._backlog.close()
        return is_safe

    def end_when_idle(self) -> None:
        """Stop once all is sent: nobody is left who could enqueue anything."""
        self._ends_when_idle = True
        self._wake_ups.put(None)

    @property
    def waiting(self) -> int:
        """Return how many events are in memory."""
        return len(self._unsent) + len(self._queue)

    @property
    def spool_bytes(self) -> int:
        """Return the size of this process's part of the spool, in bytes."""
        return self._backlog.size

    def _start(self) -> None:
        """Start the thread, unless another thread is just doing so."""
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="run-ledger", daemon=True)
                self._thread.start()
                process_hooks.watch_exit(self)
        except RuntimeError:  # no more threads to be had, or the interpreter is ending
            self._thread = None
            raise
        finally:
            self._starting.release()

    # What the thread does.

    def _run(self) -> None:
        me = threading.current_thread()
        while self._thread is me:
            try:
                self._work()
                if self._ends_when_idle and not (self._changed or self.waiting):
                    self.stop(0.0)
            except Exception as error:  # noqa: BLE001 - the thread must live
                self.health.note_fault(error)
                time.sleep(_FIRST_DELAY)

    def _work(self) -> None:
        """Wait for something to do; collect it, send it or put it on disk; then resend."""
        with suppress(Empty):
            self._wake_ups.get(timeout=self._seconds_to_wait())
        self._collect()
        self._make_room()
        self._send_unsent()
        with self._state:
            flushes, self._flushes = self._flushes, []
            is_safe = not self._unsent
        for request in flushes:
            request.finish(is_safe=is_safe)
        self._resend()

    def _seconds_to_wait(self) -> float | None:
        """Return for how many seconds nothing is due; None while nothing ever is."""
        due = [self._collect_at] if self._changed else []
        retry_at = self._retry_at if self._unsent else self._backlog.due_at(self._retry_at)
        if retry_at is not None:
            due.append(retry_at)
        return max(0.0, min(due) - self._clock()) if due else None

    def _collect(self, *, is_last: bool = False) -> None:
        """Empty the queue and, when it is time, take the events of changed accumulators."""
        with self._state:
            while self._queue:
                self._accept(self._queue.popleft())
            now = self._clock()
            # While there is no room, changes are best left in the accumulators, which need none.
            is_due = now >= self._collect_at and len(self._unsent) < MAX_UNSENT / 2
            if is_due or is_last or self._flushes:
                for accumulator in list(self._changed):
                    self._take_from(accumulator, now)
                self._collect_at = now + max(self._timing.interval_seconds, self._delay())

    def _accept(self, item: QueueItem) -> None:
        if isinstance(item, OutgoingEvent):
            self._unsent[item] = None
        elif isinstance(item, Accumulator):
            if not self._changed:
                self._collect_at = self._clock() + self._timing.interval_seconds
            if item not in self._changed:
                self._changed[item] = None
                item.taken_at = self._clock()
        elif isinstance(item, LastEvent):
            item.accumulator.is_kept_alive = False
            self._keep(
                item.accumulator.take_events(self.health.note_invalid, last_fields=item.fields)
            )
        elif isinstance(item, FlushRequest):
            self._flushes.append(item)
        else:
            self.health.log_invalid(item)

    def _take_from(self, accumulator: Accumulator, now: float) -> None:
        """Take the events of *accumulator*; it becomes idle where there are none."""
        silence = now - accumulator.taken_at
        must_show = accumulator.is_kept_alive and silence >= accumulator.seconds_of_silence
        events = accumulator.take_events(self.health.note_invalid, must_show=must_show)
        if not events and not accumulator.is_kept_alive:
            del self._changed[accumulator]
            accumulator.is_idle = True
            # A change just before it became idle did not bring it back here.
            events = accumulator.take_events(self.health.note_invalid)
        if events:
            accumulator.taken_at = now
            self._keep(events)

    def _keep(self, events: list[OutgoingEvent]) -> None:
        self._unsent.update(dict.fromkeys(events))

    def _make_room(self) -> None:
        """Put on disk what memory has no room for; drop the oldest where the disk has none."""
        with self._state:
            excess = len(self._unsent) - MAX_UNSENT
            # A tenth stays, so that not every call is followed by a write.
            most = excess + MAX_UNSENT * 9 // 10
            newest = list(islice(reversed(self._unsent), most)) if excess > 0 else []
        if not newest or self._move_to_disk(newest):
            return
        with self._state:
            excess = len(self._unsent) - MAX_UNSENT
            for event in list(islice(self._unsent, max(0, excess))):
                del self._unsent[event]
        if excess > 0:
            words = "bus and disk are both unavailable for too long"
            self.health.note_dropped("lost", excess, words)

    def _send_unsent(self) -> None:
        """Send call by call; put all on disk once the bus does not take something."""
        while self._unsent:
            batch = first_call(list(islice(self._unsent, EVENTS_PER_CALL)))
            retry = self._put(batch) if self._clock() >= self._retry_at else None
            if retry is not None:
                self._remove_unsent(event for event in batch if event not in retry)
            if retry is None or retry:
                self._move_to_disk(list(self._unsent))
                return
            self._collect()
            self._make_room()

    def _resend(self) -> None:
        """Send one call's events off the disk: first our own, then those of ended processes."""
        if self._clock() < self._retry_at:
            return
        batch = self._backlog.next_batch()
        if batch is None:
            return
        if batch.events:
            self.health.count("retried", len(batch.events))
            retry = self._put(batch.events)
            # What has to be sent again goes to the end of the spool, before its head is dropped.
            if retry is None or not self._backlog.write(retry):
                return
        self._backlog.drop(batch)

    def _put(self, batch: list[OutgoingEvent]) -> list[OutgoingEvent] | None:
        """Send *batch* in one call; return the events to send again, None where all failed."""
        try:
            outcome = self._bus.put(batch)
        except BusUnavailable as error:
            self._leave_alone()
            self.health.note_failed_call(str(error))
            return None
        for event, words in outcome.refused:
            self.health.note_dropped("refused", 1, f"the bus refuses {event.event_id}: {words}")
        if outcome.retry:
            self._leave_alone()
            self.health.note_outage(outcome.trouble or "no reason given")
        else:
            self._failures = 0
        self.health.note_call(len(outcome.accepted))
        return outcome.retry

    def _leave_alone(self) -> None:
        """After a failure, leave the bus alone for a while, longer with each one."""
        self._failures += 1
        # With equal delays, all that failed together would come back together.
        self._retry_at = self._clock() + self._delay() * self._dice.uniform(0.5, 1.0)

    def _delay(self) -> float:
        """Return how many seconds to leave the bus alone, by how often it failed in a row."""
        if not self._failures:
            return 0.0
        return min(_LONGEST_DELAY, _FIRST_DELAY * 2.0 ** min(self._failures - 1, 10))

    def _remove_unsent(self, events: Iterable[OutgoingEvent]) -> None:
        with self._state:
            for event in events:
                self._unsent.pop(event, None)

    def _move_to_disk(self, events: list[OutgoingEvent]) -> bool:
        """Move *events* from memory to the disk; return whether the disk has them."""
        is_written = self._backlog.write(events)
        if is_written:
            self._remove_unsent(events)
        return is_written

    def _save_all(self) -> bool:
        """Put on disk what is still in memory, from any thread; return whether all is safe."""
        self._collect(is_last=True)
        rest = list(self._unsent)
        is_safe = self._move_to_disk(rest)
        if rest and is_safe:
            self.health.note_outage("no answer before the end")
        for request in self._flushes:
            request.finish(is_safe=is_safe)
        if not is_safe:
            _log.error("%s event(s) are lost: neither bus nor disk took them", len(self._unsent))
        return is_safe
