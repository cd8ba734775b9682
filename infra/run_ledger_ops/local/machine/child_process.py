"""Child processes that are ended together with everything that they started."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from run_ledger_ops.local.machine import tether


class ChildProcess:
    """A program in a session of its own, writing to a log file, tied to our life.

    The log holds this run; that of the run before lies beside it. Without a log, it writes to our
    standard error.
    The session keeps a Ctrl-C in the terminal from reaching it: it is told to stop in its turn.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path | None,
        folder: Path,
        kept_open: tuple[int, ...] = (),
    ) -> None:
        self.log = log
        if log is not None and log.exists():
            log.replace(log.with_suffix(".previous.log"))
        with os.fdopen(os.dup(2), "wb") if log is None else log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - commands of our own making
                [sys.executable, tether.__file__, str(os.getpid()), *command],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
                start_new_session=True,
                pass_fds=kept_open,
            )

    @property
    def exit_code(self) -> int | None:
        """The exit code once it has ended, None while it runs."""
        return self._process.poll()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait for its end and say whether it has come."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_seconds)
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it and its group at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self, patience_seconds: float) -> bool:
        """Ask its group to end, wait for it, end whatever is left; say if it went by itself."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGTERM)
        went = self.wait(patience_seconds)
        self.kill()
        return went

    def last_words(self) -> str:
        """Return the last line that it wrote, for an error message."""
        if self.log is None:
            return "its words stand above"
        lines = self.log.read_text("utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it wrote nothing"
