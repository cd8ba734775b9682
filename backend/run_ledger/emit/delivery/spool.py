"""Events on disk that the bus did not take; they outlive a crash, and the next process sends them.

Each destination (bus, account, region, address) has a folder of its own, and so have events whose
destination is not known yet. Every process appends to its own file there and holds a lock on it for
as long as it lives. The kernel releases the lock when the process dies, however it dies, and then
another process may take the file over. A file is emptied once all of it was sent, and removed at
the end of the process.

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
from typing import Self

import msgspec

from run_ledger.emit.counting.outgoing_events import OutgoingEvent
from run_ledger.emit.delivery.spool_file import (
    FILE_MODE,
    HAS_FILE_LOCKS,
    SpoolBatch,
    SpoolFile,
    line_of,
    lock_file,
)
from run_ledger.emit.identity.destinations import DESCRIPTION, Destination, SpoolPlan

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
        self.problem: str | None = None
        """Why another folder is used than the one that should be; None where it is that one."""
        self.is_settled = True
        self._target = target
        self._others: list[Path] = []  # to use if the first one can't be
        self._searched: list[Path] = []  # for files of processes that ended, beside the first
        self._plan: SpoolPlan | None = None
        self._max_bytes = max_bytes
        self._clock = clock
        self._folder: int | None = None
        self._former: list[int] = []  # open folders that were used before
        self._own: SpoolFile | None = None
        self._ahead: SpoolFile | None = None

    @classmethod
    def planned(cls, plan: SpoolPlan) -> Self:
        """Return a spool whose destination is not known yet."""
        spool = cls(plan.first_folders[0])
        spool._plan = plan
        spool._unsettle()
        return spool

    def _unsettle(self) -> None:
        if self._plan:
            self.path, *self._others = self._plan.first_folders
            self._target = msgspec.json.encode(self._plan.first).decode()
            self._searched, self.is_settled = [], False

    def settle(self, destination: Destination) -> None:
        """Move to the folder for *destination*, which is known from now on."""
        if self.is_settled or self._plan is None:
            return
        self.is_settled = True
        first, *others = self._plan.folders(destination)
        self._searched = [*others, *self._plan.first_folders]
        self._leave_folder()
        self.path, self._others = first, others
        self._target = msgspec.json.encode(destination).decode()
        files = [file for file in (self._own, self._ahead) if file]
        # Where a file can't be moved, the next process finds it by the evidence.
        with suppress(OSError):
            for file in files:
                file.move(self._made_folder())
            if files:
                os.fsync(self._made_folder())

    @property
    def searched(self) -> list[Path]:
        """Return the folders whose events belong where this process sends."""
        return [self.path, *self._searched] if self.is_settled else [self.path]

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
        """Lock and yield the files of processes that ended; each is closed before the next."""
        if not HAS_FILE_LOCKS:
            return
        for path in self.searched:
            try:
                folder = open_folder(path)
            except OSError:
                continue  # it is not there, or somebody else's
            try:
                for name in sorted(os.listdir(folder)):  # noqa: PTH208 - an open folder's
                    if name.endswith(SUFFIX) and name not in self._names():
                        file = lock_file(folder, name, os.O_RDWR)
                        if file is not None:
                            yield file
            finally:
                os.close(folder)

    def close(self) -> None:
        """Close everything; what was not sent stays for the next process."""
        for file in (self._own, self._ahead):
            if file:
                file.close()
        self._own = self._ahead = None
        self._leave_folder()
        self._close_folders()

    def abandon(self) -> None:
        """Forget the parent's files after a fork, and leave their locks alone."""
        for file in (self._own, self._ahead):
            if file:
                file.abandon()
        self._own = self._ahead = None
        self._leave_folder()
        self._close_folders()
        self._unsettle()

    def _leave_folder(self) -> None:
        """Have the next file be in the folder of then; files that are open need that of now."""
        if self._folder is not None:
            self._former.append(self._folder)
        self._folder = None

    def _close_folders(self) -> None:
        for folder in self._former:
            with suppress(OSError):
                os.close(folder)
        self._former = []

    def _names(self) -> set[str]:
        return {file.name for file in (self._own, self._ahead) if file}

    def _add(self, file: SpoolFile, events: Sequence[OutgoingEvent]) -> bool:
        lines = b"".join(line_of(event, self._clock()) for event in events)
        if self._bytes_of_others(file) + file.size + len(lines) > self._max_bytes:
            return False
        file.append(lines)
        return True

    def _made_folder(self) -> int:
        """Return the open folder, which is made where it is missing, or another one instead."""
        if self._folder is not None:
            return self._folder
        try:
            return self._make_folder(self.path)
        except OSError as error:
            for other in self._others:
                with suppress(OSError):
                    folder = self._make_folder(other)
                    self.problem = f"events can't be kept in {self.path} ({error}): {other} is used"
                    self.path = other
                    return folder
            raise

    def _make_folder(self, path: Path) -> int:
        _make_folders(path)
        self._folder = open_folder(path)
        try:
            _describe(self._folder, self._target)
        except OSError:
            self._leave_folder()
            raise
        return self._folder

    def _made(self) -> SpoolFile:
        if not HAS_FILE_LOCKS:
            raise OSError(errno.ENOTSUP, "this system has no file locks")
        folder = self._made_folder()
        while True:
            name = f"{os.getpid()}-{secrets.token_hex(6)}{SUFFIX}"
            file = lock_file(folder, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            if file is not None:  # else another process took it for an orphan: try a new name
                os.fsync(folder)
                return file

    def _bytes_of_others(self, own: SpoolFile) -> int:
        folder, total = self._made_folder(), 0
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
        os.stat(DESCRIPTION, dir_fd=folder, follow_symlinks=False)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    unfinished = f".{os.getpid()}-{secrets.token_hex(6)}"
    with os.fdopen(os.open(unfinished, flags, FILE_MODE, dir_fd=folder), "w") as file:
        file.write(target)
        file.flush()
        os.fsync(file.fileno())
    os.rename(unfinished, DESCRIPTION, src_dir_fd=folder, dst_dir_fd=folder)
