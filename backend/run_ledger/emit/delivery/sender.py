"""The thread that sends: whatever is said is handed to it and never waits for it.

It gathers what is new at a transition or every few seconds, sends it in calls of up to ten, and
puts on disk what the bus did not take at the first try. What lies on disk is sent again from there,
with pauses that grow and vary. An event is therefore in one of three places: not gathered yet
(in the sums), in ``_waiting`` (being sent or about to be), or on the disk; and it leaves
``_waiting`` only when the bus or the disk has it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple

from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.tallies import Tally
from run_ledger.emit.counting.updates import Update
from run_ledger.emit.delivery import processes
from run_ledger.emit.delivery.backlog import Shelf
from run_ledger.emit.delivery.bus import ENTRIES_PER_CALL, Bus, BusTrouble, first_batch
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Spool

MAX_WAITING = 10_000  # events in memory, and as many handed over but not gathered
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
_JOIN_SECONDS = 1.0
_log = logging.getLogger("run_ledger.emit")


class Pace(NamedTuple):
    """How often to send sums, and how long the end of the process may take."""

    interval_seconds: float = 5.0
    exit_seconds: float = 5.0


class Ending(NamedTuple):
    """A job's last event, to be made with whatever was still said before."""

    tally: Tally
    fields: Mapping[str, Any]


class Ticket:
    """Somebody waits until all that was said before is with the bus or on the disk."""

    def __init__(self, when_done: Callable[[], object] | None = None) -> None:
        """Call *when_done* at the end, in the sender's thread."""
        self.done = threading.Event()
        self.is_safe = False
        self._when_done = when_done

    def punch(self, *, is_safe: bool) -> None:
        """Let the waiting go on."""
        self.is_safe = is_safe
        self.done.set()
        if self._when_done:
            with suppress(RuntimeError):  # a loop that was closed meanwhile
                self._when_done()


Item = Update | Tally | Ending | Ticket | InvalidEvent


