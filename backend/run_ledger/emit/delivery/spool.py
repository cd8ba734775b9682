"""Events on disk that the bus did not take; they outlive a crash, and the next process sends them.

Each target (bus, region, endpoint) has a folder of its own. Every process appends to its own file
there and holds a lock on it for as long as it lives. The kernel releases the lock when the process
dies, however it dies, and then another process may take the file over. A file is emptied once
all of it was sent, and removed at the end of the process.

A process has two such files: one for what the bus did not take, which is sent from there, and one
for what is about to be sent from memory, which is read only if the process dies meanwhile.

When `Spool.append` or `Spool.write_ahead` has returned True, the events and the folder's entry for
the file are fsynced.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.spool_file import (
    FILE_MODE,
    HAS_FILE_LOCKS,
    SpoolBatch,
    SpoolFile,
    line_of,
    lock_file,
)

SUFFIX = ".spool"
MAX_BYTES = 64 * 1024 * 1024  # of one target's folder
MAX_AGE_SECONDS = 30 * 86_400  # well below the 90 days for which the ledger knows repeats
_WASTE_BYTES = 1024 * 1024  # of a file, that may lie there for nothing
_FOLDER_MODE = 0o700


class Spool:
    """The folder of one target: this process's file, and those of processes that ended."""

    def __init__(
        self,
        folder: Path,
        target: str = "",
        *,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Use *folder*; *target* is a JSON document, kept in it, that says where its events go."""
        self.path = folder
        self._target = target
        self._max_bytes = max_bytes
        self._clock = clock
        self._folder: int | None = None
        self._own: SpoolFile | None = None
        self._ahead: SpoolFile | None = None

    def append(self, events: Sequence[OutgoingEvent]) -> bool:
        """Put *events* on disk; return True once they are fsynced, False where they don't fit.

        Raises OSError where the disk or the folder can't be written.
        """
        self._own = self._own or self._made()
        return self._add(self._own, events)

    def write_ahead(self, events: Sequence[OutgoingEvent]) -> bool:
        """Put *events* on disk before they are sent from memory; else as `append`."""
        self._ahead = self._ahead or self._made()
        return self._add(self._ahead, events)

    def shorten_ahead(self, unsent: Sequence[OutgoingEvent]) -> None:
        """Drop what was written ahead, but for *unsent*, once that is worth it."""
        file = self._ahead
        if file is None or not file.size:
            return
        if not unsent:
            file.clear()
        elif file.size > _WASTE_BYTES + 2 * sum(event.size for event in unsent):
            self._ahead = self._made()
            if self._add(self._ahead, unsent):
                file.remove()
            else:
                self._ahead.remove()
                self._ahead = file

    @property
    def size(self) -> int:
        """Return how many bytes this process's own files hold."""
        return sum(file.size for file in (self._own, self._ahead) if file)

    @property
    def own(self) -> SpoolFile | None:
        """Return this process's file where it holds something."""
        return self._own if self._own and not self._own.is_drained else None

    def read(self, file: SpoolFile, most: int) -> SpoolBatch:
        """Return the next *most* events of *file* that are not too old."""
        return file.read(most, self._clock() - MAX_AGE_SECONDS)

    def drop(self, batch: SpoolBatch) -> None:
        """Drop *batch* from its file; shorten a file of which much was dropped."""
        file = batch.file
        file.drop(batch)
        if file is self._own and file.position > _WASTE_BYTES > file.size - file.position:
            # Something at its end is refused time and again: without this the file would grow.
            rest = file.unread()
            self._own = self._made()
            self._own.append(rest)
            file.remove()

    def orphans(self) -> Iterator[SpoolFile]:
        """Lock and yield, one after the other, the files of processes that ended."""
        if not self.path.is_dir() or not HAS_FILE_LOCKS:
            return
        folder = self._opened()
        for name in sorted(os.listdir(folder)):  # noqa: PTH208 - an open folder's
            if name.endswith(SUFFIX) and name not in self._names():
                file = lock_file(folder, name, os.O_RDWR)
                if file is not None:
                    yield file

    def close(self) -> None:
        """Close everything; what was not sent stays for the next process."""
        for file in (self._own, self._ahead):
            if file:
                file.close()
        self._own = self._ahead = None
        if self._folder is not None:
            os.close(self._folder)
        self._folder = None

    def abandon(self) -> None:
        """Forget the parent's files after a fork, and leave their locks alone."""
        for file in (self._own, self._ahead):
            if file:
                file.abandon()
        if self._folder is not None:
            with suppress(OSError):
                os.close(self._folder)
        self._own = self._ahead = self._folder = None

    def _names(self) -> set[str]:
        return {file.name for file in (self._own, self._ahead) if file}

    def _add(self, file: SpoolFile, events: Sequence[OutgoingEvent]) -> bool:
        lines = b"".join(line_of(event, self._clock()) for event in events)
        if self._bytes_of_others(file) + file.size + len(lines) > self._max_bytes:
            return False
        file.append(lines)
        return True

    def _opened(self) -> int:
        if self._folder is None:
            self._folder = open_folder(self.path)
        return self._folder

    def _made(self) -> SpoolFile:
        if not HAS_FILE_LOCKS:
            raise OSError(errno.ENOTSUP, "this system has no file locks")
        _make_folders(self.path)
        folder = self._opened()
        _describe(folder, self._target)
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(6)}{SUFFIX}"
            file = lock_file(folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if file is not None:  # else another process took it for an orphan: try a new name
                os.fsync(folder)
                return file

    def _bytes_of_others(self, own: SpoolFile) -> int:
        folder, total = self._opened(), 0
        for name in os.listdir(folder):  # noqa: PTH208 - an open folder's
            if name != own.name:
                with suppress(OSError):
                    total += os.stat(name, dir_fd=folder, follow_symlinks=False).st_size
        return total


def _make_folders(path: Path) -> None:
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


def _describe(folder: int, target: str) -> None:
    """Leave the target's description in its folder, for `run-ledger spool`."""
    with suppress(FileNotFoundError):
        os.stat("target.json", dir_fd=folder, follow_symlinks=False)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    unfinished = f".{os.getpid()}-{secrets.token_hex(6)}"
    with os.fdopen(os.open(unfinished, flags, FILE_MODE, dir_fd=folder), "w") as file:
        file.write(target)
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, "target.json", src_dir_fd=folder, dst_dir_fd=folder)
