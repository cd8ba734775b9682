"""`Job.usage` counts what real answers of language models tell, each call once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.llm.shapes import SHAPES, counted, judged


def as_object(value: Any) -> Any:
    """Turn dicts into objects whose attributes are their members, as SDKs give them."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(member) for name, member in value.items()})
    return [as_object(member) for member in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_counted_right(name: str) -> None:
    """Answers as plain data come to the right counters, and no others."""
    shape = SHAPES[name]

    counters = counted(shape["answers"], shape.get("model"))

    assert judged(counters, shape["right"]) == shape["right"]


@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if "classes" in shape])
def test_a_shape_is_counted_right_as_an_object(name: str) -> None:
    """The same as objects with attributes."""
    shape = SHAPES[name]

    counters = counted(map(as_object, shape["answers"]), shape.get("model"))

    assert judged(counters, shape["right"]) == shape["right"]
