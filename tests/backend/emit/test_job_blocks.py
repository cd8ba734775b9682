"""Blocks in coroutines, decorators and generators."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import StuckBus, WillingBus

from run_ledger.emit import RunLedger, current_job

OWNER = {"client_id": "c", "project_id": "p"}


def last(ledger: RunLedger, bus: WillingBus) -> dict[str, Any]:
    """Return the last event, once all are sent."""
    assert ledger.flush(30)
    return bus.details[-1]


def test_asyncio_jobs(ledger: RunLedger, bus: WillingBus) -> None:
    """Tasks have their own current job; entering and leaving needs no turn of the loop."""

    async def work(name: str) -> None:
        async with ledger.job(**OWNER, job_id=name) as job:
            await asyncio.sleep(0)
            assert current_job() is job
            job.add(records_ok=1)

    async def all_of_it() -> bool:
        await asyncio.gather(*(work(f"j{number}") for number in range(20)))
        return await ledger.aflush(30)

    assert asyncio.run(all_of_it())
    assert {job.outcome for job in bus.jobs.values()} == {"succeeded"}
    assert sum(job.counters["records_ok"] for job in bus.jobs.values()) == 20
    assert {job.latest("parent_job_id") for job in bus.jobs.values()} == {None}


def test_a_cancelled_task_is_a_cancelled_job(ledger: RunLedger, bus: WillingBus) -> None:
    """The cancellation of a task ends the job as cancelled and goes on up."""

    async def work() -> None:
        async with ledger.job(**OWNER, job_id="j"):
            await asyncio.Event().wait()

    async def cancelled() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    assert last(ledger, bus)["result"] == "cancelled"


@pytest.mark.parametrize("spool", [None, "off"])
def test_waiting_for_a_stuck_bus_leaves_the_loop_free(make: Make, spool: str | None) -> None:
    """`aflush` gives up in time, while other tasks go on; safe is then what a disk has."""
    bus = StuckBus()
    ledger = make(client=bus, **({"spool": spool} if spool else {}))

    async def wait() -> tuple[bool, int]:
        turns = 0
        async with ledger.job(**OWNER):
            flushing = asyncio.create_task(ledger.aflush(0.2))
            while not flushing.done():
                turns += 1
                await asyncio.sleep(0)
        return await flushing, turns

    is_safe, turns = asyncio.run(wait())
    bus.may_answer.set()
    assert is_safe == (spool is None)
    assert turns > 10


def test_what_has_no_name_can_be_decorated(ledger: RunLedger, bus: WillingBus) -> None:
    """A partial, or an object that can be called, gives the job its type's name."""
    work = ledger.tracked(**OWNER)(functools.partial(divmod, 7))

    assert work(2) == (3, 1)
    assert ledger.flush(30)
    assert bus.details[0]["name"] == "partial"


def test_decorated_functions_are_jobs(ledger: RunLedger, bus: WillingBus) -> None:
    """Functions, coroutines and generators of both kinds; results and errors pass through."""
    tracked = ledger.tracked(**OWNER)

    @tracked
    def add(one: int, other: int) -> int:
        """Add."""
        job = current_job()
        assert job
        job.add(records_ok=one)
        return one + other

    @tracked
    async def wait() -> str:
        assert current_job()
        return "waited"

    @tracked
    def count(to: int) -> Iterator[int]:
        yield from range(to)

    @tracked
    async def stream(to: int) -> AsyncIterator[int]:
        for number in range(to):
            yield number

    @ledger.tracked(**OWNER, name="breaks")
    def breaks() -> None:
        raise KeyError("gone")

    async def streamed() -> list[int]:
        return [number async for number in stream(3)]

    assert add(1, other=2) == 3
    assert add.__doc__ == "Add."
    assert asyncio.run(wait()) == "waited"
    assert list(count(3)) == [0, 1, 2]
    assert asyncio.run(streamed()) == [0, 1, 2]
    with pytest.raises(KeyError):
        breaks()
    next(count(3))  # left in the middle

    assert ledger.flush(30)
    found = sorted(
        (str(job.latest("name")).rpartition(".")[2], job.outcome) for job in bus.jobs.values()
    )
    assert found == [
        ("add", "succeeded"),
        ("breaks", "failed"),
        ("count", "cancelled"),
        ("count", "succeeded"),
        ("stream", "succeeded"),
        ("wait", "succeeded"),
    ]


def test_a_generator_left_from_elsewhere_harms_nobody(ledger: RunLedger) -> None:
    """A block in a generator may be left in another context than it was entered in."""

    def generator() -> Iterator[int]:
        with ledger.job(**OWNER):
            yield 1

    running = generator()
    thread = threading.Thread(target=lambda: next(running))
    thread.start()
    thread.join()
    running.close()

    assert ledger.stats().faults == 0


def test_a_decorated_stream_can_be_spoken_to(ledger: RunLedger, bus: WillingBus) -> None:
    """What is sent or thrown in reaches the function, and closing closes it before the job ends."""
    heard: list[object] = []

    @ledger.tracked(**OWNER, job_id="j")
    async def echo() -> AsyncGenerator[object, object]:
        job = current_job()
        assert job
        try:
            while True:
                try:
                    heard.append((yield heard[-1:]))
                except KeyError as error:
                    heard.append(error.args[0])
        finally:
            await asyncio.sleep(0)
            job.add(records_ok=len(heard))

    async def talk() -> list[object]:
        stream = echo()
        answers = [await anext(stream), await stream.asend("word"), await stream.asend(None)]
        answers.append(await stream.athrow(KeyError("thrown")))
        await stream.aclose()
        return answers

    assert asyncio.run(talk()) == [[], ["word"], [None], ["thrown"]]
    assert last(ledger, bus)["result"] == "cancelled"
    assert bus.jobs["j"].counters == {"records_ok": 3}


def test_a_misspelt_word_shows_where_the_function_is_decorated(ledger: RunLedger) -> None:
    """Not in the middle of the night, in the first call."""
    with pytest.raises(TypeError, match="clinet_id"):
        ledger.tracked(clinet_id="c")


def test_a_decorator_without_words_needs_no_parentheses(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose work it is comes from the environment then."""
    monkeypatch.setenv("RUN_LEDGER_CLIENT_ID", "c")
    monkeypatch.setenv("RUN_LEDGER_PROJECT_ID", "p")
    ledger = make()

    @ledger.tracked
    def add(one: int, other: int) -> int:
        return one + other

    @ledger.tracked()
    def subtract(one: int, other: int) -> int:
        return one - other

    assert (add(1, other=2), subtract(1, 2)) == (3, -1)
    assert ledger.flush(30)
    found = {str(job.latest("name")).rpartition(".")[2] for job in bus.jobs.values()}
    assert found == {"add", "subtract"}


def test_a_decorator_says_that_it_wants_words_by_name(ledger: RunLedger) -> None:
    """Where the function is decorated, not in its first call."""
    with pytest.raises(TypeError, match=r"by name.*acme"):
        ledger.tracked("acme")  # type: ignore[call-overload]
