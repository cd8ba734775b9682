"""Writers that take turns: each call of DynamoDB waits until the test lets it continue.

A `Writer` runs its work in a thread of its own, but never while the test or another writer runs.
`Writer.step` lets it make the call at which it waits, and returns when it waits at the next call or
has ended. So the test chooses the order of all calls, and can repeat it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tests.support.dynamo.faults import Cut, cut_before
from tests.support.dynamo.stand_in import Call, Fault

# Far beyond any turn: it only turns a deadlock into a failure.
_PATIENCE_SECONDS = 60


class Writer:
    """One writer, at work or idle."""

    def __init__(self) -> None:
        """Start idle."""
        self.call: Call | None = None
        """The call that the writer waits to make."""
        self.result: Any = None
        """What its last work returned."""
        self.error: BaseException | None = None
        """What its last work raised."""
        self._fault: Fault | None = None
        self._thread: threading.Thread | None = None
        self._go = threading.Semaphore(0)
        self._waiting = threading.Semaphore(0)

    @property
    def is_working(self) -> bool:
        """Return whether the writer has calls left to make."""
        return self._thread is not None

    def script(self, call: Call) -> Fault | None:
        """Wait at *call*; this is the script of the writer's client."""
        self.call = call
        self._waiting.release()
        _acquire(self._go)
        self.call = None
        return self._fault

    def start(self, work: Callable[[], Any]) -> None:
        """Begin *work*, up to its first call."""
        assert not self.is_working, "a writer does one thing at a time"
        self.result = self.error = None
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._wait()

    def step(self, fault: Fault | None = None) -> None:
        """Let the call be made, with *fault*, and the work continue up to its next call."""
        assert self.call is not None, "an idle writer has no call to make"
        self._fault = fault
        self._go.release()
        self._wait()

    def finish(self, fault: Fault | None = None) -> None:
        """Let all calls be made, the first with *fault*."""
        while self.is_working:
            self.step(fault)
            fault = None

    def cut(self) -> None:
        """End the work, wherever it is."""
        if self.is_working:
            self.finish(cut_before)

    def _run(self, work: Callable[[], Any]) -> None:
        try:
            self.result = work()
        except BaseException as error:  # noqa: BLE001 - a cut is none of Exception
            self.error = error
        self._waiting.release()

    def _wait(self) -> None:
        """Wait until the thread waits or has ended; raise what it should not have raised."""
        _acquire(self._waiting)
        if self.call is not None:
            return
        assert self._thread is not None
        self._thread.join(_PATIENCE_SECONDS)
        self._thread = None
        if self.error is not None and not isinstance(self.error, Cut):
            raise self.error


def _acquire(semaphore: threading.Semaphore) -> None:
    assert semaphore.acquire(timeout=_PATIENCE_SECONDS), "the writers wait for each other"
