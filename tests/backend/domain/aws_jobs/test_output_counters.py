"""Counters by paths into an output that anybody may have written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.aws_jobs.output_counters import read_counters, steps_of

DOCUMENT = {"a": {"b": [1, {"c-d": 2, "odd name": 3}]}, "zero": 0}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$.a.b[0]", 1),
        ("$.a.b[1].c-d", 2),
        ("$['a'].b[1]['odd name']", 3),
        ("$.zero", 0),
        ("$.a.b[9]", None),
        ("$.a.b.c", None),
        ("$.a[0]", None),
        ("$.zero.b", None),
        ("$.a", None),
    ],
)
def test_paths(path: str, value: int | None) -> None:
    """By names and places; what is not there, or is no number, is left out."""
    found, left_out = read_counters(json.dumps(DOCUMENT), {"x": path})
    assert (found.get("x"), left_out) == (value, [] if value is not None else ["x"])


@pytest.mark.parametrize(
    "path",
    [
        "",
        "$",
        "a.b",
        "$a",
        "$.",
        "$..a",
        "$.a[*]",
        "$.a[-1]",
        "$.a b",
        "$[?(@.a)]",
        "$.a[",
        "$" + ".a" * 200,
    ],
)
def test_what_is_no_path(path: str) -> None:
    """The larger languages of paths are not taken: one path leads to one place."""
    assert steps_of(path) is None


@pytest.mark.parametrize("output", [None, "", "no", "[" * 100_000, "9" * 5_000, "NaN", '"\\ud800"'])
def test_outputs_that_are_no_document(output: str | None) -> None:
    """Every counter is left out."""
    assert read_counters(output, {"x": "$.a"}) == ({}, ["x"])


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_only_whole_numbers_count(value: Any) -> None:
    """From 0 to 2^53, however they are written."""
    found, left_out = read_counters(json.dumps({"a": value}), {"x": "$.a"})
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if is_number and 0 <= value <= 2**53 and value == int(value):
        assert (found, left_out) == ({"x": int(value)}, [])
    else:
        assert (found, left_out) == ({}, ["x"])
