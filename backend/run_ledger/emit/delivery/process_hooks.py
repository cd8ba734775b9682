"""Hooks for the ends of a process: what to call after a fork, and before it exits."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_SAVE_SECONDS = 1.0
# Their children end by os._exit, past atexit; these run what was registered with them instead.
_WORKER_MODULES = ("multiprocessing.util", "billiard.util")


class ForkAware(Protocol):
    """Something that begins anew in a forked child."""

    def after_fork(self) -> None:
        """Begin anew; the parent goes on with what there was."""


class ExitAware(ForkAware, Protocol):
    """Something that has work to finish before the process ends."""

    def at_exit(self, waited: float) -> None:
        """Finish it within a few seconds, of which *waited* have passed."""

    def save(self) -> object:
        """Put on disk what there is, from any thread."""


_fork_aware: list[weakref.ref[ForkAware]] = []
_exit_aware: dict[ExitAware, None] = {}
_registered_in: list[tuple[int, frozenset[str]]] = []


def watch_fork(one: ForkAware) -> None:
    """Call ``one.after_fork()`` in forked children, for as long as *one* exists."""
    _fork_aware[:] = [known for known in _fork_aware if known() is not None]
    _fork_aware.append(weakref.ref(one))


def watch_exit(one: ExitAware) -> None:
    """Keep *one* and call ``one.at_exit(…)`` before the process ends, until `unwatch_exit`."""
    _exit_aware[one] = None
    _register()


def unwatch_exit(one: ExitAware) -> None:
    """No longer call ``one.at_exit(…)`` at the end."""
    _exit_aware.pop(one, None)


def _register() -> None:
    """Have `_at_exit` called at the end of this process.

    In a worker process, the functions registered before it forked are not called.
    """
    loaded = frozenset(name for name in _WORKER_MODULES if name in sys.modules)
    here = (os.getpid(), loaded)
    if _registered_in == [here]:
        return
    if not _registered_in or _registered_in[0][0] != here[0]:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    _registered_in[:] = [here]
    _catch_termination()
    for name in loaded:
        finalize: Callable[..., object] = sys.modules[name].Finalize
        finalize(None, _at_exit, exitpriority=-100)  # after the workers' own
    signals = sys.modules.get("celery.signals")
    if signals is not None:  # its workers end by os._exit past all of the above
        signals.worker_process_shutdown.connect(_at_exit, weak=False, dispatch_uid="run-ledger")


def _catch_termination() -> None:
    """Have `_save_and_end` called where a pool ends this worker process by SIGTERM.

    Only in processes that `multiprocessing` started, whose pools end them so as a matter of course,
    and only where nobody else handles the signal.
    """
    multiprocessing = sys.modules.get("multiprocessing.process")
    if multiprocessing is None or multiprocessing.parent_process() is None:
        return
    # Only the main thread may do it, which is where a pool's work is done.
    with suppress(ValueError):
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _save_and_end)


def _save_and_end(number: int, _: object) -> None:
    """Save what there is within a second, then let the signal end the process as ever.

    A thread of its own does that: this one may have been interrupted while it held a lock.
    """
    signal.signal(number, signal.SIG_DFL)
    with suppress(RuntimeError):
        saving = threading.Thread(target=_save, name="run-ledger-end", daemon=True)
        saving.start()
        saving.join(_SAVE_SECONDS)
    os.kill(os.getpid(), number)


def _save() -> None:
    for one in list(_exit_aware):
        with suppress(Exception):
            one.save()


def _at_exit(**_: object) -> None:
    started = time.monotonic()
    for one in list(_exit_aware):
        with suppress(Exception):
            one.at_exit(time.monotonic() - started)


def _after_fork() -> None:
    working = list(_exit_aware)
    _exit_aware.clear()
    for one in [*working, *(known() for known in _fork_aware)]:
        if one is not None:
            with suppress(Exception):
                one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
