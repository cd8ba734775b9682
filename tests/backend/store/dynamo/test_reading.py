"""Rounds of calls: side by side, in order, and never longer than a request may take."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier, Event
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.reading import Reading


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    """Give a few threads."""
    with ThreadPoolExecutor(4) as executor:
        yield executor


def reading(executor: ThreadPoolExecutor, seconds: float = 60.0) -> Reading:
    """Return a reading that makes its own calls."""
    nobody: Any = None
    return Reading(nobody, NAMES, executor, seconds)


def test_the_calls_of_a_round_run_side_by_side(threads: ThreadPoolExecutor) -> None:
    """Each waits for all the others here, so one after the other they would never end."""
    barrier = Barrier(3, timeout=30)

    def call(number: int) -> int:
        barrier.wait()
        return number

    one = reading(threads)
    assert one.together([partial(call, number) for number in range(3)]) == [0, 1, 2]
    assert (one.rounds, one.calls) == (1, 3)


def test_two_unlike_calls_make_one_round(threads: ThreadPoolExecutor) -> None:
    """Their answers keep their places."""
    one = reading(threads)

    assert one.both(lambda: 1, lambda: "a") == (1, "a")
    assert (one.rounds, one.calls) == (1, 2)


def test_a_round_without_calls_is_none(threads: ThreadPoolExecutor) -> None:
    """It is not counted, either."""
    one = reading(threads)

    assert one.together([]) == []
    assert one.rounds == 0


def test_a_call_that_hangs_makes_the_store_unavailable(threads: ThreadPoolExecutor) -> None:
    """The answer comes in time all the same."""
    released = Event()
    try:
        with pytest.raises(StoreUnavailable):
            reading(threads, seconds=0.01).together([released.wait, lambda: True])
    finally:
        released.set()


@pytest.mark.parametrize(
    ("code", "expected"),
    [("ThrottlingException", StoreUnavailable), ("AccessDeniedException", ClientError)],
)
def test_errors_say_whether_to_come_again(
    threads: ThreadPoolExecutor, code: str, expected: type[Exception]
) -> None:
    """What passes by itself is unavailable; what doesn't stays what it is."""

    def fail() -> None:
        raise ClientError({"Error": {"Code": code}}, "Query")

    with pytest.raises(expected):
        reading(threads).together([fail, lambda: None])
