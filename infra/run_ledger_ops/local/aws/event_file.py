"""A file of events that are safe on the disk before anybody is told so.

The file has one line of JSON an event: `{"bus": NAME, "event": ENVELOPE}`, where the envelope is
what EventBridge delivers to a target.
"""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from run_ledger_ops.local.aws.envelopes import KeptEvent

FORMER_BUS = ""
"""The bus of events that an earlier version kept: those of the ledger's rule alone."""
_PRIVATE = 0o600


class EventFile:
    """Adds events to the file; callers that wait at the same time share one wait for the disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # A thread of its own: those of the event loop may all be busy with functions.
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="event-file")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, events: Iterable[KeptEvent]) -> None:
        """Add events, and return once the disk has them. Raises OSError where it can't."""
        lines = "".join(f"{json.dumps(event._asdict())}\n" for event in events)
        if not lines:
            return
        safe: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((lines.encode(), safe))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_what_waits())
        await safe

    async def _write_what_waits(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            taken, self._waiting = self._waiting, []
            failure: OSError | None = None
            try:
                await loop.run_in_executor(self._disk, self._append, [lines for lines, _ in taken])
            except OSError as error:
                failure = error
            for _, safe in taken:
                if safe.cancelled():
                    continue
                if failure is None:
                    safe.set_result(None)
                else:
                    safe.set_exception(failure)

    def _append(self, pieces: list[bytes]) -> None:
        # The file may end in a line that was cut off: what is added begins on a line of its own.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, _PRIVATE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(b"\n" + b"".join(pieces))
            file.flush()
            os.fsync(file.fileno())


def read_events(path: Path, end: int) -> Iterator[KeptEvent | None]:
    """Give the events of the file's first *end* bytes, None for a line that was cut off."""
    if not end:
        return
    with path.open("rb") as file:
        while (begin := file.tell()) < end:
            line = file.readline(end - begin)
            if line.strip():
                yield _event(line)


def _event(line: bytes) -> KeptEvent | None:
    try:
        said = json.loads(line)
        if isinstance(said, str):  # an earlier version kept what its rule had passed on
            return KeptEvent(FORMER_BUS, dict(json.loads(said)))
        return KeptEvent(str(said["bus"]), dict(said["event"]))
    except (ValueError, TypeError, KeyError):  # an end in the middle of writing cut it off
        return None
