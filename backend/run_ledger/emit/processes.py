"""What must happen when a process forks or ends."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

# Their children end by os._exit, past atexit; these run what was registered with them instead.
_WORKER_MODULES = ("multiprocessing.util", "billiard.util")


class Ends(Protocol):
    """What is told of the end of its process, and of its beginning in a child."""

    def at_exit(self) -> None:
        """Do what must be done before the process ends."""

    def after_fork(self) -> None:
        """Begin anew in a forked child."""


_first_process = os.getpid()
_known: list[weakref.ref[Ends]] = []
_registered_in: list[tuple[int, frozenset[str]]] = []


def know(one: Ends) -> None:
    """Tell *one* of forks from now on."""
    _known[:] = [known for known in _known if known() is not None]
    _known.append(weakref.ref(one))


def is_worker() -> bool:
    """Tell whether this process is a worker that another Python process started or forked."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    is_started = bool(multiprocessing and multiprocessing.parent_process())
    return is_started or os.getpid() != _first_process


def watch_exit() -> None:
    """See to it that everything known hears of this process's end, once a process.

    Called whenever something is first handed to a sender: in a worker process, what was registered
    before it forked is gone by then.
    """
    loaded = frozenset(name for name in _WORKER_MODULES if name in sys.modules)
    here = (os.getpid(), loaded)
    if _registered_in[-1:] == [here]:
        return
    is_new = not _registered_in or _registered_in[-1][0] != here[0]
    _registered_in[:] = [here]
    if is_new:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    for name in loaded:
        finalize: Callable[..., object] = sys.modules[name].Finalize
        finalize(None, _at_exit, exitpriority=-100)  # after the workers' own, lower ones


def _at_exit() -> None:
    for known in _known:
        one = known()
        if one is not None:
            with suppress(Exception):
                one.at_exit()


def _after_fork() -> None:
    for known in _known:
        one = known()
        if one is not None:
            with suppress(Exception):
                one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
