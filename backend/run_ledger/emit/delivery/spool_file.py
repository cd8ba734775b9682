"""One process's file of events on disk: locked for as long as the process lives.

A line is ``CRC LENGTH JSON``: a line that a crash tore or that a disk garbled is skipped and
counted, and so never sent.
"""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from run_ledger.emit.counting.outgoing_events import OutgoingEvent

try:
    import fcntl
except ImportError:  # a system without file locks has no spool either
    fcntl = None  # type: ignore[assignment]

HAS_FILE_LOCKS = fcntl is not None
FILE_MODE = 0o600
_MAX_LINE_BYTES = 1024 * 1024
_HEADER_BYTES = 18  # eight digits, a space, eight digits, a space
_READ_BYTES = 64 * 1024


class SpoolRecord(NamedTuple):
    """One line: an event, and when it was written, in seconds since 1970."""

    at: float
    event_id: str
    detail_type: str
    detail: str

    @property
    def event(self) -> OutgoingEvent:
        """Return the event as it was, its id included."""
        return OutgoingEvent(self.event_id, self.detail_type, self.detail)


class SpoolFileSummary(Struct, frozen=True):
    """What a file holds, read without locking it."""

    events: int
    size: int
    """In bytes."""
    oldest_at: float | None
    """When its first event was written, in seconds since 1970."""
    is_held: bool
    """Whether a living process looks after it."""


_records = msgspec.json.Decoder(SpoolRecord)


class SpoolFile:
    """A file that this process has locked: lines are appended, and read from its head."""

    def __init__(self, folder: int, name: str, descriptor: int) -> None:
        """Take over the open and locked *descriptor* of *name* in the open *folder*."""
        self.name = name
        self._folder = folder
        self._descriptor = descriptor
        self._position = 0

    @property
    def size(self) -> int:
        """Return how many bytes it holds; none once another thread has closed it."""
        try:
            return os.fstat(self._descriptor).st_size
        except OSError:
            if self.is_open:
                raise
            return 0

    @property
    def is_open(self) -> bool:
        """Return whether this process still holds it."""
        return self._descriptor >= 0

    @property
    def is_drained(self) -> bool:
        """Return whether everything in it was dropped."""
        return self._position >= self.size

    def append(self, lines: bytes) -> None:
        """Write *lines* and wait until the disk has them; all of them or none."""
        end = self.size
        if end and os.pread(self._descriptor, 1, end - 1) != b"\n":
            lines = b"\n" + lines  # a torn line before ours must not swallow it
        try:
            view = memoryview(lines)
            while view:
                view = view[os.write(self._descriptor, view) :]
            os.fsync(self._descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, end)
            raise

    def read(self, most: int, oldest_at: float) -> SpoolBatch:
        """Return the first *most* events that were not dropped yet; the file stays as it is.

        Events that were written before *oldest_at*, in seconds since 1970, are left out.
        """
        events, end, expired, damaged = [], self._position, 0, 0
        for line, line_end in self._lines():
            end = line_end
            record = _parsed(line)
            if record is None:
                damaged += line not in (b"", b"\n")
            elif record.at < oldest_at:
                expired += 1
            else:
                events.append(record.event)
            if len(events) == most:
                break
        return SpoolBatch(self, events, end, expired, damaged)

    def drop(self, batch: SpoolBatch) -> None:
        """Drop *batch*, which was read from here; a file with nothing left is emptied."""
        self._position = batch.end
        if self.is_drained:
            self.clear()

    def move(self, folder: int) -> None:
        """Move it to another open *folder*; it stays locked. Raises OSError where it can't."""
        os.rename(self.name, self.name, src_dir_fd=self._folder, dst_dir_fd=folder)
        self._folder = folder

    def clear(self) -> None:
        """Drop everything in it."""
        os.ftruncate(self._descriptor, 0)
        self._position = 0

    def close(self) -> None:
        """Unlock the file, and remove it where nothing is left in it."""
        try:
            if self.is_drained:
                os.unlink(self.name, dir_fd=self._folder)
        except OSError:
            pass  # gone already, or to be found empty by the next process
        finally:
            self.abandon()

    def remove(self) -> None:
        """Unlock the file and remove it, whatever is in it."""
        with suppress(OSError):
            os.unlink(self.name, dir_fd=self._folder)
        self.abandon()

    def abandon(self) -> None:
        """Close the descriptor alone: after a fork, the lock still belongs to the parent."""
        # First forgotten, then closed: the number may soon be another file's.
        descriptor, self._descriptor = self._descriptor, -1
        with suppress(OSError):
            os.close(descriptor)

    def unread(self) -> bytes:
        """Return the bytes that were not dropped yet."""
        return os.pread(self._descriptor, self.size - self._position, self._position)

    @property
    def position(self) -> int:
        """Return how many bytes at its head were dropped."""
        return self._position

    def _lines(self) -> Iterator[tuple[bytes, int]]:
        position, rest = self._position, b""
        while True:
            chunk = os.pread(self._descriptor, _READ_BYTES, position + len(rest))
            if not chunk:
                if rest:  # a torn tail
                    yield rest, position + len(rest)
                return
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                position += len(line) + 1
                yield line, position
            if len(rest) > _MAX_LINE_BYTES:
                position, rest = position + len(rest), b""
                yield b"?", position


class SpoolBatch(Struct, frozen=True):
    """Events read off the head of a file, and what came between them."""

    file: SpoolFile
    events: list[OutgoingEvent]
    end: int
    """Where the next events begin, in bytes from the file's start."""
    expired: int
    """Lines that are too old."""
    damaged: int
    """Lines that are torn or garbled."""


def lock_file(folder: int, name: str, flags: int) -> SpoolFile | None:
    """Open and lock a file; None where another process has it, or it is gone or no plain file."""
    flags |= os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(name, flags, FILE_MODE, dir_fd=folder)
    except (FileNotFoundError, FileExistsError):
        return None
    except OSError:
        if flags & os.O_CREAT:
            raise
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
        ours = os.fstat(descriptor)
        is_same = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        if is_same and stat.S_ISREG(ours.st_mode) and ours.st_uid == os.geteuid():
            return SpoolFile(folder, name, descriptor)
    except OSError:
        pass  # locked by its process, or removed in this moment
    os.close(descriptor)
    return None


def line_of(event: OutgoingEvent, at: float) -> bytes:
    """Return the line of *event*, written *at* seconds since 1970."""
    body = msgspec.json.encode(SpoolRecord(at, *event))
    return b"%08x %08x %s\n" % (zlib.crc32(body), len(body), body)


def _parsed(line: bytes) -> SpoolRecord | None:
    """Return the record of a line; None where it is torn or garbled."""
    body = line[_HEADER_BYTES:]
    if line[:_HEADER_BYTES] != b"%08x %08x " % (zlib.crc32(body), len(body)):
        return None
    try:
        return _records.decode(body)
    except msgspec.DecodeError:
        return None


def summarize_file(folder: Path, name: str) -> SpoolFileSummary | None:
    """Return what the file *name* holds; None where it is gone or may not be read."""
    try:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        records = [record for line in file if (record := _parsed(line.rstrip(b"\n")))]
        size = os.fstat(descriptor).st_size
        is_held = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            is_held = True
    return SpoolFileSummary(len(records), size, records[0].at if records else None, is_held)
