"""Foreign names become identifiers, and no two of them the same."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import Identifier
from run_ledger.emit.identity.identifiers import to_identifier

ANY_TEXT = st.text(alphabet=st.characters(), max_size=200) | st.text("a-0._:/", max_size=140)


@pytest.mark.parametrize("name", ["daily_load", "dag.task", "scheduler:v2", "a" * 128])
def test_what_is_an_identifier_stays_itself(name: str) -> None:
    """Names that the contract takes are not touched."""
    assert to_identifier(name) == name


@pytest.mark.parametrize(
    ("name", "readable"),
    [
        ("snowflake://org/db", "snowflake:-org-db-"),
        ("Kunden laden (täglich)", "Kunden-laden-t-glich-"),
        ("日次", "unnamed-"),
        ("", "unnamed-"),
        ("x" * 129, "x" * 107 + "-"),
        ("\ud800", "unnamed-"),
    ],
)
def test_what_is_none_stays_readable(name: str, readable: str) -> None:
    """A name outside the alphabet or too long keeps its readable part, and gets a digest."""
    made = to_identifier(name)

    assert made[:-20] == readable
    assert to_identifier(name) == made


def test_a_name_that_looks_made_is_no_trap() -> None:
    """Nobody can choose a plain name that meets another one's identifier."""
    made = to_identifier("a/b")

    assert to_identifier(made) != made
    assert to_identifier(to_identifier(made)) not in {made, to_identifier(made)}


@given(st.lists(ANY_TEXT, unique=True, max_size=8))
def test_different_names_stay_different_and_fit_the_contract(names: list[str]) -> None:
    """Whatever the names, their identifiers are valid and as many."""
    made = [to_identifier(name) for name in names]

    assert len(set(made)) == len(names)
    for one in made:
        msgspec.convert(one, Identifier)
