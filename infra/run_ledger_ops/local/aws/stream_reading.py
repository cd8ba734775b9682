"""Reads tables' streams beside the queues, and forgets what has been read.

The local AWS calls the functions of streams one after another, in the thread that gives queues'
messages to functions, too: as long as one of them works, no writer gets anything. And it keeps each
record with the whole item for a day, in memory.
"""

import threading
from collections.abc import Callable
from typing import Any

KEPT = 500
"""How many records of a stream stay at least; AWS keeps those of a day."""


class StreamReading:
    """Stands in for one look at all streams: it begins one in a thread, and returns at once.

    *look* says whether there may be more. A look that is asked for while one goes on follows it.
    """

    def __init__(self, look: Callable[[], bool], forget: Callable[[], None]) -> None:
        self._look = look
        self._forget = forget
        self._lock = threading.Lock()
        self._is_looking = False
        self._is_asked_again = False

    def __call__(self) -> bool:
        """Begin a look; False, as there is nothing more to do for who asks."""
        with self._lock:
            self._is_asked_again = True
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look_to_the_end, daemon=True).start()
        return False

    def _look_to_the_end(self) -> None:
        while self._goes_on():
            try:
                while self._look():
                    self._forget()
            except BaseException:
                with self._lock:
                    self._is_looking = False
                raise

    def _goes_on(self) -> bool:
        with self._lock:
            self._is_looking = self._is_asked_again
            self._is_asked_again = False
            return self._is_looking


class ReadRecords:
    """Forgets the records of streams that all functions have read, but for the newest."""

    def __init__(self, dynamodb: Any, functions: Any) -> None:
        self._records = getattr(dynamodb, "_stream_records")  # noqa: B009 - private names, all
        self._forgotten = getattr(dynamodb, "_stream_trimmed")  # noqa: B009
        self._tables = getattr(dynamodb, "_tables")  # noqa: B009
        self._mappings = getattr(functions, "_esms")  # noqa: B009
        self._positions = getattr(functions, "_dynamodb_stream_positions")  # noqa: B009

    def __call__(self) -> None:
        """Forget. Only the thread that reads streams may call it, as places of records change."""
        for (account, region, table), records in list(self._records.all_items()):
            if len(records) > KEPT:
                scope = account, region, table
                forgotten = self._forgotten.get_scoped(*scope, 0)
                read = self._read_by_all(*scope) - forgotten
                count = min(read, len(records) - KEPT)
                if count > 0:
                    del records[:count]
                    self._forgotten.set_scoped(*scope, forgotten + count)

    def _read_by_all(self, account: str, region: str, table: str) -> int:
        """Return how many records since the beginning all functions have read; 0 without any."""
        stream = self._tables.get_scoped(account, region, table, {}).get("LatestStreamArn")
        return min(
            (
                self._positions.get_scoped(*scope, 0)
                for scope, mapping in self._mappings.all_items()
                if mapping.get("EventSourceArn") == stream
            ),
            default=0,
        )
