"""Run one command with the same output, signals and terminal that it would have without us.

Only its standard error goes through a pipe, or through a terminal of its own where ours is a
terminal, so that programs still show colours and progress; every byte is passed on as it comes. The
command stays in our process group, so the terminal's own signals (Ctrl-C) reach it without us.
Signals that another process sends to us alone are passed on. To tell the two apart, signals are
blocked here and waited for, which shows who sent them.
"""

from __future__ import annotations

import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

_PASSED_ON = {
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
}
_WAITED_FOR = _PASSED_ON | {signal.SIGCHLD, signal.SIGWINCH}
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
_BY_A_PROCESS = 0  # si_code: 0 or less where a process sent it, more where the kernel did
_STDERR = 2
_LAST_WORDS_BYTES = 65_536  # a chain of exceptions with all its frames
_CHUNK = 65_536
_STRAGGLERS_SECONDS = 1.0  # for what the command left running with its standard error
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


class ProcessEnd(NamedTuple):
    """How a command ended."""

    code: int
    signal: int | None
    """The signal that ended it."""
    passed_on: signal.Signals | None
    """The last signal that reached it through us or from the terminal."""
    timed_out: bool
    last_words: bytes
    """The end of what it wrote to standard error."""


class CouldNotStart(Exception):
    """The command can't be started; `code` is the exit code that shells return then."""

    def __init__(self, command: str, error: OSError) -> None:
        """Name the *command* and what the system says."""
        self.code = _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
        super().__init__(f"{command}: {error.strerror}")


def run_command(  # noqa: PLR0913 - by name, all but the command
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    without: Sequence[str] = (),
    when_started: Callable[[], object] = lambda: None,
    timeout: float | None = None,
    kill_after: float = 10.0,
) -> ProcessEnd:
    """Run *command*, wait for its end and return how it ended.

    After *timeout* seconds it gets SIGTERM, and SIGKILL *kill_after* seconds later. Raises
    CouldNotStart. Where there is no pipe or thread left for it, the command writes to our standard
    error itself, and its last words are not known.
    """
    passed = {name: text for name, text in environment.items() if name not in without}
    if not hasattr(signal, "sigtimedwait"):
        return _run_plainly(command, passed, when_started, timeout, kill_after)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)
    try:
        echo = StderrEcho.started()
        try:
            pid = _spawn(command, passed, mask, echo)
        except OSError as error:
            raise CouldNotStart(command[0], error) from error
        finally:
            if echo:
                os.close(echo.writing)
        when_started()
        ended = _Watch(pid, echo.reading if echo else None, timeout, kill_after).wait()
        return ended._replace(last_words=echo.last_words() if echo else b"")
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _run_plainly(
    command: Sequence[str],
    environment: Mapping[str, str],
    when_started: Callable[[], object],
    timeout: float | None,
    kill_after: float,
) -> ProcessEnd:
    """Run *command* on a system that can't wait for signals, such as macOS.

    Its standard error is ours, and only the terminal's own signals reach it.
    """
    try:
        process = subprocess.Popen(command, env=dict(environment))  # noqa: S603 - the user's own
    except OSError as error:
        raise CouldNotStart(command[0], error) from error
    when_started()
    is_over_time, stopped_by = False, None
    while True:
        try:
            code = process.wait(timeout)
            break
        except KeyboardInterrupt:
            stopped_by = signal.SIGINT
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL if is_over_time else signal.SIGTERM)
            timeout = None if is_over_time else kill_after
            is_over_time = True
    return ProcessEnd(
        max(code, 0), -code if code < 0 else None, stopped_by, is_over_time, last_words=b""
    )


def _detour() -> tuple[int, int]:
    """Return the reading and the writing end for the command's standard error."""
    if not os.isatty(_STDERR):
        return os.pipe()
    reading, writing = pty.openpty()
    settings = termios.tcgetattr(writing)
    settings[1] &= ~termios.OPOST  # the real terminal turns line feeds into its own
    termios.tcsetattr(writing, termios.TCSANOW, settings)
    _copy_size(reading)
    return reading, writing


