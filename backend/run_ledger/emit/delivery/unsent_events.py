"""Events in memory that the bus has not taken, each with whether it was written ahead to disk."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from itertools import islice

from run_ledger.emit.counting.outgoing_events import OutgoingEvent


class UnsentEvents:
    """Keeps events in the order in which they came; any thread may use it, and hardly waits."""

    def __init__(self) -> None:
        self._is_on_disk: dict[OutgoingEvent, bool] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._is_on_disk)

    def add(self, events: Iterable[OutgoingEvent]) -> None:
        """Add events that are in memory alone."""
        with self._lock:
            for event in events:
                self._is_on_disk.setdefault(event, False)

    def remove(self, events: Iterable[OutgoingEvent]) -> None:
        """Remove events that the bus or another file on disk has."""
        with self._lock:
            for event in events:
                self._is_on_disk.pop(event, None)

    def note_written(self, events: Iterable[OutgoingEvent]) -> None:
        """Note that *events* are on disk as well."""
        with self._lock:
            self._is_on_disk.update((one, True) for one in events if one in self._is_on_disk)

    def oldest(self, most: int | None = None) -> list[OutgoingEvent]:
        """Return the *most* oldest events, or all."""
        with self._lock:
            return list(islice(self._is_on_disk, most))

    def newest(self, most: int) -> list[OutgoingEvent]:
        """Return the *most* newest events, the newest first."""
        with self._lock:
            return list(islice(reversed(self._is_on_disk), most))

    def written(self) -> list[OutgoingEvent]:
        """Return the events that are on disk as well."""
        with self._lock:
            return [event for event, is_on_disk in self._is_on_disk.items() if is_on_disk]

    def unwritten(self) -> list[OutgoingEvent]:
        """Return the events that are in memory alone."""
        with self._lock:
            return [event for event, is_on_disk in self._is_on_disk.items() if not is_on_disk]
