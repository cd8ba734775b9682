"""Tests hold on any day: none compares a fixed day with the clock, and the other clocks differ."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.support.clocks import CLOCKS

TESTS = Path(__file__).parent
DAY = re.compile(r"\b20\d\d-\d\d-\d\d")
CLOCK = {"now", "utcnow", "today", "time", "time_ns", "ago"}


def days_against_the_clock(tree: ast.AST) -> list[str]:
    """Return the names of tests in which a fixed day stands and that read the clock, too."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(part, ast.Call) and _name(part) in CLOCK for part in ast.walk(node))
        and any(DAY.search(text) for text in _texts(node))
    ]


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(tree: ast.AST) -> list[str]:
    return [
        part.value
        for part in ast.walk(tree)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]


def test_no_test_holds_a_fixed_day_against_the_clock() -> None:
    """Such a test would fail some days after it was written."""
    found = {
        str(path.relative_to(TESTS)): names
        for path in TESTS.rglob("*.py")
        if path != Path(__file__) and (names := days_against_the_clock(ast.parse(path.read_text())))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def test_a():\n posted(datetime.now(UTC))\n assert listed('2026-11-22')", ["test_a"]),
        ("def test_a():\n make(ago(hours=1))\n ask(since='2026-11-22T10:00:00Z')", ["test_a"]),
        ("def test_a():\n make('2026-11-22')\n assert listed('2026-11-22')", []),
        ("def test_a():\n make(ago(hours=1))\n assert listed(ago(hours=2))", []),
    ],
)
def test_a_fixed_day_beside_the_clock_is_found(source: str, found: list[str]) -> None:
    """Either alone is sound."""
    assert days_against_the_clock(ast.parse(source)) == found


@pytest.mark.parametrize("name", [name for name in CLOCKS if "night in" in name])
def test_nights_are_those_of_a_change(name: str) -> None:
    """Within two minutes of its start, the zone's clock is put forward or back."""
    moment, zone = CLOCKS[name]
    assert isinstance(moment, datetime)
    later = moment + timedelta(minutes=2)
    assert (
        moment.astimezone(ZoneInfo(zone)).utcoffset()
        != later.astimezone(ZoneInfo(zone)).utcoffset()
    )


def test_the_last_minutes_and_the_leap_day_are_such() -> None:
    """One clock comes to midnight in UTC, another shows the 29th of February."""
    midnight, leap_day = CLOCKS["before midnight"][0], CLOCKS["leap day"][0]
    assert isinstance(midnight, datetime)
    assert isinstance(leap_day, datetime)
    assert (midnight + timedelta(minutes=3)).astimezone(UTC).date() > midnight.date()
    assert (leap_day.month, leap_day.day) == (2, 29)
