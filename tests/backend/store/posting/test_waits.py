"""Back-off by key: how long what is in trouble waits, and when a writer gives it up."""

from __future__ import annotations

import random

from run_ledger.store.posting.waits import (
    PATIENCE_AFTERWARDS_SECONDS,
    PATIENCE_SECONDS,
    Waits,
)


class Clock:
    """Seconds that the test sets."""

    def __init__(self) -> None:
        """Start at some time."""
        self.seconds = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


def made() -> tuple[Waits, Clock]:
    """Return waits with no key in trouble, and their clock."""
    clock = Clock()
    return Waits(random.Random(1), clock), clock


def test_only_what_failed_waits() -> None:
    """And it waits until its time has come, or something with it was written."""
    waits, clock = made()
    waits.note_failure(["a"], is_throttled=True)
    assert waits.in_trouble(["a", "b"]) == {"a"}
    assert waits.seconds_until_due(["b"]) == 0
    pause = waits.seconds_until_due(["b", "a"])
    assert 0 < pause <= 0.02
    clock.seconds += pause
    assert waits.seconds_until_due(["a"]) < 1e-9
    assert waits.in_trouble(["a"]) == {"a"}
    waits.note_success(["a", "b"])
    assert not waits.in_trouble(["a"])


def test_what_failed_together_waits_for_the_same_time() -> None:
    """So it can go on together."""
    waits, _ = made()
    waits.note_failure(["a", "b"], is_throttled=True)
    assert waits.seconds_until_due(["a"]) == waits.seconds_until_due(["b"])


def test_waits_grow_with_the_failures_of_the_key_alone() -> None:
    """Up to a second, however many failures."""
    waits, _ = made()
    longest = 0.0
    for _ in range(200):
        waits.note_failure(["a"], is_throttled=False)
        longest = max(longest, waits.seconds_until_due(["a"]))
    assert 0.9 < longest <= 1
    waits.note_failure(["b"], is_throttled=False)
    assert waits.seconds_until_due(["b"]) <= 0.02


def test_patience_is_with_what_is_throttled() -> None:
    """A conflict ends by itself; what is throttled is given up, sooner in each later batch."""
    waits, clock = made()
    waits.begin_batch()
    waits.note_failure(["a"], is_throttled=True)
    waits.note_failure(["b"], is_throttled=False)
    clock.seconds += PATIENCE_SECONDS - 0.1
    assert not waits.given_up(["a", "b"])
    clock.seconds += 0.2
    assert waits.given_up(["a", "b"]) == {"a"}
    waits.begin_batch()
    assert waits.seconds_until_due(["a"]) == 0, "each batch tries it at least once"
    assert not waits.given_up(["a"])
    clock.seconds += PATIENCE_AFTERWARDS_SECONDS + 0.1
    assert waits.given_up(["a"]) == {"a"}
    waits.note_success(["a"])
    waits.note_failure(["a"], is_throttled=True)
    clock.seconds += PATIENCE_AFTERWARDS_SECONDS + 0.1
    assert not waits.given_up(["a"]), "what was written meanwhile has all the patience again"


def test_what_is_remembered_is_bounded() -> None:
    """What was in trouble longest ago is forgotten."""
    waits, _ = made()
    for number in range(3_000):
        waits.note_failure([number], is_throttled=True)
    assert waits.in_trouble(range(3_000)) == frozenset(range(2_000, 3_000))
