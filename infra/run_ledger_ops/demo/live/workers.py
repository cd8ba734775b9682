"""The processes of the demo's pipelines, started and stopped together."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Self

from run_ledger_ops.checkout import PYTHON_PATH
from run_ledger_ops.demo.live.runner import PIPELINES
from run_ledger_ops.local.machine import tether

_PATIENCE_SECONDS = 5.0
_LOOK_SECONDS = 1.0


class Workers:
    """One process for each pipeline; none of them outlives this process."""

    def __init__(self, stack: Path, jobs_per_minute: float, say: Callable[[str], None]) -> None:
        self._stack = stack
        self._seconds_between = 60 * len(PIPELINES) / jobs_per_minute
        self._say = say
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start them."""
        for key in PIPELINES:
            self._processes[key] = subprocess.Popen(  # noqa: S603 a command of our own making
                [
                    *(sys.executable, tether.__file__, str(os.getpid())),
                    *(sys.executable, "-m", "run_ledger_ops.demo.live.worker"),
                    *(str(self._stack), key, str(self._seconds_between)),
                ],
                env=os.environ | {"PYTHONPATH": PYTHON_PATH},
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C reaches this process, which tells them
            )
        return self

    def __exit__(self, *_: object) -> None:
        """Ask them all to stop, and end those that don't."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_SECONDS)
            process.kill()
            process.wait()

    def watch(self, sleep: Callable[[float], None]) -> None:
        """Report each process that ends by itself, which none should; return when all have."""
        while self._processes:
            for key, process in list(self._processes.items()):
                if process.poll() is not None:
                    self._say(f"the pipeline {key} ended by itself (exit {process.returncode})")
                    del self._processes[key]
            sleep(_LOOK_SECONDS)
