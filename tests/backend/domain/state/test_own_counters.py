"""Counters under names that the contract does not list: so many are kept apart, the rest is one."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.state.own_counters import OTHER, folded, own_attributes

MOST = 4
_NAMES = [f"c_{letter}" for letter in "abcdefghij"]
_KNOWN = [f"c_{name}" for name in KNOWN_COUNTERS[:3]]
_DELTAS = st.lists(
    st.tuples(
        st.dictionaries(
            st.sampled_from([*_NAMES, *_KNOWN, OTHER, "created"]), st.integers(-3, 3), max_size=6
        ),
        st.integers(0, 2),
        st.booleans(),
    ),
    max_size=20,
)


def _added(into: dict[str, int], counts: dict[str, int]) -> dict[str, int]:
    return {name: into.get(name, 0) + counts.get(name, 0) for name in {**into, **counts}}


@given(_DELTAS)
def test_the_result_does_not_depend_on_grouping_or_on_when_room_is_made(
    deltas: list[tuple[dict[str, int], int, bool]],
) -> None:
    """Three shards take deltas and are folded at any time: together they give the fold of all."""
    shards: dict[int, dict[str, int]] = {0: {}, 1: {}, 2: {}}
    for counts, shard, is_folded_now in deltas:
        shards[shard] = _added(shards[shard], folded(counts, MOST))
        if is_folded_now:
            shards[shard] = folded(shards[shard], MOST)
    together: dict[str, int] = {}
    whole: dict[str, int] = {}
    for kept in shards.values():
        together = _added(together, kept)
    for counts, _, _ in deltas:
        whole = _added(whole, counts)
    expected, got = folded(whole, MOST), folded(together, MOST)
    assert Counter(got) == Counter(expected)
    assert sum(got.values()) == sum(whole.values())
    assert own_attributes(got) == own_attributes(whole)[:MOST]
    for name in (*_KNOWN, "created"):
        assert got.get(name, 0) == whole.get(name, 0)


@given(_DELTAS)
def test_a_name_after_the_last_kept_may_be_folded_before_it_is_stored(
    deltas: list[tuple[dict[str, int], int, bool]],
) -> None:
    """Who knows the last name that a shard keeps may fold later names without having read it."""
    stored: dict[str, int] = {}
    whole: dict[str, int] = {}
    last = None
    for counts, _, learns in deltas:
        stored = _added(stored, folded(counts, MOST, last=last))
        whole = _added(whole, counts)
        own = own_attributes(stored)
        if learns and len(own) >= MOST:
            last = own[MOST - 1]
    assert Counter(folded(stored, MOST)) == Counter(folded(whole, MOST))


def test_a_counter_named_as_the_others_together_is_one_of_them() -> None:
    """A producer's own `other_counters` adds to the rest, and takes no place among the names."""
    counts = {OTHER: 5, **dict.fromkeys(_NAMES[: MOST + 1], 1)}
    assert folded(counts, MOST) == {OTHER: 6, **dict.fromkeys(_NAMES[:MOST], 1)}
