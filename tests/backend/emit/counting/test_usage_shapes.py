"""`Job.usage` counts what real answers of language models tell, each call once."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.llm.shapes import SHAPES, counted, delta_of, judged

from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.pricing.prices import Prices

ODD = (None, -1, 0, 2**70, 1.5, float("nan"), "", "x", [], {}, True, [{}], {"a": 1}, "9" * 30)


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


def test_what_a_callback_has_added_up() -> None:
    """The handler of LangChain may be passed whole: its usage is named by model."""
    used = {"input_tokens": 9, "output_tokens": 8, "total_tokens": 17}
    handler = SimpleNamespace(usage_metadata={"gpt-4.1-mini": used, "claude-haiku-4-5": used})

    assert judged(counted([handler]), {}) == {
        "llm_calls": 2,
        "input_tokens": 18,
        "output_tokens": 16,
    }


def spoilt(value: Any, dice: random.Random) -> Any:
    """Return *value* with some of its members missing, odd, or those of other answers."""
    if dice.random() < 0.04:
        return dice.choice(ODD)
    if isinstance(value, list):
        return [spoilt(member, dice) for member in value]
    if not isinstance(value, dict):
        return value
    kept = {name: spoilt(one, dice) for name, one in value.items() if dice.random() > 0.03}
    other = dice.choice(dice.choice(list(SHAPES.values()))["answers"])
    return kept | other if isinstance(other, dict) and dice.random() < 0.05 else kept


@pytest.mark.parametrize("seed", range(3))
def test_spoilt_answers_never_raise_nor_count_below_nothing(seed: int) -> None:
    """Whatever is passed, in whatever order: the job's counters are whole numbers from 0."""
    dice = random.Random(seed)
    meter = Meter(Prices(maintained=False))
    answers = [answer for shape in SHAPES.values() for answer in shape["answers"]]
    counters: dict[str, int] = {}
    for _ in range(2_000):
        model = dice.choice((None, "", "/", "arn:aws:bedrock:x", "us.", "gpt-4.1-mini"))
        for name, change in delta_of(meter, spoilt(dice.choice(answers), dice), model).items():
            counters[name] = counters.get(name, 0) + change
            assert type(change) is int
            assert counters[name] >= 0, name
    assert counters["cache_read_input_tokens"] <= counters["input_tokens"]
