"""The state folder: everything that a local stack keeps from one start to the next.

It is private (mode 700; files with secrets 600), has one owner at a time (a lock that the system
releases with the process, however it ends), and is checked before it is used, because the local AWS
passes over files that it can't read and would later save an empty state over them.
"""

import fcntl
import json
import os
import shutil
import time
from pathlib import Path
from typing import IO, Annotated, Any, Literal

from msgspec import Meta, Struct, convert

from run_ledger_ops.console.exceptions import OpsError
from run_ledger_ops.console.private_file import write_private

FORMAT: Literal[1] = 1
_SAVING_SECONDS = 180.0


class _Settings(Struct):
    """What `save_settings` can have written."""

    format: Literal[1]
    ports: dict[str, Annotated[int, Meta(ge=1, lt=65_536)]] = {}
    passwords: dict[str, str] = {}
    report_key: str = ""
    outbox_key: str = ""
    deployed: str = ""


class StateFolder:
    """The folder of one local stack, opened and locked by `open`, let go by `close`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.stack_file = self.root / "stack.json"
        self.cloud_data = self.root / "aws"
        self.cloud_objects = self.root / "s3"
        self.temporary = self.root / "tmp"
        self.logs = self.root / "logs"
        self.outbox = self.root / "outbox"
        self.journal = self.root / "journal.jsonl"
        self._folders = (self.cloud_data, self.cloud_objects, self.temporary, self.logs)
        self._settings_file = self.root / "settings.json"
        self._lock_file = self.root / "lock"
        self._lock: IO[str] | None = None
        self.settings: dict[str, Any] = {}

    def open(self) -> None:
        """Make the folder if need be, take its lock, and check what is in it.

        Raises OpsError if it can't be used: no permission, another owner, damaged contents.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._refuse_a_strangers()
            self._take_lock()
            for folder in self._folders:
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            self.close()
            reason = error.strerror or str(error)
            message = f"The state folder {self.root} can't be used: {reason}."
            raise OpsError(message) from error
        try:
            self.settings = self._read_settings()
            self._check_cloud_data()
        except BaseException:
            self.close()
            raise

    def save_settings(self) -> None:
        """Keep the settings: ports, passwords, what is deployed."""
        write_private(
            self._settings_file, json.dumps(self.settings | {"format": FORMAT}, indent=2) + "\n"
        )

    def forget_stack_file(self) -> None:
        """Delete `stack.json`, which means that a stack is ready, if the folder is ours."""
        if self._lock is not None:
            self.stack_file.unlink(missing_ok=True)

    def close(self) -> None:
        """Let the folder go, for the next start."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def lock_descriptor(self) -> int:
        """The lock, for a child that must finish with the folder before anybody else may have it.

        The system holds a lock until the last process that has it open lets go.
        """
        if self._lock is None:
            raise ValueError("the folder is not open")
        return self._lock.fileno()

    def _refuse_a_strangers(self) -> None:
        """Raise OpsError for a folder whose contents are somebody else's: we would clear it.

        Every local stack leaves a lock behind.
        """
        taken = [folder.name for folder in self._folders if folder.exists()]
        if taken and not self._lock_file.exists():
            raise OpsError(
                f"The folder {self.root} is no state folder, yet it holds {taken[0]}: "
                "name an empty or new folder with --state."
            )

    def _take_lock(self) -> None:
        lock = self._lock_file.open("a+", encoding="utf-8")
        deadline = time.monotonic() + _SAVING_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                lock.seek(0)
                owner = lock.read().strip()
                if _is_running(owner) or time.monotonic() > deadline:
                    lock.close()
                    raise self._owned_by(owner) from None
                time.sleep(0.1)  # its owner was killed, and its local AWS is still saving
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _owned_by(self, owner: str) -> OpsError:
        process = f" (process {owner})" if owner else ""
        return OpsError(
            f"A local stack is already running on the state folder {self.root}{process}: "
            "stop it, or name another folder with --state."
        )

    def _read_settings(self) -> dict[str, Any]:
        try:
            settings: dict[str, Any] = json.loads(self._settings_file.read_text("utf-8"))
            convert(settings, _Settings)
        except FileNotFoundError:
            return {}
        except (ValueError, OSError) as error:
            raise self._damaged(self._settings_file, error) from error
        return settings

    def _check_cloud_data(self) -> None:
        for path in sorted(self.cloud_data.glob("*.json")):
            try:
                with path.open("rb") as file:
                    json.load(file)
            except (ValueError, OSError) as error:
                raise self._damaged(path, error) from error

    def _damaged(self, path: Path, reason: object) -> OpsError:
        return OpsError(
            f"The state folder {self.root} is damaged: {path.relative_to(self.root)} can't be read "
            f"({reason}); move the folder away to start afresh."
        )


def _is_running(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def clear_folder(folder: Path) -> None:
    """Empty a folder of leftovers, as far as that is possible."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
