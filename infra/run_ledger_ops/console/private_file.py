"""Files for secrets, which nobody else can read (mode 600)."""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from run_ledger_ops.console.exceptions import OpsError


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


class PrivateFile:
    """A new file of mode 600, removed again if the work fails; without a path there is none.

    It never overwrites a file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def __enter__(self) -> Self:
        """Create the file before the work starts; raises OpsError where that fails."""
        if self._path is not None:
            try:
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except OSError as error:
                message = f"{self._path} can't be made: {error.strerror or error}."
                raise OpsError(message) from error
        return self

    def write(self, text: str) -> None:
        """Write *text* and a line feed."""
        if self._path is not None:
            self._path.write_text(f"{text}\n", "utf-8")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file where the work failed."""
        if kind is not None and self._path is not None:
            self._path.unlink(missing_ok=True)
