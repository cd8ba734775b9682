"""Sums: any thread, any moment, only what the contract allows, and nothing lost or taken twice."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.checks import MAX_NAMES, Sums


class Number:
    """An integer of a library's own, as numpy has them."""

    def __index__(self) -> int:
        """Return the integer."""
        return 7


@pytest.fixture
def complaints() -> list[InvalidEvent]:
    """Give a list for what is wrong."""
    return []


@pytest.fixture
def sums(complaints: list[InvalidEvent]) -> Sums:
    """Give sums that tell `complaints` what is wrong."""
    return Sums(complaints.append)


@given(st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9)))))
def test_what_is_taken_adds_up_to_what_was_added(steps: list[dict[str, int] | None]) -> None:
    """Taking at any point (None) gives each change once."""
    sums, added, taken = Sums(pytest.fail), Counter[str](), Counter[str]()
    for step in [*steps, None]:
        if step is None:
            taken.update(sums.take())
        else:
            sums.add(step)
            added.update(step)

    assert {name: taken[name] for name in "abc"} == {name: added[name] for name in "abc"}
    assert sums.take() == {}


@pytest.mark.parametrize(
    ("delta", "field"),
    [
        ({"records_ok": 1.0}, "delta.records_ok"),
        ({"records_ok": "1"}, "delta.records_ok"),
        ({"records_ok": None}, "delta.records_ok"),
        ({"records_ok": MAX_COUNT + 1}, "delta.records_ok"),
        ({"records_ok": -MAX_COUNT - 1}, "delta.records_ok"),
        ({"Records": 1}, "delta.'Records'"),
        ({"a" * 41: 1}, f"delta.'{'a' * 41}'"),
        ({"": 1}, "delta.''"),
        ({"ok\n": 1}, "delta.'ok\\n'"),
        ({3: 1}, "delta.3"),
    ],
)
def test_what_the_contract_forbids_is_told_and_left_out(
    sums: Sums, complaints: list[InvalidEvent], delta: dict[Any, Any], field: str
) -> None:
    """The rest of the same call counts; a second try is refused like the first."""
    sums.add({**delta, "fine": 1})
    sums.add(delta)

    assert sums.take() == {"fine": 1}
    assert [one.field for one in complaints] == [field, field]


@pytest.mark.parametrize(("value", "number"), [(True, 1), (Number(), 7), (-MAX_COUNT, -MAX_COUNT)])
def test_whatever_is_an_integer_counts(
    sums: Sums, complaints: list[InvalidEvent], value: Any, number: int
) -> None:
    """Truth values, other libraries' integers and the extremes are fine."""
    sums.add({"a": value})

    assert sums.take() == {"a": number}
    assert complaints == []


def test_a_sum_beyond_the_bounds_comes_in_parts(sums: Sums) -> None:
    """An event's change stays within ±2^53; the rest comes with the next."""
    sums.add({"a": MAX_COUNT})
    sums.add({"a": MAX_COUNT})
    sums.add({"a": 5})

    assert [sums.take(), sums.take(), sums.take(), sums.take()] == [
        {"a": MAX_COUNT},
        {"a": MAX_COUNT},
        {"a": 5},
        {},
    ]


def test_names_are_bounded(sums: Sums, complaints: list[InvalidEvent]) -> None:
    """A pipeline that makes names of its data can't fill the memory."""
    for number in range(MAX_NAMES + 10):
        sums.add({f"n{number}": 1})

    assert len(sums.take()) == MAX_NAMES
    assert len(complaints) == 10


def test_threads_lose_nothing(sums: Sums) -> None:
    """Many threads add while another one takes; there are few cells however often they add."""
    taken, is_over = Counter[str](), threading.Event()

    def take() -> None:
        while not is_over.is_set():
            taken.update(sums.take())

    def add() -> None:
        for _ in range(5_000):
            sums.add({"a": 1, "b": -2})

    taker = threading.Thread(target=take)
    adders = [threading.Thread(target=add) for _ in range(8)]
    for thread in [taker, *adders]:
        thread.start()
    for thread in adders:
        thread.join()
    is_over.set()
    taker.join()
    taken.update(sums.take())

    assert taken == {"a": 40_000, "b": -80_000}
    assert len(sums._cells) <= 8


class Meddling(dict[str, int]):
    """Deltas whose reading adds something else, as a signal handler may at any moment."""

    def __init__(self, sums: Sums, deltas: dict[str, int]) -> None:
        """Add to *sums* while they are read."""
        super().__init__(deltas)
        self._sums = sums

    def items(self) -> Iterator[tuple[str, int]]:  # type: ignore[override]
        """Give the deltas one by one, adding in between."""
        for item in super().items():
            self._sums.add({"meddled": 1, "a": 10})
            yield item


def test_adding_in_the_midst_of_adding_loses_nothing(sums: Sums) -> None:
    """A signal handler or finaliser that adds finds a place of its own."""
    for _ in range(3):
        sums.add(Meddling(sums, {"a": 1, "b": 1}))

    assert sums.take() == {"a": 3 + 60, "b": 3, "meddled": 6}


def test_a_signal_handler_may_add(sums: Sums) -> None:
    """Handlers run between any two steps of the interpreter; a timer makes many of them."""
    caught = 0

    def handler(*_: object) -> None:
        nonlocal caught
        caught += 1
        sums.add({"a": 1})

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    added = 0
    try:
        while caught < 50:
            sums.add({"a": 1})
            added += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert sums.take() == {"a": added + caught}


def test_forgotten_sums_do_not_come_again(sums: Sums) -> None:
    """What a parent added before a fork is not the child's to tell; what comes after is."""
    sums.add({"a": 5})
    sums.take()
    sums.add({"a": 3, "b": 1})
    sums.forget()
    sums.add({"b": 1})

    assert sums.take() == {"b": 1}
