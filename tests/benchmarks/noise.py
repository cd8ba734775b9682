"""How long a quiet producer waits while another is noisy: on the local stack, side by side.

The noise is ten thousand rejected events a minute, a job that gets twenty events a second, and
events for a job whose item takes no more. The quiet producer sends an event at a time and looks for
it in the table. The local AWS is one process for all and hands out ten messages a batch at most,
so nonsense costs it more than it costs AWS.
"""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tests.support.stacks.local_stack import LocalStack, local_stack

from .figures import Figure

SAMPLES = 25
REJECTED_A_SECOND = 10_000 / 60
_ENTRIES_A_CALL = 10
_PATIENCE_SECONDS = 120.0
_FULL_AFTER = 195
_ERROR = {"type": "t" * 1000, "message": "m" * 1000}


def visible_over_quiet() -> Figure:
    """Measure how long an event takes to be visible, without the noise and with it."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder)) as stack:
        producer = _Quiet(stack)
        producer.waits(5)
        noise, traffic = _Noise(stack), _Noise(stack, is_right=True)
        noise.fill_an_item()
        quiet = producer.waits(SAMPLES)
        with noise:
            time.sleep(10)
            noisy = producer.waits(SAMPLES)
        time.sleep(20)
        with traffic:
            time.sleep(10)
            busy = statistics.median(producer.waits(SAMPLES)) * 1_000
        rate = noise.sent / noise.seconds
    slowest, usual = max(noisy) * 1_000, max(quiet) * 1_000
    return Figure(
        "noisy_visible_ms",
        statistics.median(noisy) * 1_000,
        "ms",
        statistics.median(quiet) * 1_000,
        goal=2.0,
        more_is_better=False,
        goal_is_ratio=True,
        notes=(
            f"the slowest of {SAMPLES}: {slowest:,.0f} ms, without noise {usual:,.0f} ms",
            f"{rate * 60:,.0f} rejected events a minute were sent",
            f"with as many right events of other jobs in their place: {busy:,.0f} ms",
        ),
    )


class _Quiet:
    """A producer that sends an event, and looks when it is visible."""

    def __init__(self, stack: LocalStack) -> None:
        self._bus = stack.client("events")
        self._table = stack.client("dynamodb")
        self._document = stack.document
        self._number = itertools.count()

    def waits(self, count: int) -> list[float]:
        """Return how many seconds each of so many events took to be visible."""
        return [self._wait() for _ in range(count)]

    def _wait(self) -> float:
        job_id = f"quiet-{next(self._number)}"
        detail = {"job_id": job_id, "client_id": "quiet", "project_id": "quiet"}
        started = time.monotonic()
        self._bus.put_events(Entries=[_entry(self._document, detail)])
        request: Any = {"TableName": self._document["tables"]["jobs"]}
        while "Item" not in self._table.get_item(**request, Key={"job_id": {"S": job_id}}):
            if time.monotonic() > started + _PATIENCE_SECONDS:
                raise AssertionError(f"{job_id} was not visible in {_PATIENCE_SECONDS:.0f} s")
            time.sleep(0.02)
        return time.monotonic() - started


class _Noise:
    """The noisy producers; as a context, they are at work."""

    def __init__(self, stack: LocalStack, *, is_right: bool = False) -> None:
        self.sent = 0
        self._is_right = is_right
        self.seconds = 0.0
        self._bus = stack.client("events")
        self._document = stack.document
        self._number = itertools.count()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def fill_an_item(self) -> None:
        """Let a job have as many attempts as its item holds."""
        for first in range(1, _FULL_AFTER, _ENTRIES_A_CALL):
            self._put([self._full(first + n) for n in range(_ENTRIES_A_CALL)])
        time.sleep(10)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _work(self) -> None:
        """Send a batch of each kind, as often as the rate asks for."""
        began = time.monotonic()
        pause = _ENTRIES_A_CALL / REJECTED_A_SECOND
        for calls in itertools.count():
            if self._over.is_set():
                break
            with suppress(ClientError, BotoCoreError):
                self._put([self._event() for _ in range(_ENTRIES_A_CALL)])
                self.sent += _ENTRIES_A_CALL
                if not self._is_right and calls % 8 == 0:
                    self._put([self._hot() for _ in range(10)])
                if not self._is_right and calls % 16 == 0:
                    self._put([self._full(1_000 + next(self._number))])
            self._over.wait(max(0.0, began + (calls + 1) * pause - time.monotonic()))
        self.seconds = time.monotonic() - began

    def _event(self) -> dict[str, Any]:
        """Return an event that lacks what it must have, or a right one of one of many jobs."""
        number = next(self._number)
        if not self._is_right:
            return {"job_id": f"bad-{number}"}
        return {**_ids(f"right-{number % 200}"), "event_id": str(number), "delta": {"pages": 1}}

    def _hot(self) -> dict[str, Any]:
        return {**_ids("hot"), "delta": {"records_ok": 1}, "event_id": f"h-{next(self._number)}"}

    def _full(self, attempt: int) -> dict[str, Any]:
        return {**_ids("full"), "attempt": attempt, "error": _ERROR, "event_id": f"f-{attempt}"}

    def _put(self, details: list[dict[str, Any]]) -> None:
        self._bus.put_events(Entries=[_entry(self._document, one) for one in details])


def _ids(name: str) -> dict[str, str]:
    return {"job_id": name, "client_id": name, "project_id": name}


def _entry(document: dict[str, Any], detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "EventBusName": document["event_bus_name"],
        "Source": "noise",
        "DetailType": "job_update",
        "Detail": json.dumps(detail),
    }
