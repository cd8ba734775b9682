"""The sender's side of the spool: what to send off the disk next, and putting more there.

Used from the sender's thread and, at the end of the process, from the one that ends it. Whoever
has to wait for the other does so for a moment only.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

from run_ledger.emit.counting.updates import Update
from run_ledger.emit.delivery.bus import ENTRIES_PER_CALL, first_batch
from run_ledger.emit.delivery.health import Health
from run_ledger.emit.delivery.spool import Batch, Spool, SpoolFile

SECONDS_BETWEEN_SEARCHES = 60.0  # for files of processes that are gone
_LOCK_SECONDS = 2.0


class Pile(NamedTuple):
    """Updates off the head of a file, as many as one call takes."""

    file: SpoolFile
    batch: Batch

    @property
    def updates(self) -> list[Update]:
        """Return what to send; nothing where all of it was too old or garbled."""
        return self.batch.updates


class Shelf:
    """This process's file of the spool, then those of processes that are gone, one by one."""

    def __init__(
        self, spool: Spool | None, health: Health, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Do nothing where there is no *spool*."""
        self.health = health
        self._spool = spool
        self._clock = clock
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._lock = threading.Lock()
        self._orphans: Iterator[SpoolFile] = iter(())
        self._orphan: SpoolFile | None = None
        self._searches_at: float | None = None

    def after_fork(self) -> None:
        """Leave the parent's files alone."""
        if self._spool:
            self._spool.abandon()
        if self._orphan:
            self._orphan.abandon()
        self._start_afresh()

    @property
    def has_pile(self) -> bool:
        """Tell whether something is known to lie there."""
        return self._spool is not None and (self._spool.own or self._orphan) is not None

    @property
    def searches_at(self) -> float | None:
        """Return when to look for files of other processes again; None before the first time."""
        return self._searches_at if self._spool else None

    @property
    def size(self) -> int:
        """Return how many bytes this process has put there and not sent yet, about."""
        with suppress(OSError):
            return self._spool.size if self._spool else 0
        return 0

    def write(self, updates: Sequence[Update]) -> bool:
        """Put *updates* on disk; True once they are safe there."""
        if self._spool is None or not updates:
            return not updates
        if not self._lock.acquire(timeout=_LOCK_SECONDS):
            return False
        words = "the spool is full"
        try:
            is_written = self._spool.append(updates)
        except OSError as error:
            is_written, words = False, f"the spool can't be written: {error}"
        finally:
            self._lock.release()
        if is_written:
            self.health.count("spooled", len(updates))
        else:
            self.health.note_unwritable(words)
        return is_written

    def pile(self) -> Pile | None:
        """Return what to send next; None where nothing lies there."""
        if self._spool is None:
            return None
        with self._lock:
            file = self._spool.own or self._orphan or self._next_orphan(self._spool)
            if file is None:
                return None
            batch = self._spool.head(file, ENTRIES_PER_CALL)
            fitting = len(first_batch(batch.updates))
            if fitting < len(batch.updates):
                batch = self._spool.head(file, fitting)
            return Pile(file, batch)

    def done(self, pile: Pile) -> None:
        """Drop *pile*: it was sent, or written again further down."""
        if self._spool is None:
            return
        with self._lock:
            if not pile.file.is_open:
                return  # let go of meanwhile: the next process sends it once more
            self._spool.advance(pile.file, pile.batch)
            if pile.file is self._orphan and pile.file.is_drained:
                self._orphan = None
                pile.file.close()
        if pile.batch.expired:
            words = "too old for the ledger to know repeats"
            self.health.note_dropped("expired", pile.batch.expired, words)
        if pile.batch.damaged:
            self.health.note_dropped("lost", pile.batch.damaged, "torn or garbled on disk")

    def let_go(self) -> None:
        """Close the files, so that the next process may have what is in them."""
        if self._spool and self._lock.acquire(timeout=_LOCK_SECONDS):
            try:
                self._orphans = iter(())
                if self._orphan:
                    self._orphan.close()
                self._orphan = None
                self._searches_at = None
                self._spool.close()
            finally:
                self._lock.release()

    def _next_orphan(self, spool: Spool) -> SpoolFile | None:
        """Return a file of a process that is gone, if there is one; look only now and then."""
        self._orphan = next(self._orphans, None)
        now = self._clock()
        if self._orphan is None and (self._searches_at is None or now >= self._searches_at):
            self._searches_at = now + SECONDS_BETWEEN_SEARCHES
            self._orphans = spool.orphans()
            self._orphan = next(self._orphans, None)
        return self._orphan
