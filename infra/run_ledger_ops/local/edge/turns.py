"""Turns: a few callers at a time, the others wait, and those beyond are sent away."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """Lets *at_once* callers do their work at the same time; at most *waiting* others wait."""

    def __init__(self, at_once: int, waiting: int, patience_seconds: float) -> None:
        self._free = threading.Semaphore(at_once)
        self._seats = threading.Semaphore(at_once + waiting)
        self._patience_seconds = patience_seconds

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Wait for a turn and hold it; False says that there was none within the patience."""
        if not self._seats.acquire(blocking=False):
            yield False
            return
        try:
            if not self._free.acquire(timeout=self._patience_seconds):
                yield False
                return
            try:
                yield True
            finally:
                self._free.release()
        finally:
            self._seats.release()