def _copy_size(terminal: int) -> None:
    """Make the command's terminal as wide and high as ours."""
    with suppress(OSError):
        size = fcntl.ioctl(_STDERR, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


def _spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    mask: set[int | signal.Signals],
    echo: StderrEcho | None,
) -> int:
    actions: list[tuple[int, ...]] = []
    if echo:
        actions += [
            (os.POSIX_SPAWN_DUP2, echo.writing, _STDERR),
            (os.POSIX_SPAWN_CLOSE, echo.reading),
        ]
    if echo and echo.writing != _STDERR:
        actions.append((os.POSIX_SPAWN_CLOSE, echo.writing))
    return os.posix_spawnp(
        command[0],
        list(command),
        dict(environment),
        file_actions=actions,
        setsigmask=mask,
        setsigdef=_IGNORED_BY_PYTHON,
    )


class StderrEcho:
    """Passes on what the command writes to standard error, and keeps the end of it."""

    def __init__(self, reading: int, writing: int) -> None:
        """Read *reading* to its end, in a thread of its own; the command gets *writing*."""
        self.reading = reading
        self.writing = writing
        self._tail = b""
        self._thread = threading.Thread(target=self._pass_on, name="stderr", daemon=True)
        self._thread.start()

    @classmethod
    def started(cls) -> Self | None:
        """Return one that runs; None where the system has no pipe, terminal or thread left."""
        try:
            ends = _detour()
        except (OSError, termios.error):
            return None
        try:
            return cls(*ends)
        except RuntimeError:
            for end in ends:
                os.close(end)
            return None

    def last_words(self) -> bytes:
        """Return the last bytes written; processes that still write get a second to finish."""
        self._thread.join(_STRAGGLERS_SECONDS)
        return self._tail

    def _pass_on(self) -> None:
        is_read = True
        # A terminal whose other side is closed gives an error rather than an end.
        with suppress(OSError):
            while chunk := os.read(self.reading, _CHUNK):
                self._tail = (self._tail + chunk)[-_LAST_WORDS_BYTES:]
                is_read = is_read and _written(chunk)


def _written(chunk: bytes) -> bool:
    """Write *chunk* to standard error; False once nobody reads that."""
    try:
        while chunk:
            chunk = chunk[os.write(_STDERR, chunk) :]
    except OSError:
        return False
    return True


class _Watch:
    """Waits for the end of a process, passes signals on to it, and ends it when time is up."""

    def __init__(
        self, pid: int, terminal: int | None, timeout: float | None, kill_after: float
    ) -> None:
        self._pid = pid
        self._terminal = terminal
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._kill_after = kill_after
        self._passed_on: signal.Signals | None = None
        self._timed_out = False

    def wait(self) -> ProcessEnd:
        """Wait for the process and return how it ended."""
        while (status := self._ended()) is None:
            self._handle(self._next_signal())
        by_signal = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        code = os.WEXITSTATUS(status) if by_signal is None else 0
        return ProcessEnd(code, by_signal, self._passed_on, self._timed_out, b"")

    def _ended(self) -> int | None:
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        return status if pid else None

    def _next_signal(self) -> signal.struct_siginfo | None:
        """Wait for a signal; None when time is up first."""
        if self._deadline is None:
            return signal.sigwaitinfo(_WAITED_FOR)
        return signal.sigtimedwait(_WAITED_FOR, max(0.0, self._deadline - time.monotonic()))

    def _handle(self, received: signal.struct_siginfo | None) -> None:
        if received is None:
            self._send(signal.SIGKILL if self._timed_out else signal.SIGTERM)
            again = None if self._timed_out else time.monotonic() + self._kill_after
            self._timed_out, self._deadline = True, again
        elif received.si_signo == signal.SIGWINCH:
            if self._terminal is not None:
                _copy_size(self._terminal)
        elif received.si_signo in _PASSED_ON:
            self._passed_on = signal.Signals(received.si_signo)
            if received.si_code <= _BY_A_PROCESS:
                self._send(self._passed_on)

    def _send(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._pid, number)
