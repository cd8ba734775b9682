"""Foreign names become identifiers, and no two of them the same."""

from __future__ import annotations

from enum import Enum
from pathlib import PurePosixPath
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import Identifier
from run_ledger.emit.identity.identifiers import to_identifier


class Colour(str, Enum):  # noqa: UP042 - pipelines have such ones
    """An enumeration whose members' texts are not their values."""

    RED = "red"


class Unspeakable:
    """An object that has no text."""

    def __str__(self) -> str:
        """Raise."""
        raise RuntimeError("no words")


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


def test_what_was_made_here_stays_itself() -> None:
    """So it can be shown, copied and passed on, and still names the same job."""
    made = to_identifier("a/b")

    assert to_identifier(made) == made


@pytest.mark.parametrize(
    ("name", "same"),
    [
        (42, "42"),
        (0, "0"),
        (b"task-7", "task-7"),
        (UUID(int=7), str(UUID(int=7))),
        (PurePosixPath("a"), "a"),
        (Colour.RED, "red"),
    ],
)
def test_what_is_no_text_is_named_as_its_text(name: object, same: str) -> None:
    """A number and its digits are one name, as a queue's bytes and their text are."""
    assert to_identifier(name) == same


def test_an_object_that_has_no_text_is_named_by_its_type() -> None:
    """Nothing raises, whatever a pipeline passes."""
    assert to_identifier(Unspeakable()).startswith("Unspeakable-without-text-")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a:b", "c"), ("a", "b:c")),
        (("a", "1"), ("a-1",)),
        (("a", ""), ("a",)),
        (("x" * 200, "1"), ("x" * 200, "2")),
        (("a/b", "c"), ("a", "b/c")),
    ],
)
def test_parts_are_told_apart_from_their_neighbours(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    """Where one part ends and the next begins is part of the name."""
    assert to_identifier(*one) != to_identifier(*other)


def test_plain_parts_are_joined_by_colons() -> None:
    """People read in the id what it is made of."""
    assert to_identifier("dag", "run:1", "task") != "dag:run:1:task"
    assert to_identifier("4c2f:3", 2) == "4c2f:3:2"


@given(st.lists(ANY_TEXT, unique=True, max_size=8))
def test_different_names_stay_different_and_fit_the_contract(names: list[str]) -> None:
    """Whatever the names, their identifiers are valid, as many, and stay what they are."""
    made = [to_identifier(name) for name in names]

    assert len(set(made)) == len(names)
    for one in made:
        msgspec.convert(one, Identifier)
        assert to_identifier(one) == one
