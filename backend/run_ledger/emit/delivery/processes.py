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


class Forks(Protocol):
    """What begins anew in a forked child."""

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's."""


class Works(Forks, Protocol):
    """What has something to finish before the process ends."""

    def at_exit(self) -> None:
        """Finish it within a few seconds."""


_first_process = os.getpid()
_known: list[weakref.ref[Forks]] = []
_working: dict[Works, None] = {}
_registered_in: list[tuple[int, frozenset[str]]] = []


def is_worker() -> bool:
    """Tell whether this process is a worker that another Python process started or forked."""
    multiprocessing = sys.modules.get("multiprocessing.process")
    is_started = bool(multiprocessing and multiprocessing.parent_process())
    return is_started or os.getpid() != _first_process


def know(one: Forks) -> None:
    """Tell *one* of forks for as long as it is there."""
    _known[:] = [known for known in _known if known() is not None]
    _known.append(weakref.ref(one))


def begun(one: Works) -> None:
    """Keep *one*, and tell it of the end of the process, until it is `done`."""
    _working[one] = None
    _watch_exit()


def done(one: Works) -> None:
    """Let go of *one*, which has nothing to finish any more."""
    _working.pop(one, None)


def _watch_exit() -> None:
    """See to it that the end of this process is heard of.

    In a worker process, what was registered before it forked is gone by the time that it works.
    """
    loaded = frozenset(name for name in _WORKER_MODULES if name in sys.modules)
    here = (os.getpid(), loaded)
    if _registered_in == [here]:
        return
    if not _registered_in or _registered_in[0][0] != here[0]:
        atexit.unregister(_at_exit)
        atexit.register(_at_exit)
    _registered_in[:] = [here]
    for name in loaded:
        finalize: Callable[..., object] = sys.modules[name].Finalize
        finalize(None, _at_exit, exitpriority=-100)  # after the workers' own
    signals = sys.modules.get("celery.signals")
    if signals is not None:  # its workers end by os._exit past all of the above
        signals.worker_process_shutdown.connect(_at_exit, weak=False, dispatch_uid="run-ledger")


def _at_exit(**_: object) -> None:
    for one in list(_working):
        with suppress(Exception):
            one.at_exit()


def _after_fork() -> None:
    working = list(_working)
    _working.clear()
    for one in [*working, *(known() for known in _known)]:
        if one is not None:
            with suppress(Exception):
                one.after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
