"""What an event may tell by language model, and what a refusal says."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.events.builders import job_update, text

from run_ledger.domain.contract.events import decode
from run_ledger.domain.exceptions import InvalidEvent

ONE = {"llm_calls": 1}


@pytest.mark.parametrize(
    "name", ["gpt-4o", "meta-llama/Llama-3.1 8B", "ft:gpt:org::id", "é", "<b>", "m" * 128]
)
def test_any_text_is_a_name(name: str) -> None:
    """Names are what providers and producers call their models."""
    event: Any = decode(text(job_update(delta_by_model={name: ONE})))
    assert event.update.delta_by_model == {name: ONE}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({f"model-{number}": ONE for number in range(9)}, "delta_by_model"),
        ({"gpt\n4o": ONE}, r"delta_by_model.gpt\n4o"),
        ({"": ONE}, "delta_by_model."),
        ({"m": {"llm_calls": 1.5}}, "delta_by_model.m.llm_calls"),
        ({"good": ONE, "m": {"llm_calls": 2**53 + 1}}, "delta_by_model.m.llm_calls"),
        ({"m": {f"a{number}": 1 for number in range(25)}}, "delta_by_model.m"),
        ({"m": 5}, "delta_by_model.m"),
        (5, "delta_by_model"),
    ],
)
def test_a_refusal_names_the_place_and_what_is_allowed(given: Any, field: str) -> None:
    """The model, and the counter where it is about one."""
    with pytest.raises(InvalidEvent) as caught:
        decode(text(job_update(delta_by_model=given)))
    assert caught.value.field == f"detail.{field}"
    assert "at most 8 pairs of a model's name, 1 to 128 characters" in str(caught.value.allowed)
