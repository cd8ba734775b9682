"""The sender's thread: it collects what is new, sends it, and puts on disk what the bus refuses.

Callers only put something in the queue, and never wait. The thread collects at once when a job
starts or ends, else every few seconds. It writes what it collected to disk ahead of sending it, so
that a kill while the bus does not answer loses nothing of it. Then it sends up to ten events a
call. What the bus did not take the first time is sent again off the disk, after delays that grow
and vary. So an event is in one of three places: not made yet (in an `Accumulator`), in ``_unsent``,
or on disk alone. It leaves ``_unsent`` only when the bus or the disk has it.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue

from run_ledger.emit.counting.accumulator import Accumulator
from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.delivery.backlog import Backlog
from run_ledger.emit.delivery.bus import EVENTS_PER_CALL, BusUnavailable, EventBus, first_call
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.queue_items import (
    FlushRequest,
    LastEvent,
    QueueItem,
    SenderTiming,
    meanwhile,
)
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.delivery.unsent_events import UnsentEvents

MAX_UNSENT = 10_000  # events in memory, and as many in the queue
_FIRST_DELAY, _LONGEST_DELAY = 0.5, 60.0  # seconds
_JOIN_SECONDS = 1.0


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
        self._unsent = UnsentEvents()
        self._flushes: list[FlushRequest] = []
        self._collect_at = 0.0
        self._failures = 0  # in a row
        self._retry_at = 0.0
        self._ends_when_idle = False

    def at_exit(self, waited: float) -> None:
        """Send or save what there is before the process ends.

        *waited* is for how many seconds the end of the process was held up already.
        """
        if not self.stop(max(0.0, self._timing.exit_seconds - waited)):
            words = "the program ended before bus or disk took them"
            self.health.note_dropped("lost", len(self._unsent.unwritten()), words)

    def after_fork(self) -> None:
        """Begin anew in the child: the parent reports what was queued before."""
        self._backlog.after_fork()
        self._bus.forget_connection()
        self._begin()
        self.health = self._backlog.health = Health()

    # What callers use; only `flush`, `deliver` and `stop` wait.

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
        if self._thread is not None:
            request.done.wait(timeout)
        return request.is_safe or self.write_ahead()

    def deliver(self, timeout: float, start_seconds: float) -> bool:
        """Put all on disk, then wait until the bus has it; return whether it has.

        What ended processes left on disk is sent, too. Wait *timeout* seconds at most, and before
        that *start_seconds* at most until the client for the bus is made, once a process.
        """
        self.write_ahead()
        request = FlushRequest(wants_delivery=True)
        self.enqueue(request)
        if self._thread is not None:
            self._bus.was_prepared.wait(start_seconds)
            request.done.wait(timeout)
        return request.is_safe

    def write_ahead(self) -> bool:
        """Put on disk what is in memory alone, from any thread; return whether all is safe."""
        self._collect(takes_all=True)
        return self._write_ahead()

    def stop(self, timeout: float) -> bool:
        """Send all within *timeout* seconds or put the rest on disk; return whether all is safe."""
        thread = self._thread
        is_other = thread is not threading.current_thread()
        if thread is not None and thread.is_alive() and is_other:
            ends_at = self._clock() + timeout
            request = FlushRequest()
            self.enqueue(request)
            request.done.wait(timeout)
            process_hooks.unwatch_exit(self)  # first: whoever enqueues something now begins anew
            self._thread = None  # the thread ends when it sees this
            self._wake_ups.put(None)
            thread.join(max(0.0, min(_JOIN_SECONDS, ends_at - self._clock())))
        process_hooks.unwatch_exit(self)
        self._thread = None
        return self.save()

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
        """Start the thread, unless another thread is just doing so.

        Where there can't be a thread, as at the end of the interpreter, put on disk what there is.
        """
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                process_hooks.watch_exit(self)
                self._thread = threading.Thread(target=self._run, name="run-ledger", daemon=True)
                self._thread.start()
        except (RuntimeError, MemoryError) as error:
            self._thread = None
            words = (
                f"no thread can be started ({error}): events are kept on disk for the next program"
            )
            self.health.note_misconfigured(words)
            self._collect(takes_all=True)
            self._move_to_disk(self._unsent.oldest())
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
        self._finish_flushes()
        if not self._resend():
            self._finish_flushes(is_delivered=not self._failures)

    def _finish_flushes(self, *, is_delivered: bool | None = None) -> None:
        """Let those go on who wait for safety, or, with *is_delivered*, for delivery."""
        wants_delivery = is_delivered is not None
        with self._state:
            for one in self._flushes:
                one.is_safe = not (self._failures or self._unsent)
            done = [one for one in self._flushes if one.wants_delivery == wants_delivery]
            self._flushes = [one for one in self._flushes if one.wants_delivery != wants_delivery]
        is_safe = not self._unsent.unwritten() if is_delivered is None else is_delivered
        if done and is_delivered and not self._unsent:
            self._backlog.close()  # the process may end now, and leave no empty file
        for request in done:
            request.finish(is_safe=is_safe)

    def _seconds_to_wait(self) -> float | None:
        """Return for how many seconds nothing is due; None while nothing ever is."""
        due = [self._collect_at] if self._changed else []
        retry_at = self._retry_at if self._unsent else self._backlog.due_at(self._retry_at)
        if retry_at is not None:
            due.append(retry_at)
        return max(0.0, min(due) - self._clock()) if due else None

    def _collect(self, *, takes_all: bool = False) -> None:
        """Empty the queue and, when it is time, take the events of changed accumulators."""
        with self._state:
            while self._queue:
                self._accept(self._queue.popleft())
            now = self._clock()
            # While there is no room, changes are best left in the accumulators, which need none.
            is_due = now >= self._collect_at and len(self._unsent) < MAX_UNSENT / 2
            if is_due or takes_all or self._flushes:
                for accumulator in list(self._changed):
                    self._take_from(accumulator, now)
                self._collect_at = now + max(self._timing.interval_seconds, self._delay())

    def _accept(self, item: QueueItem) -> None:
        if isinstance(item, OutgoingEvent):
            self._unsent.add([item])
        elif isinstance(item, Accumulator):
            if not self._changed:
                self._collect_at = self._clock() + self._timing.interval_seconds
            if item not in self._changed:
                self._changed[item] = None
                item.taken_at = self._clock()
        elif isinstance(item, LastEvent):
            item.accumulator.is_kept_alive = False
            self._unsent.add(
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
            self._unsent.add(events)

    def _make_room(self) -> None:
        """Put on disk what memory has no room for; drop the oldest where the disk has none."""
        excess = len(self._unsent) - MAX_UNSENT
        # A tenth stays, so that not every call is followed by a write.
        most = excess + MAX_UNSENT * 9 // 10
        if excess <= 0 or self._move_to_disk(self._unsent.newest(most)):
            return
        excess = len(self._unsent) - MAX_UNSENT
        if excess > 0:
            self._unsent.remove(self._unsent.oldest(excess))
            words = "bus and disk are both unavailable for too long"
            self.health.note_dropped("lost", excess, words)

    def _send_unsent(self) -> None:
        """Send call by call; put all on disk once the bus does not take something."""
        while self._unsent:
            batch = first_call(self._unsent.oldest(EVENTS_PER_CALL))
            retry = None
            if self._clock() >= self._retry_at:
                self._write_ahead()
                retry = self._put(batch)
            if retry is not None:
                self._remove_unsent(event for event in batch if event not in retry)
            if retry is None or retry:
                self._move_to_disk(self._unsent.oldest())
                return
            self._collect()
            self._make_room()

    def _resend(self) -> bool:
        """Send one call's events off the disk: first our own, then those of ended processes.

        Return whether there may be more to send at once.
        """
        if self._clock() < self._retry_at:
            return False
        batch = self._backlog.next_batch()
        if batch is None:
            return False
        if batch.events:
            self.health.count("retried", len(batch.events))
            retry = self._put(batch.events)
            # What has to be sent again goes to the end of the spool, before its head is dropped.
            if retry is None or not self._backlog.write(retry):
                return False
        self._backlog.drop(batch)
        return not self._failures

    def _put(self, batch: list[OutgoingEvent]) -> list[OutgoingEvent] | None:
        """Send *batch* in one call; return the events to send again, None where all failed."""
        try:
            if not self._backlog.is_settled:
                self._backlog.settle(self._bus.destination())
            with meanwhile(self._gather, self._timing.interval_seconds):
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

    def _gather(self) -> None:
        """Put sums on disk when it is time, while a call is not answered."""
        self._collect()
        self._write_ahead()

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
        self._unsent.remove(events)
        self._backlog.shorten_ahead(self._unsent.oldest)

    def _write_ahead(self) -> bool:
        """Put on disk what was collected; return whether nothing is in memory alone."""
        self._unsent.note_written(self._backlog.write_ahead(self._unsent.unwritten))
        return not self._unsent.unwritten()

    def _move_to_disk(self, events: list[OutgoingEvent]) -> bool:
        """Move *events* from memory to the disk; return whether the disk has them."""
        is_written = self._backlog.write(events)
        if is_written:
            self._remove_unsent(events)
        return is_written

    def save(self) -> bool:
        """Leave on disk what is still in memory, from any thread; return whether all is safe."""
        is_safe = self.write_ahead()
        with self._state:
            flushes, self._flushes = self._flushes, []
        rest = self._unsent.written()
        # Once it is closed, nobody shortens what was written ahead, and memory may forget it.
        if self._backlog.close():
            self._remove_unsent(rest)
        if rest:
            self.health.count("spooled", len(rest))
            self.health.note_outage("no answer before the end")
        for request in flushes:
            request.finish(is_safe=is_safe and not request.wants_delivery)
        return is_safe
