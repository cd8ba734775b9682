"""A cursor is good for the query that gave it, and for nothing else."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.api.cursors import seal, unseal
from run_ledger.domain.exceptions import InvalidQuery

positions = st.text(max_size=128) | st.lists(
    st.integers(-(2**62), 2**62) | st.text(max_size=8), max_size=3
)
bindings = st.lists(st.none() | st.text(max_size=5), max_size=3)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
BINDING = ["/jobs", None, "staff"]
CURSOR = seal("key", BINDING, "2026-11-22T10:00:00.000000Z#job-1")


@given(position=positions, binding=bindings)
def test_a_cursor_brings_its_position_back(position: Any, binding: list[Any]) -> None:
    """And it is made of characters that need no escape in a URL."""
    cursor = seal("key", binding, position)

    assert unseal("key", binding, cursor) == position
    assert set(cursor) <= set(ALPHABET)
    assert seal("key", binding, position) == cursor


@given(given_for=bindings, used_for=bindings)
def test_a_cursor_of_another_query_is_refused(given_for: list[Any], used_for: list[Any]) -> None:
    """Whatever differs: path, a filter, or who asks."""
    cursor = seal("key", given_for, "p")
    if given_for == used_for:
        assert unseal("key", used_for, cursor) == "p"
    else:
        with pytest.raises(InvalidQuery):
            unseal("key", used_for, cursor)


def test_a_cursor_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """When positions change their meaning, those that are out there lead nowhere."""
    monkeypatch.setattr("run_ledger.domain.api.cursors._VERSION", b"2")
    with pytest.raises(InvalidQuery, match="outdated"):
        unseal("key", BINDING, CURSOR)


@pytest.mark.parametrize("at", range(len(CURSOR)))
def test_no_character_can_be_changed(at: int) -> None:
    """A tampered cursor is no cursor, not even in the spare bits of its last character."""
    for other in (*ALPHABET, "=", "+", "/", "é", "\x00", ""):
        changed = CURSOR[:at] + other + CURSOR[at + 1 :]
        if changed == CURSOR:
            continue
        with pytest.raises(InvalidQuery) as refused:
            unseal("key", BINDING, changed)
        assert refused.value.parameter == "cursor"


@given(
    text=st.text(max_size=80)
    | st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_nothing_made_up_passes(text: str) -> None:
    """Any text at all gives the one error, never another."""
    with pytest.raises(InvalidQuery):
        unseal("key", BINDING, text)


def test_another_stack_makes_other_cursors() -> None:
    """The key counts, and so does the length: nobody makes us decode megabytes."""
    with pytest.raises(InvalidQuery):
        unseal("other", BINDING, CURSOR)
    with pytest.raises(InvalidQuery):
        unseal("key", BINDING, "A" * 3_000_000)
