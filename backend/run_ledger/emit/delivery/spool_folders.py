"""What lies in the folders of spools: for `run-ledger spool`, and for what nobody will send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from run_ledger.emit.delivery.spool import SUFFIX, Spool, open_folder
from run_ledger.emit.delivery.spool_file import summarize_file
from run_ledger.emit.identity.destinations import Destination, described
from run_ledger.emit.identity.environment import BusTarget


class SpoolFolder(Struct, frozen=True):
    """One target's spool: where its events go, and what is in it."""

    path: Path
    destination: Destination
    files: int
    held: int
    """Files that living processes look after."""
    events: int
    unheld: int
    """Events that no living process looks after."""
    size: int
    """In bytes."""
    oldest_at: float | None
    """When the oldest event was written, in seconds since 1970."""

    @property
    def spool(self) -> Spool:
        """Return the spool, to take events out of it."""
        return Spool(self.path, msgspec.json.encode(self.destination).decode())

    @property
    def target(self) -> BusTarget:
        """Return what to call."""
        return self.destination.target


def spool_folders(root: Path) -> Iterator[SpoolFolder]:
    """Yield the spools below *root*, without those of other users and folders that are none.

    A folder of an unknown destination, which is only passed through, counts where something is in
    it.
    """
    if not root.is_dir():
        return
    for path in sorted(root.iterdir()):
        with suppress(OSError):
            os.close(open_folder(path))
            destination = described(path)
            folder = _folder(path, destination) if destination else None
            if folder and (folder.files or folder.destination.is_known):
                yield folder


def unclaimed_folders(spool: Spool, destination: Destination) -> Iterator[tuple[Path, int]]:
    """Yield folders beside *spool*'s whose events may be for *destination*, and how many there are.

    Nobody knows for sure: an earlier version left them, or a program that had other settings or
    another access key.
    """
    with suppress(OSError):
        for root in {folder.parent: None for folder in spool.searched}:
            for path in sorted(root.iterdir()) if root.is_dir() else ():
                theirs = None if path in spool.searched else described(path)
                if theirs and destination.may_be(theirs) and (left := _folder(path, theirs).unheld):
                    yield path, left


def _folder(path: Path, destination: Destination) -> SpoolFolder:
    files = [
        file
        for name in sorted(path.glob(f"*{SUFFIX}"))
        if (file := summarize_file(path, name.name)) is not None and file.size
    ]
    oldest = [file.oldest_at for file in files if file.oldest_at is not None]
    return SpoolFolder(
        path,
        destination,
        files=len(files),
        held=sum(file.is_held for file in files),
        events=sum(file.events for file in files),
        unheld=sum(file.events for file in files if not file.is_held),
        size=sum(file.size for file in files),
        oldest_at=min(oldest, default=None),
    )
