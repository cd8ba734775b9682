"""Jobs in the threads of a pool are parts of the job that submitted the work, and of no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from multiprocessing.pool import ThreadPool
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.emit import RunLedger, current_job
from run_ledger.emit.thread_pools import _shares_objects

OWNER = {"client_id": "c", "project_id": "p"}
Part = Callable[[str], str]


def parents(ledger: RunLedger, bus: WillingBus) -> dict[str, str | None]:
    """Return the parent of each job, by job."""
    assert ledger.flush(30)
    return {name: job.latest("parent_job_id") for name, job in bus.jobs.items()}


@pytest.fixture
def part(ledger: RunLedger) -> Part:
    """Give a function that is a job of the name that it is called with."""

    def one(name: str) -> str:
        with ledger.job(**OWNER, job_id=name):
            return name

    return one


def _submitted(part: Part, names: list[str]) -> list[str]:
    with ThreadPoolExecutor(3) as pool:
        return [one.result() for one in [pool.submit(part, name) for name in names]]


def _mapped(part: Part, names: list[str]) -> list[str]:
    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(part, names))


def _in_pool(work: Callable[[Any], Any]) -> Any:
    with ThreadPool(3) as pool:
        return work(pool)


async def _in_executor(part: Part, names: list[str]) -> list[str]:
    loop = asyncio.get_running_loop()
    return await asyncio.gather(*(loop.run_in_executor(None, part, name) for name in names))


async def _to_threads(part: Part, names: list[str]) -> list[str]:
    return await asyncio.gather(*(asyncio.to_thread(part, name) for name in names))


WAYS: dict[str, Callable[[Part, list[str]], Any]] = {
    "submit": _submitted,
    "map": _mapped,
    "run_in_executor": lambda part, names: asyncio.run(_in_executor(part, names)),
    "to_thread": lambda part, names: asyncio.run(_to_threads(part, names)),
    "ThreadPool.map": lambda part, names: _in_pool(lambda pool: pool.map(part, names)),
    "ThreadPool.imap": lambda part, names: _in_pool(lambda pool: list(pool.imap(part, names))),
    "ThreadPool.starmap": lambda part, names: _in_pool(
        lambda pool: pool.starmap(part, [(name,) for name in names])
    ),
    "ThreadPool.apply": lambda part, names: _in_pool(
        lambda pool: [pool.apply(func=part, args=(name,)) for name in names]
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_work_submitted_inside_a_block_is_part_of_its_job(
    ledger: RunLedger, bus: WillingBus, part: Part, way: str
) -> None:
    """However it is submitted; and what it returns comes back as ever."""
    names = [f"part-{number}" for number in range(6)]
    with ledger.job(**OWNER, job_id="around"):
        assert WAYS[way](part, names) == names

    assert parents(ledger, bus) == {"around": None, **dict.fromkeys(names, "around")}


def test_each_piece_has_the_job_of_its_own_submitter(
    ledger: RunLedger, bus: WillingBus, part: Part
) -> None:
    """Two jobs are open at once and share a pool; a third submitter has no job at all."""
    everybody = threading.Barrier(3)

    def submitter(pool: Executor, name: str) -> None:
        if name == "none":
            everybody.wait(30)
            pool.submit(part, "part-of-none").result()
            return
        with ledger.job(**OWNER, job_id=name):
            everybody.wait(30)
            pool.submit(part, f"part-of-{name}").result()

    with ThreadPoolExecutor(2) as pool:
        threads = [
            threading.Thread(target=submitter, args=(pool, name)) for name in ("a", "b", "none")
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    found = parents(ledger, bus)
    assert (found["part-of-a"], found["part-of-b"], found["part-of-none"]) == ("a", "b", None)


def test_a_pools_thread_forgets_the_job_after_each_piece(
    ledger: RunLedger, bus: WillingBus, part: Part
) -> None:
    """The same thread then works for somebody else, or for nobody."""
    with ThreadPoolExecutor(1) as pool:
        with ledger.job(**OWNER, job_id="around"):
            pool.submit(part, "in").result()
        pool.submit(part, "after").result()
        assert pool.submit(current_job).result() is None

    assert parents(ledger, bus) == {"around": None, "in": "around", "after": None}


def test_jobs_of_workers_without_an_enclosing_job_are_nobodys_parts(
    ledger: RunLedger, bus: WillingBus
) -> None:
    """A pool whose pieces each are a job, at the same time, makes no family of them."""
    together = threading.Barrier(3)

    def work(name: str) -> None:
        with ledger.job(**OWNER, job_id=name):
            together.wait(30)

    with ledger.job(**OWNER, job_id="before"):  # pools carry jobs from now on
        pass
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(work, ["a", "b", "c"]))

    assert parents(ledger, bus) == dict.fromkeys(["before", "a", "b", "c"])


def test_the_innermost_job_is_the_parent(ledger: RunLedger, bus: WillingBus, part: Part) -> None:
    """Of nested blocks the one that submits counts, and a part may submit parts of its own."""

    def deeper() -> str:
        with ledger.job(**OWNER, job_id="middle"), ThreadPoolExecutor(1) as pool:
            return pool.submit(part, "inmost").result()

    with ledger.job(**OWNER, job_id="outer"), ThreadPoolExecutor(1) as pool:
        pool.submit(deeper).result()

    assert parents(ledger, bus) == {"outer": None, "middle": "outer", "inmost": "middle"}


def test_an_exception_and_arguments_pass_through(ledger: RunLedger) -> None:
    """The pool's users see what they saw before."""

    def fails(*arguments: int, **named: int) -> None:
        raise ValueError(arguments, named)

    with ledger.job(**OWNER), ThreadPoolExecutor(1) as pool:
        future = pool.submit(fails, 1, two=2)
        with pytest.raises(ValueError, match=r"\(\(1,\), {'two': 2}\)"):
            future.result()
        with pytest.raises(TypeError):
            pool.submit()  # type: ignore[call-arg]


def test_without_a_bus_a_pool_is_left_alone(bus: WillingBus) -> None:
    """The work runs as if there were no ledger."""
    with RunLedger(client=bus).job(**OWNER), ThreadPoolExecutor(1) as pool:
        assert pool.submit(len, "abc").result() == 3


def test_functions_for_other_interpreters_stay_as_they_are() -> None:
    """Python 3.14 pickles what such a pool is given."""

    class InterpreterPoolExecutor(ThreadPoolExecutor):
        """Named as Python's own."""

    pool = InterpreterPoolExecutor(1)
    assert not _shares_objects(pool)
    pool.shutdown()


def test_pools_are_prepared_once(make: Make) -> None:
    """However many blocks are entered, a call goes through one layer."""
    ledger = make()
    for _ in range(3):
        with ledger.job(**OWNER):
            original = getattr(ThreadPoolExecutor.submit, "__wrapped__", None)
            assert original is not None
            assert not hasattr(original, "__wrapped__")
