"""Unpacks the code of functions once: each worker's folder links to what it has in common.

The local AWS unpacks a function's code for each worker of it, which takes half a second in its own
process. Nobody notices the difference: on AWS, too, a function can't write to its code.
"""

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import IO, Any


class SharedCode:
    """Knows where which code is unpacked; `ZipFile` stands in for that of the standard library."""

    BadZipFile = zipfile.BadZipFile

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._root: Path | None = None

    def ZipFile(self, file: str | IO[bytes], *how: Any) -> zipfile.ZipFile:  # noqa: N802 - its name
        """Open an archive, whose `extractall` links to its members, unpacked once for all."""
        return _LinkedArchive(self, file, *how)

    def unpacked(self, archive: zipfile.ZipFile, digest: str) -> Path:
        """Return the folder with an archive's members, which is made at the first call."""
        with self._lock:
            if self._root is None:
                self._root = Path(tempfile.mkdtemp(prefix="functions-"))
            folder = self._root / digest / "code"
            if not folder.exists():
                beginning = folder.with_name("beginning")
                zipfile.ZipFile.extractall(archive, beginning)
                beginning.rename(folder)
            return folder


class _LinkedArchive(zipfile.ZipFile):
    def __init__(self, code: SharedCode, file: str | IO[bytes], *how: Any) -> None:
        super().__init__(file, *how)
        self._code = code

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Link to all members from the folder *path*."""
        if path is None or members is not None or pwd is not None or not self.filename:
            super().extractall(path, members, pwd)
            return
        digest = hashlib.sha256(Path(self.filename).read_bytes()).hexdigest()[:20]
        for member in self._code.unpacked(self, digest).iterdir():
            (Path(path) / member.name).symlink_to(member)
