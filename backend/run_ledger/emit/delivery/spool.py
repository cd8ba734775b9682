"""Events on disk that the bus did not take; they outlive a crash, and the next process sends them.

Each target (bus, region, endpoint) has a folder of its own. Every process appends to its own file
there and holds a lock on it for as long as it lives. The kernel releases the lock when the process
dies, however it dies, and then another process may take the file over. A file is removed once all
of it was sent.

A line is ``CRC LENGTH JSON``: a line that a crash tore or that a disk garbled is skipped and
counted, and so never sent. When `append` has returned True, the lines and the folder's entry for
the file are fsynced.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from run_ledger.emit.counting.outgoing_events import OutgoingEvent

try:
    import fcntl
except ImportError:  # a system without file locks has no spool either
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".spool"
MAX_BYTES = 64 * 1024 * 1024  # of one target's folder
MAX_AGE_SECONDS = 30 * 86_400  # well below the 90 days for which the ledger knows repeats
_MAX_LINE_BYTES = 1024 * 1024
_HEADER_BYTES = 18  # eight digits, a space, eight digits, a space
_READ_BYTES = 64 * 1024
_WASTE_BYTES = 1024 * 1024
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


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


class SpoolFileSummary(NamedTuple):
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
        """Return how many bytes it holds."""
        return os.fstat(self._descriptor).st_size

    @property
    def is_open(self) -> bool:
        """Tell whether this process still holds it."""
        return self._descriptor >= 0

    @property
    def is_drained(self) -> bool:
        """Tell whether everything in it was dropped."""
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
        with suppress(OSError):
            os.close(self._descriptor)
        self._descriptor = -1  # the number may soon be another file's

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


class SpoolBatch(NamedTuple):
    """Events read off the head of a file, and what came between them."""

    file: SpoolFile
    events: list[OutgoingEvent]
    end: int
    """Where the next events begin, in bytes from the file's start."""
    expired: int
    """Lines that are too old."""
    damaged: int
    """Lines that are torn or garbled."""


class Spool:
    """The folder of one target: this process's file, and those of processes that ended."""

    def __init__(
        self,
        folder: Path,
        target: str = "",
        *,
        max_bytes: int = MAX_BYTES,
        max_age_seconds: float = MAX_AGE_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use *folder*; *target* is a JSON document, kept in it, that says where its events go."""
        self.path = folder
        self._target = target
        self._max_bytes = max_bytes
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._folder: int | None = None
        self._own: SpoolFile | None = None

    def append(self, events: Sequence[OutgoingEvent]) -> bool:
        """Put *events* on disk; return True once they are fsynced, False where they don't fit.

        Raises OSError where the disk or the folder can't be written.
        """
        lines = b"".join(_line(event, self._clock()) for event in events)
        own = self._own or self._made()
        if self._bytes_of_others(own) + own.size + len(lines) > self._max_bytes:
            return False
        own.append(lines)
        return True

    @property
    def size(self) -> int:
        """Return how many bytes this process's own file holds."""
        return self._own.size if self._own else 0

    @property
    def own(self) -> SpoolFile | None:
        """Return this process's file where it holds something."""
        return self._own if self._own and not self._own.is_drained else None

    def read(self, file: SpoolFile, most: int) -> SpoolBatch:
        """Return the next *most* events of *file* that are not too old."""
        return file.read(most, self._clock() - self._max_age_seconds)

    def drop(self, batch: SpoolBatch) -> None:
        """Drop *batch* from its file; shorten a file of which much was dropped."""
        file = batch.file
        file.drop(batch)
        if file is self._own and file.position > _WASTE_BYTES > file.size - file.position:
            # Something at its end is refused time and again: without this the file would grow.
            rest, self._own = file.unread(), None
            self._made().append(rest)
            file.remove()

    def orphans(self) -> Iterator[SpoolFile]:
        """Lock and yield, one after the other, the files of processes that ended."""
        if not self.path.is_dir() or fcntl is None:
            return
        folder = self._opened()
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - an open folder's
            if name.endswith(SUFFIX) and not (self._own and self._own.name == name):
                file = _locked(folder, name, os.O_RDWR)
                if file is not None:
                    yield file

    def close(self) -> None:
        """Close everything; what was not sent stays for the next process."""
        if self._own:
            self._own.close()
        self._own = None
        if self._folder is not None:
            os.close(self._folder)
        self._folder = None

    def abandon(self) -> None:
        """Forget the parent's file after a fork, and leave its lock alone."""
        if self._own:
            self._own.abandon()
        if self._folder is not None:
            with suppress(OSError):
                os.close(self._folder)
        self._own = self._folder = None

    def _opened(self) -> int:
        if self._folder is None:
            self._folder = open_folder(self.path)
        return self._folder

    def _made(self) -> SpoolFile:
        if fcntl is None:
            raise OSError(errno.ENOTSUP, "this system has no file locks")
        make_folders(self.path)
        folder = self._opened()
        _describe(folder, self._target)
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(6)}{SUFFIX}"
            file = _locked(folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if file is not None:  # else another process took it for an orphan: try a new name
                os.fsync(folder)
                self._own = file
                return file

    def _bytes_of_others(self, own: SpoolFile) -> int:
        folder, total = self._opened(), 0
        for name in os.listdir(folder):  # noqa: PTH208 - an open folder's
            if name != own.name:
                with suppress(OSError):
                    total += os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
        return total


def make_folders(path: Path) -> None:
    """Make *path* and the folders above it, for this user alone."""
    for folder in [*reversed(path.parents), path]:
        with suppress(FileExistsError):
            folder.mkdir(_FOLDER_MODE)


def open_folder(path: Path) -> int:
    """Open the folder *path* of this user; raise OSError where others could write into it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        os.close(descriptor)
        message = "the folder of a spool must be its user's own, and not writable for others"
        raise PermissionError(errno.EPERM, message, str(path))
    return descriptor


def _locked(folder: int, name: str, flags: int) -> SpoolFile | None:
    """Open and lock a file; None where another process has it, or it is gone or no plain file."""
    flags |= os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        descriptor = os.open(name, flags, _FILE_MODE, dir_fd=folder)
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


def _describe(folder: int, target: str) -> None:
    """Leave the target's description in its folder, for `run-ledger spool`."""
    with suppress(FileNotFoundError):
        os.stat("target.json", dir_fd=folder, follow_symlinks=False)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    unfinished = f".{os.getpid()}-{secrets.token_hex(6)}"
    with os.fdopen(os.open(unfinished, flags, _FILE_MODE, dir_fd=folder), "w") as file:
        file.write(target)
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, "target.json", src_dir_fd=folder, dst_dir_fd=folder)


def _line(event: OutgoingEvent, at: float) -> bytes:
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
