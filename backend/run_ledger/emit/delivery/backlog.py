"""The sender's side of the spool: it puts events on disk, and says which to send off it next.

The sender's thread uses it and, at the end of the process, the thread that ends it; whoever has to
wait for the other does so for a moment only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.bus import EVENTS_PER_CALL, first_call
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Spool
from run_ledger.emit.delivery.spool_file import SpoolBatch, SpoolFile
from run_ledger.emit.delivery.spool_folders import unclaimed_folders
from run_ledger.emit.identity.destinations import Destination

SECONDS_BETWEEN_SEARCHES = 60.0  # for files of processes that ended
_LOCK_SECONDS = 1.0


class Backlog:
    """This process's spool file, then those of processes that ended, one by one."""

    def __init__(
        self, spool: Spool | None, health: Health, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Use *spool*; without one the backlog takes nothing and is always empty."""
        self.health = health
        self._spool = spool
        self._clock = clock
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._orphans: Iterator[SpoolFile] = iter(())
        self._orphan: SpoolFile | None = None
        self._is_searching = False  # whether there may be more of those files at this moment
        self._search_at: float | None = None

    def after_fork(self) -> None:
        """Leave the parent's files alone."""
        if self._spool:
            self._spool.abandon()
        if self._orphan:
            self._orphan.abandon()
        self._begin()

    @property
    def is_settled(self) -> bool:
        """Return whether it is known where the spool's events belong."""
        return self._spool is None or self._spool.is_settled

    def settle(self, destination: Destination) -> None:
        """Have the spool be the one for *destination*; tell what may belong there, or not."""
        if self._spool is None or not destination.is_known:
            return
        with self._lock:
            self._spool.settle(destination)
            unclaimed = list(unclaimed_folders(self._spool, destination))
        for folder, events in unclaimed:
            self.health.note_unclaimed(events, folder)

    def due_at(self, retry_at: float) -> float | None:
        """Return when to ask for the next batch, in seconds of the clock; None for never.

        That is *retry_at* where events may lie on disk, else the time of the next search for files
        of processes that ended. Before the first search it is never: the first call of `next_batch`
        searches.
        """
        if self._spool is None:
            return None
        if self._spool.own or self._orphan or self._is_searching:
            return retry_at
        return self._search_at

    @property
    def size(self) -> int:
        """Return about how many bytes this process has on disk and not sent yet."""
        with suppress(OSError):
            return self._spool.size if self._spool else 0
        return 0

    def write(self, events: Sequence[OutgoingEvent]) -> bool:
        """Put *events* on disk; return True once they are safe there."""
        if self._spool is None or not events:
            return not events
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        words = "the spool is full"
        try:
            is_written = self._spool.append(events)
        except (OSError, ValueError) as error:
            is_written, words = False, f"the spool can't be written: {error}"
        finally:
            self._lock.release()
        self._tell_of_the_folder(self._spool)
        if is_written:
            self.health.count("spooled", len(events))
        else:
            self.health.note_unwritable(words)
        return is_written

    def write_ahead(self, unsaved: Callable[[], Sequence[OutgoingEvent]]) -> list[OutgoingEvent]:
        """Put on disk what *unsaved* returns, before it is sent; return what is safe there.

        *unsaved* is called when no other thread writes, so that nothing is written twice.
        """
        if self._spool is None or not self._lock.acquire(timeout=_LOCK_SECONDS):
            return []
        words = "the spool is full"
        try:
            events = list(unsaved())
            if not events or self._spool.write_ahead(events):
                return events
        except (OSError, ValueError) as error:
            words = f"the spool can't be written: {error}"
        finally:
            self._lock.release()
            self._tell_of_the_folder(self._spool)
        self.health.note_unwritable(words)
        return []

    def _tell_of_the_folder(self, spool: Spool) -> None:
        if spool.problem:
            self.health.note_misconfigured(spool.problem)

    def shorten_ahead(self, unsent: Callable[[], Sequence[OutgoingEvent]]) -> None:
        """Drop what was written ahead, but for what *unsent* returns, once that is worth it."""
        if self._spool is None or not self._lock.acquire(timeout=_LOCK_SECONDS):
            return
        try:
            self._spool.shorten_ahead(unsent())
        except (OSError, ValueError) as error:
            self.health.note_unwritable(f"the spool can't be written: {error}")
        finally:
            self._lock.release()

    def next_batch(self) -> SpoolBatch | None:
        """Return what to send next, as much as one call takes; None where nothing lies there."""
        if self._spool is None:
            return None
        with self._lock:
            file = self._spool.own or self._orphan or self._next_orphan(self._spool)
            if file is None:
                return None
            batch = self._spool.read(file, EVENTS_PER_CALL)
            fitting = len(first_call(batch.events))
            return self._spool.read(file, fitting) if fitting < len(batch.events) else batch

    def drop(self, batch: SpoolBatch) -> None:
        """Drop *batch* from its file, once it was sent or written again."""
        if self._spool is None:
            return
        with self._lock:
            if not batch.file.is_open:
                return  # closed meanwhile: the next process sends it once more
            self._spool.drop(batch)
            if batch.file is self._orphan and batch.file.is_drained:
                self._orphan = None
                batch.file.close()
        if batch.expired:
            words = "too old: the ledger would not recognise a repeat"
            self.health.note_dropped("expired", batch.expired, words)
        if batch.damaged:
            self.health.note_dropped("lost", batch.damaged, "torn or garbled on disk")

    def close(self) -> bool:
        """Close the files, so that the next process may send what is in them.

        Return False where another thread uses them for too long.
        """
        if self._spool is None:
            return True
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        try:
            if self._orphan:
                self._orphan.close()
            self._orphans = iter(())  # which closes the folder that the file was in
            self._orphan = self._search_at = None
            self._is_searching = False
            self._spool.close()
        finally:
            self._lock.release()
        return True

    def _next_orphan(self, spool: Spool) -> SpoolFile | None:
        """Return the next file of a process that ended; search for such files now and then."""
        self._orphan = next(self._orphans, None)
        now = self._clock()
        may_search = self._search_at is None or now >= self._search_at
        if self._orphan is None and may_search and spool.is_settled:
            self._search_at = now + SECONDS_BETWEEN_SEARCHES
            self._orphans = spool.orphans()
            self._orphan = next(self._orphans, None)
        self._is_searching = self._orphan is not None
        return self._orphan
