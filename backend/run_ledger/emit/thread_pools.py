"""Jobs in a thread pool: what is submitted inside a job's block runs inside that block.

Python gives each thread of a pool a context of its own, which knows nothing of the job around the
call that submitted the work. So the methods by which work is submitted are replaced by ones that
carry the current job along with each piece of work. Each piece has the job of its own submitter,
however many jobs are open at the same time; what is submitted outside of any job has none.
`asyncio.to_thread` carries it by itself. A thread that is started by hand is not touched: it may
serve many jobs.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

# Module and class, and the methods whose first argument is the function that a thread calls.
_POOLS = {
    ("concurrent.futures.thread", "ThreadPoolExecutor"): ("submit",),
    ("multiprocessing.pool", "ThreadPool"): (
        *("apply_async", "map", "map_async", "starmap", "starmap_async"),
        *("imap", "imap_unordered"),
    ),
}
_carrying: set[tuple[str, str]] = set()
_lock = threading.Lock()


def carry(current: ContextVar[Any]) -> None:
    """From now on, let thread pools carry the value of *current* to the work that they do.

    To call it again costs little, and reaches the pools that were imported meanwhile.
    """
    if _POOLS.keys() == _carrying or not _lock.acquire(blocking=False):  # another thread does it
        return
    try:
        for pool in _POOLS.keys() - _carrying:
            module, name = pool
            kind = getattr(sys.modules.get(module), name, None)
            if kind is not None:
                _carrying.add(pool)
                for method in _POOLS[pool]:
                    setattr(kind, method, _carrying_method(getattr(kind, method), current))
    finally:
        _lock.release()


def _carrying_method(method: Callable[..., Any], current: ContextVar[Any]) -> Callable[..., Any]:
    """Return *method* of a pool, which takes a function first, so that it carries *current*."""

    @functools.wraps(method)
    def submit(pool: Any, /, *arguments: Any, **named: Any) -> Any:
        value = current.get()
        if value is not None and _shares_objects(pool):
            if arguments:
                arguments = (_carried(arguments[0], current, value), *arguments[1:])
            elif "func" in named:
                named["func"] = _carried(named["func"], current, value)
        return method(pool, *arguments, **named)

    return submit


def _shares_objects(pool: Any) -> bool:
    """Return whether the threads of *pool* take any function, not only what can be pickled."""
    return all(kind.__name__ != "InterpreterPoolExecutor" for kind in type(pool).__mro__)


def _carried(work: Callable[..., Any], current: ContextVar[Any], value: Any) -> Callable[..., Any]:
    """Return *work* so that it sees *value* in *current*, whichever thread calls it."""

    def inside(*arguments: Any, **named: Any) -> Any:
        token = current.set(value)
        try:
            return work(*arguments, **named)
        finally:
            current.reset(token)

    return inside
