"""The decorator: each call of a function is a job."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, suppress
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from run_ledger.emit.jobs import Job

P = ParamSpec("P")
R = TypeVar("R")


class Tracked:
    """A decorator that makes a job of each call of a function."""

    def __init__(self, make_job: Callable[..., Job], options: Mapping[str, Any]) -> None:
        """Make the jobs by ``make_job(**options)``."""
        self._make_job = make_job
        self._options = options

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Return *function* with a job around each call."""
        # An object that can be called has no name of its own, nor has a partial.
        name = getattr(function, "__qualname__", type(function).__qualname__)
        options = {"name": name, **self._options}
        job = self._make_job
        work = cast("Callable[..., Any]", function)
        tracked: Callable[..., Any]
        if inspect.isasyncgenfunction(function):
            tracked = _stream(job, options, work)

        elif inspect.iscoroutinefunction(function):

            async def awaited(*args: Any, **named: Any) -> Any:
                async with job(**options):
                    return await work(*args, **named)

            tracked = awaited

        elif inspect.isgeneratorfunction(function):

            def given(*args: Any, **named: Any) -> Generator[Any, Any, Any]:
                with job(**options):
                    return (yield from work(*args, **named))

            tracked = given

        else:

            def called(*args: Any, **named: Any) -> Any:
                with job(**options):
                    return work(*args, **named)

            tracked = called

        return cast("Callable[P, R]", wraps(function)(tracked))


def _stream(
    job: Callable[..., Job], options: Mapping[str, Any], work: Callable[..., Any]
) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return *work*, an async generator function, with a job around each generator.

    What the caller sends or throws reaches *work*.
    """

    async def each(*args: Any, **named: Any) -> AsyncGenerator[Any, Any]:
        async with job(**options), aclosing(work(*args, **named)) as inner:
            with suppress(StopAsyncIteration):
                one = await inner.asend(None)
                while True:
                    try:
                        sent = yield one
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - it is the function's to judge
                        one = await inner.athrow(error)
                    else:
                        one = await inner.asend(sent)

    return each
