"""Counters: any thread, any moment, what the contract allows, nothing lost or taken twice."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.emit.counting.accumulator import MAX_COUNTERS, Counters

NO_WHOLE_NUMBERS = (
    *(1.5, float("nan"), float("inf"), 2.0**60, 3j),
    *(Decimal("0.5"), Decimal("NaN"), Decimal("sNaN"), Decimal("1e999999"), Fraction(1, 3)),
)


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
def counters(complaints: list[InvalidEvent]) -> Counters:
    """Give counters that tell `complaints` what is wrong."""
    return Counters(complaints.append)


@given(st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from("abc"), st.integers(-9, 9)))))
def test_what_is_taken_adds_up_to_what_was_added(steps: list[dict[str, int] | None]) -> None:
    """Taking at any point (None) gives each change once."""
    counters, added, taken = Counters(pytest.fail), Counter[str](), Counter[str]()
    for step in [*steps, None]:
        if step is None:
            taken.update(counters.take_deltas())
        else:
            counters.add(step)
            added.update(step)

    assert {name: taken[name] for name in "abc"} == {name: added[name] for name in "abc"}
    assert counters.take_deltas() == {}


@pytest.mark.parametrize(
    ("delta", "field"),
    [
        *(({"records_ok": odd}, "delta.records_ok") for odd in NO_WHOLE_NUMBERS),
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
    counters: Counters, complaints: list[InvalidEvent], delta: dict[Any, Any], field: str
) -> None:
    """The rest of the same call counts; a second try is refused like the first."""
    counters.add({**delta, "fine": 1})
    counters.add(delta)

    assert counters.take_deltas() == {"fine": 1}
    assert [one.field for one in complaints] == [field, field]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        *((True, 1), (Number(), 7), (-MAX_COUNT, -MAX_COUNT)),
        *((12.0, 12), (-3.0, -3), (Decimal("7.00"), 7), (Fraction(8, 2), 4)),
    ],
)
def test_whatever_is_an_integer_counts(
    counters: Counters, complaints: list[InvalidEvent], value: Any, number: int
) -> None:
    """Truth values, other libraries' integers, whole floats and decimals, and the extremes."""
    counters.add({"a": value})

    assert counters.take_deltas() == {"a": number}
    assert complaints == []


def test_a_sum_beyond_the_bounds_comes_in_parts(counters: Counters) -> None:
    """An event's change stays within ±2^53; the rest comes with the next."""
    counters.add({"a": MAX_COUNT})
    counters.add({"a": MAX_COUNT})
    counters.add({"a": 5})

    assert [
        counters.take_deltas(),
        counters.take_deltas(),
        counters.take_deltas(),
        counters.take_deltas(),
    ] == [
        {"a": MAX_COUNT},
        {"a": MAX_COUNT},
        {"a": 5},
        {},
    ]


def test_names_are_bounded(counters: Counters, complaints: list[InvalidEvent]) -> None:
    """A pipeline that makes names of its data can't fill the memory."""
    for number in range(MAX_COUNTERS + 10):
        counters.add({f"n{number}": 1})

    assert len(counters.take_deltas()) == MAX_COUNTERS
    assert len(complaints) == 10


def test_threads_lose_nothing(counters: Counters) -> None:
    """Many threads add while another one takes; there are few cells however often they add."""
    taken, is_over = Counter[str](), threading.Event()

    def take() -> None:
        while not is_over.is_set():
            taken.update(counters.take_deltas())

    def add() -> None:
        for _ in range(5_000):
            counters.add({"a": 1, "b": -2})

    taker = threading.Thread(target=take)
    adders = [threading.Thread(target=add) for _ in range(8)]
    for thread in [taker, *adders]:
        thread.start()
    for thread in adders:
        thread.join()
    is_over.set()
    taker.join()
    taken.update(counters.take_deltas())

    assert taken == {"a": 40_000, "b": -80_000}
    assert len(counters._cells) <= 8


class Meddling(dict[str, int]):
    """Deltas whose reading adds something else, as a signal handler may at any moment."""

    def __init__(self, counters: Counters, deltas: dict[str, int]) -> None:
        """Add to *counters* while they are read."""
        super().__init__(deltas)
        self._counters = counters

    def items(self) -> Iterator[tuple[str, int]]:  # type: ignore[override]
        """Give the deltas one by one, adding in between."""
        for item in super().items():
            self._counters.add({"meddled": 1, "a": 10})
            yield item


def test_adding_in_the_midst_of_adding_loses_nothing(counters: Counters) -> None:
    """A signal handler or finaliser that adds finds a place of its own."""
    for _ in range(3):
        counters.add(Meddling(counters, {"a": 1, "b": 1}))

    assert counters.take_deltas() == {"a": 3 + 60, "b": 3, "meddled": 6}


def test_a_signal_handler_may_add(counters: Counters) -> None:
    """Handlers run between any two steps of the interpreter; a timer makes many of them."""
    caught = 0

    def handler(*_: object) -> None:
        nonlocal caught
        caught += 1
        counters.add({"a": 1})

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    added = 0
    try:
        while caught < 50:
            counters.add({"a": 1})
            added += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

    assert counters.take_deltas() == {"a": added + caught}


def test_forgotten_sums_do_not_come_again(counters: Counters) -> None:
    """What a parent added before a fork is not the child's to tell; what comes after is."""
    counters.add({"a": 5})
    counters.take_deltas()
    counters.add({"a": 3, "b": 1})
    counters.discard()
    counters.add({"b": 1})

    assert counters.take_deltas() == {"b": 1}
