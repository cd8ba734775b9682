"""Starts the workers of functions by forking a prepared process, where the system can do that.

Otherwise, or should it go wrong, a worker is started as the local AWS always does.
"""

import contextlib
import json
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from run_ledger_ops.local.aws import prepared_process

HANDLER = "_HANDLER"
_SECONDS = 30.0
_LONGEST_ANSWER = 1_024
_LOG = logging.getLogger("run_ledger.local_aws")


def are_possible() -> bool:
    """Return whether this system has what forked workers need."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


def with_handler(
    credentials: Callable[[dict[str, Any]], dict[str, str]],
) -> Callable[[dict[str, Any]], dict[str, str]]:
    """Return what gives a function's variables: its handler's name, too, as on AWS."""

    def variables(config: dict[str, Any]) -> dict[str, str]:
        return {**credentials(config), HANDLER: config.get("Handler", "")}

    return variables


class ForkedWorker:
    """A worker as the local AWS knows it: its part of `subprocess.Popen`."""

    def __init__(self, pid: int, handle: int, streams: Sequence[int]) -> None:
        stdin, stdout, stderr = streams
        self.pid = pid
        self.stdin = os.fdopen(stdin, "w", buffering=1, encoding="utf-8")
        self.stdout = os.fdopen(stdout, encoding="utf-8")
        self.stderr = os.fdopen(stderr, encoding="utf-8")
        self._handle = os.fdopen(handle, "rb", buffering=0)

    def poll(self) -> int | None:
        """Return None while it runs; a number afterwards, which says nothing of its end."""
        return 0 if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired` where that takes longer."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return 0

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._signal(signal.SIGKILL)

    def _has_ended(self, seconds: float | None) -> bool:
        watch = select.poll()
        watch.register(self._handle, select.POLLIN)
        return bool(watch.poll(None if seconds is None else seconds * 1_000))

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._handle.fileno(), number)


class ForkedWorkers:
    """Stands in for the module `subprocess` where the local AWS starts workers."""

    PIPE, DEVNULL, STDOUT = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT
    TimeoutExpired = subprocess.TimeoutExpired

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._prepared: _Prepared | None = None

    def Popen(  # noqa: N802 - its name
        self, command: Sequence[str], *, cwd: str, env: Mapping[str, str], **how: Any
    ) -> Any:
        """Start a worker: by a fork, where it is one of Python."""
        program, *arguments = command
        if program == sys.executable and env.get(HANDLER) and len(arguments) == 1:
            try:
                return self._fork(arguments[0], cwd, env)
            except (OSError, EOFError) as error:
                _LOG.warning("No worker could be forked, so a new process is started: %r", error)
        return subprocess.Popen(command, cwd=cwd, env=env, **how)  # noqa: S603 - as it was

    def _fork(self, script: str, folder: str, environment: Mapping[str, str]) -> ForkedWorker:
        module = environment[HANDLER].rpartition(".")[0].replace("/", ".")
        request = json.dumps(
            {
                "module": module,
                "script": script,
                "folder": folder,
                "environment": dict(environment),
            }
        ).encode()
        code = _code_in(Path(folder))
        with self._lock:
            if self._prepared is None or self._prepared.code != code or self._prepared.has_ended:
                self._end()
                self._prepared = _Prepared(code)
            try:
                return self._prepared.fork(request)
            except BaseException:
                self._end()
                raise

    def _end(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.end()


class _Prepared:
    """A prepared process, and the socket to it."""

    def __init__(self, code: Path) -> None:
        self.code = code
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - a command of our own making
                [
                    *(sys.executable, prepared_process.__file__),
                    *(str(code), str(theirs.fileno())),
                    " " * prepared_process.ROOM_FOR_NAMES,
                ],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=code,
            )
        ours.settimeout(_SECONDS)
        self._requests = ours

    @property
    def has_ended(self) -> bool:
        """Whether somebody has ended it."""
        return self._process.poll() is not None

    def fork(self, request: bytes) -> ForkedWorker:
        """Make a worker. Raises OSError or EOFError where that can't be done."""
        (stdin, to_stdin), (from_stdout, stdout), (from_stderr, stderr) = _pipes(3)
        ours = (to_stdin, from_stdout, from_stderr)
        try:
            pid, handle = self._ask(request, (stdin, stdout, stderr))
        except BaseException:
            _close(ours)
            raise
        return ForkedWorker(pid, handle, ours)

    def _ask(self, request: bytes, streams: Sequence[int]) -> tuple[int, int]:
        """Return a new worker's id and the handle of its end; closes its ends of the pipes."""
        try:
            socket.send_fds(self._requests, [request], streams)
        finally:
            _close(streams)
        message, handles, _, _ = socket.recv_fds(
            self._requests, _LONGEST_ANSWER, 1, socket.MSG_CMSG_CLOEXEC
        )
        if not handles:
            problem = f"the prepared process answered {message!r}"
            raise EOFError(problem)
        return json.loads(message)["pid"], handles[0]

    def end(self) -> None:
        """End it; its workers stay."""
        self._requests.close()
        self._process.kill()
        self._process.wait()


def _pipes(number: int) -> list[tuple[int, int]]:
    return [os.pipe() for _ in range(number)]


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def _code_in(folder: Path) -> Path:
    """Return where the members of a worker's folder are unpacked: its links lead there."""
    first = next(folder.iterdir(), folder / "nothing")
    return first.resolve().parent
