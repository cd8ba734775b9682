"""Every test asserts something. Ruff finds some tests that do not (F631, B015); this finds others.

An assertion can be empty in ways that look like a check: ``assert left, right == wanted`` takes
the comparison for a message and asserts ``left`` alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKS = {"raises", "warns", "fail", "expect", "validate"}  # of pytest, Playwright, validators
ALWAYS_TRUE = (ast.Tuple, ast.JoinedStr, ast.Lambda, ast.GeneratorExp)


def empty_assertions(tree: ast.AST) -> list[int]:
    """Return the lines of assertions that hold whatever the code under test does."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
        and (isinstance(node.msg, ast.Compare) or isinstance(node.test, ALWAYS_TRUE))
    ]


def checks_by_itself(node: ast.AST) -> bool:
    """Return whether there is an assertion in *node*, or a time limit for hypothesis."""
    return any(
        isinstance(part, ast.Assert | ast.Raise)
        or (isinstance(part, ast.keyword) and part.arg == "deadline")
        for part in ast.walk(node)
    )


def called(node: ast.AST) -> Iterator[str]:
    """Yield the last name of everything that *node* calls."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            function = part.func
            if isinstance(function, ast.Attribute):
                yield function.attr
            elif isinstance(function, ast.Name):
                yield function.id


def without_assertion(*trees: ast.AST) -> list[str]:
    """Return the names of tests that check nothing, neither by themselves nor by what they call."""
    calls: dict[str, set[str]] = {}
    checking = set(CHECKS)
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                calls.setdefault(node.name, set()).update(called(node))
                if checks_by_itself(node):
                    checking.add(node.name)
    while more := {name for name in calls.keys() - checking if calls[name] & checking}:
        checking |= more
    return sorted(name for name in calls.keys() - checking if name.startswith("test_"))


def test_no_assertion_is_empty() -> None:
    """What an assertion says can be false, and its message is not what it should have compared."""
    found = {
        str(path.relative_to(TESTS)): lines
        for path in TESTS.rglob("*.py")
        if (lines := empty_assertions(ast.parse(path.read_text())))
    }
    assert found == {}


def test_every_test_asserts() -> None:
    """A test that only runs something would pass whatever came out."""
    trees = [ast.parse(path.read_text()) for path in TESTS.rglob("*.py")]
    assert without_assertion(*trees) == []


@pytest.mark.parametrize(
    "statement",
    [
        "assert left, right == wanted",
        "assert (left, right)",
        "assert (one == 1 for one in found)",
        "assert f'{left}'",
        "assert lambda: left == right",
    ],
)
def test_empty_assertions_are_found(statement: str) -> None:
    """Each of these passes with anything."""
    assert empty_assertions(ast.parse(statement)) == [1]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def test_a(): run()", ["test_a"]),
        ("def test_a(): run()\ndef run(): return 1", ["test_a"]),
        ("def test_a(): run()\ndef run(): assert look()", []),
        ("def test_a():\n with pytest.raises(ValueError): run()", []),
        ("def test_a(): expect(page).to_be_visible()", []),
    ],
)
def test_tests_without_an_assertion_are_found(source: str, found: list[str]) -> None:
    """What a test calls may assert for it."""
    assert without_assertion(ast.parse(source)) == found