class Sender:
    """Sends one ledger's events from a thread of its own, which starts when there are any."""

    def __init__(
        self,
        bus: Bus,
        spool: Spool | None,
        health: Health,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.health = health
        self._bus = bus
        self._shelf = Shelf(spool, health, clock)
        self._interval = pace.interval_seconds
        self._exit_seconds = pace.exit_seconds
        self._clock = clock
        self._dice = random.Random()  # noqa: S311 - jitter is no secret
        self._start_afresh()

    def _start_afresh(self) -> None:
        """Set everything to how a process begins."""
        self._inbox: deque[Item] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()  # may be rung from within itself: signals
        self._state = threading.Lock()  # held for moments, never over a call or a write
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._awake: dict[Tally, None] = {}
        self._waiting: dict[Update, None] = {}
        self._tickets: list[Ticket] = []
        self._gathers_at = 0.0
        self._failures = 0
        self._tries_at = 0.0
        self._is_retired = False

    def at_exit(self) -> None:
        """Bring what there is into safety before the process ends."""
        self.stop(self._exit_seconds)

    def after_fork(self) -> None:
        """Begin anew in the child: what was said so far is the parent's to report."""
        self._shelf.after_fork()
        self._bus.forget_connection()
        self._start_afresh()
        self.health = self._shelf.health = Health()

    # What callers use; none of it waits.

    def hand(self, item: Item) -> None:
        """Hand over something to send or to take note of."""
        if isinstance(item, Update) and len(self._inbox) >= MAX_WAITING:
            self.health.note_dropped("lost", 1, "too many events at once")
            return
        self._inbox.append(item)
        if self._bell.empty():
            self._bell.put(None)
        if self._thread is None:
            self._start()

    def wake(self, tally: Tally) -> None:
        """Take note that *tally* has something to tell."""
        tally.asleep = False
        self.hand(tally)

    def flush(self, timeout: float) -> bool:
        """Wait until all that was said before is with the bus or on disk; return whether it is."""
        ticket = Ticket()
        self.hand(ticket)
        ticket.done.wait(timeout)
        return ticket.is_safe

    def stop(self, timeout: float) -> bool:
        """Send what there is within *timeout* seconds, else put it on disk; say if all is safe."""
        thread = self._thread
        is_other = thread is not threading.current_thread()
        if thread is not None and thread.is_alive() and is_other:
            ends_at = self._clock() + timeout
            self.flush(timeout)
            processes.done(self)  # first, as whoever hands over something now begins anew
            self._thread = None  # which is what the thread goes by
            self._bell.put(None)
            thread.join(max(0.0, min(_JOIN_SECONDS, ends_at - self._clock())))
        processes.done(self)
        self._thread = None
        is_safe = self._rescue()
        self._shelf.let_go()
        return is_safe

    def retire(self) -> None:
        """Finish by itself: nobody is left who could hand over anything."""
        self._is_retired = True
        self._bell.put(None)

    @property
    def waiting(self) -> int:
        """Return how many events are in memory."""
        return len(self._waiting) + len(self._inbox)

    @property
    def spool_bytes(self) -> int:
        """Return the size of this process's part of the spool."""
        return self._shelf.size

    def _start(self) -> None:
        """Start the thread; whoever finds somebody else at it leaves it to them."""
        if not self._starting.acquire(blocking=False):
            return
        try:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="run-ledger", daemon=True)
                self._thread.start()
                processes.begun(self)
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
                self._turn()
                if self._is_retired and not (self._awake or self.waiting):
                    self.stop(0.0)
            except Exception as error:  # noqa: BLE001 - the thread must live
                self.health.note_fault(error)
                time.sleep(_FIRST_PAUSE)

    def _turn(self) -> None:
        """Wait for something to do, gather it, and send it or put it on disk."""
        with suppress(Empty):
            self._bell.get(timeout=self._patience())
        self._gather()
        self._make_room()
        self._send_waiting()
        with self._state:
            tickets, self._tickets = self._tickets, []
            is_safe = not self._waiting
        for ticket in tickets:
            ticket.punch(is_safe=is_safe)
        self._resend()

    def _patience(self) -> float | None:
        """Return for how many seconds nothing is due; None while nothing ever is."""
        due = []
        if self._awake:
            due.append(self._gathers_at)
        if self._waiting or self._shelf.has_pile:
            due.append(self._tries_at)
        elif self._shelf.searches_at is not None:
            due.append(self._shelf.searches_at)
        return max(0.0, min(due) - self._clock()) if due else None

    def _gather(self, *, is_last: bool = False) -> None:
        """Make updates of what was handed over and, when it is time, of what is new."""
        with self._state:
            while self._inbox:
                self._take(self._inbox.popleft())
            now = self._clock()
            # While there is no room, what is new is best left in the sums, which take none.
            is_due = now >= self._gathers_at and len(self._waiting) < MAX_WAITING / 2
            if is_due or is_last or self._tickets:
                for tally in list(self._awake):
                    self._take_tally(tally, now)
                self._gathers_at = now + max(self._interval, self._pause())

    def _make_room(self) -> None:
        """Put on disk what memory has no room for; drop the oldest where the disk has none."""
        with self._state:
            excess = len(self._waiting) - MAX_WAITING
            # A tenth stays, so that not every call is followed by a write.
            most = excess + MAX_WAITING * 9 // 10
            newest = list(islice(reversed(self._waiting), most)) if excess > 0 else []
        if not newest or self._to_disk(newest):
            return
        with self._state:
            excess = len(self._waiting) - MAX_WAITING
            for update in list(islice(self._waiting, max(0, excess))):
                del self._waiting[update]
        if excess > 0:
            self.health.note_dropped(
                "lost", excess, "bus and disk are both unavailable for too long"
            )

    def _take(self, item: Item) -> None:
        if isinstance(item, Update):
            self._waiting[item] = None
        elif isinstance(item, Tally):
            if not self._awake:
                self._gathers_at = self._clock() + self._interval
            if item not in self._awake:
                self._awake[item] = None
                item.seen_at = self._clock()
        elif isinstance(item, Ending):
            item.tally.is_kept_alive = False
            self._keep(item.tally.take(self.health.note_invalid, ending=item.fields))
        elif isinstance(item, Ticket):
            self._tickets.append(item)
        else:
            self.health.log_invalid(item)

    def _take_tally(self, tally: Tally, now: float) -> None:
        """Take what is new of *tally*; put it to sleep where that is nothing."""
        is_silent = tally.is_kept_alive and now - tally.seen_at >= tally.silence
        updates = tally.take(self.health.note_invalid, must_show=is_silent)
        if not updates and not tally.is_kept_alive:
            del self._awake[tally]
            tally.asleep = True
            updates = tally.take(
                self.health.note_invalid
            )  # said before it slept, without waking it
        if updates:
            tally.seen_at = now
            self._keep(updates)

    def _keep(self, updates: list[Update]) -> None:
        self._waiting.update(dict.fromkeys(updates))

    def _send_waiting(self) -> None:
        """Send what waits; what the bus does not take at the first try goes to the disk."""
        while self._waiting:
            batch = first_batch(list(islice(self._waiting, ENTRIES_PER_CALL)))
            if self._clock() < self._tries_at or not self._send(batch, self._done_waiting):
                self._to_disk(list(self._waiting))
                return
            self._gather()
            self._make_room()

    def _resend(self) -> None:
        """Send a batch off the disk, own events first, then those of processes that are gone."""
        if self._clock() < self._tries_at:
            return
        pile = self._shelf.pile()
        if pile is None:
            return
        if pile.updates:
            self.health.count("retried", len(pile.updates))
            if not self._send(pile.updates, self._done_again):
                return
        self._shelf.done(pile)

    def _send(
        self, batch: list[Update], settle: Callable[[list[Update], list[Update]], bool]
    ) -> bool:
        """Send *batch* in one call and settle it; False where it has to be sent again as it is."""
        self.health.count("calls")
        try:
            outcome = self._bus.put(batch)
        except BusTrouble as trouble:
            self.health.count("calls_failed")
            self._fail(str(trouble))
            return False
        for update, words in outcome.refused:
            self.health.note_dropped("refused", 1, f"the bus refuses {update.event_id}: {words}")
        if outcome.again:
            self._fail(outcome.trouble or "no reason given")
        else:
            self._failures = 0
        if outcome.accepted:
            self.health.note_accepted(len(outcome.accepted))
        return settle(batch, outcome.again)

    def _fail(self, words: str) -> None:
        self._failures += 1
        # A full pause would bring all that failed together back together.
        self._tries_at = self._clock() + self._pause() * self._dice.uniform(0.5, 1.0)
        self.health.note_outage(words)

    def _pause(self) -> float:
        """Return how long to leave the bus alone, by how often it failed in a row."""
        if not self._failures:
            return 0.0
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._failures - 1, 10))

    def _done_waiting(self, batch: list[Update], again: list[Update]) -> bool:
        with self._state:
            for update in batch:
                if update not in again:
                    self._waiting.pop(update, None)
        return not again

    def _done_again(self, _: list[Update], again: list[Update]) -> bool:
        """Put what the bus did not take at the end of the spool, before its head is dropped."""
        return self._shelf.write(again)

    def _to_disk(self, updates: list[Update]) -> bool:
        """Move *updates* from memory to the disk."""
        if not self._shelf.write(updates):
            return False
        with self._state:
            for update in updates:
                self._waiting.pop(update, None)
        return True

    def _rescue(self) -> bool:
        """Put on disk what is still in memory, from whichever thread; say whether all is safe."""
        self._gather(is_last=True)
        rest = list(self._waiting)
        is_safe = self._to_disk(rest)
        if rest and is_safe:
            self.health.note_outage("no answer before the end")
        for ticket in self._tickets:
            ticket.punch(is_safe=is_safe)
        if not is_safe:
            _log.error("%s event(s) are lost: neither bus nor disk took them", len(self._waiting))
        return is_safe
