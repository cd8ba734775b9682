"""Durations go into a log-spaced histogram from which percentiles come within 5 %."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.state.durations import BOUNDS, bucket, percentile, representative

MILLISECOND = 1_000
YEAR = 366 * 86_400 * 1_000_000
durations = st.integers(MILLISECOND, 10 * 1_000_000) | st.floats(3, 16).map(
    lambda exponent: min(int(10**exponent), 400 * YEAR)
)


def exact(taken: list[int], fraction: float) -> float:
    """Return the nearest-rank percentile of *taken*, in seconds."""
    ordered = sorted(taken)
    return ordered[max(1, math.ceil(round(fraction * len(ordered), 9))) - 1] / 1_000_000


@given(
    st.lists(durations.filter(lambda duration: duration > MILLISECOND), min_size=1, max_size=200),
    st.sampled_from((0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0)),
)
def test_percentiles_are_near(taken: list[int], fraction: float) -> None:
    """Every percentile of every set of durations lies within 5 % of the exact one."""
    found = percentile(Counter(bucket(duration) for duration in taken), fraction)
    assert found == pytest.approx(exact(taken, fraction), rel=0.05)


@given(st.lists(durations, max_size=50), st.lists(durations, max_size=50))
def test_histograms_add_up(some: list[int], others: list[int]) -> None:
    """The sum of two histograms is that of all durations: rows may be added up."""
    one, other = (Counter(bucket(duration) for duration in taken) for taken in (some, others))
    together = Counter(bucket(duration) for duration in [*some, *others])
    assert one + other == together


def test_bounds_increase() -> None:
    """Each bound is greater than the one before, by a tenth and never more."""
    for lower, upper in pairwise(BOUNDS[1:]):
        assert lower < upper <= lower * 1.1 + 1
    assert BOUNDS[:2] == (0, MILLISECOND)
    assert BOUNDS[-1] * 1.1 >= 400 * YEAR


def test_numbers_are_for_ever() -> None:
    """Rows in the table hold bucket numbers, so a duration never changes its bucket."""
    known = {1: 1, 1_000: 1, 1_001: 2, 1_000_000: 74, 60_000_000: 117, 3_600_000_000: 160}
    assert {duration: bucket(duration) for duration in known} == known
    assert len(BOUNDS) == 318


@given(durations)
def test_bucket_holds_its_durations(duration: int) -> None:
    """A duration lies above the bound before its bucket and at or below the bucket's own."""
    number = bucket(duration)
    assert BOUNDS[number - 1] < duration <= BOUNDS[number] or number == len(BOUNDS) - 1


def test_ends_of_the_scale() -> None:
    """Zero is exact, up to a millisecond is one bucket, beyond the last is the last."""
    assert (bucket(0), representative(0)) == (0, 0.0)
    assert bucket(1) == bucket(MILLISECOND) == 1
    assert 0 < representative(1) <= 0.001
    assert bucket(10**18) == bucket(BOUNDS[-1]) == len(BOUNDS) - 1


def test_nothing_counted() -> None:
    """A percentile of nothing is none."""
    assert percentile({}, 0.5) is None
    assert percentile({3: 0}, 0.5) is None
