"""`Job.usage` reads the objects of the SDKs themselves, in an environment where they are installed.

One process there builds all of them; each shape is a test here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.llm.shapes import SHAPES, judged

ROOT = Path(__file__).resolve().parents[4]
PYTHON = ROOT / ".venvs" / "llm-sdks" / "bin" / "python"
OBJECTS = [name for name, shape in SHAPES.items() if "classes" in shape]


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """Return the counters of each shape as its SDK's objects, and maintained prices."""
    program = ROOT / "tests" / "support" / "llm" / "sdk_objects.py"
    assert PYTHON.exists(), "run infra/tools/bootstrap.py llm-sdks, as make test does"
    done = subprocess.run(
        [PYTHON, program], capture_output=True, text=True, check=True, timeout=300
    )
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


@pytest.fixture(scope="module")
def counters(found: dict[str, Any]) -> dict[str, Any]:
    """Return the counters of each shape."""
    return dict(found["shapes"])


@pytest.fixture(scope="module")
def costs(found: dict[str, Any]) -> dict[str, float | None]:
    """Return what each call of `PRICED` costs by the maintained prices, in micro-dollars."""
    return dict(found["costs"])


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_is_counted_right(name: str, counters: dict[str, Any]) -> None:
    """Objects of the SDK's own classes come to the right counters."""
    right = SHAPES[name]["right"]

    assert isinstance(counters[name], dict), counters[name]
    assert judged(counters[name], right) == right


def test_there_are_many_shapes_of_many_sdks(counters: dict[str, Any]) -> None:
    """The table is worth its name, and every SDK of it takes part."""
    roots = {path.split(".")[0] for name in OBJECTS for path in SHAPES[name]["classes"] if path}

    assert len(SHAPES) >= 90
    assert {"anthropic", "cohere", "google", "groq", "langchain_core", "litellm"} <= roots
    assert {"agents", "mistralai", "ollama", "openai", "pydantic_ai", "together"} <= roots
    assert counters.keys() == set(OBJECTS)


def test_raw_responses_are_read_and_streams_are_left(found: dict[str, Any]) -> None:
    """A raw response counts like its answer; what the caller has yet to read is still there."""
    clients = found["clients"]
    unread, is_still_there = clients["openai still to be read"]
    headers, body = clients["bedrock invoke_model"]

    for name in ("openai", "anthropic"):
        shape = {"openai": "openai-chat", "anthropic": "anthropic-message"}[name]
        right = SHAPES[shape]["right"]
        assert judged(clients[f"{name} raw"], right) == right
    assert unread == {"llm_answers_unread": 1}
    assert is_still_there
    assert judged(headers, {}) == {"llm_calls": 1, "input_tokens": 10, "output_tokens": 25}
    assert body == "the body"


@pytest.mark.parametrize(
    ("model", "others"),
    [
        ("gpt-4.1-mini", ("gpt-4.1-mini-2025-04-14", "azure/gpt-4.1-mini", "openai/gpt-4.1-mini")),
        ("gpt-4.1-mini", ("openrouter/openai/gpt-4.1-mini",)),
        (
            "claude-haiku-4-5",
            ("claude-haiku-4-5@20251001", "openrouter/anthropic/claude-haiku-4.5"),
        ),
        ("claude-haiku-4-5", ("global.anthropic.claude-haiku-4-5-20251001-v1:0",)),
        ("gemini-2.5-flash", ("models/gemini-2.5-flash", "vertex_ai/gemini-2.5-flash")),
        ("amazon.nova-lite-v1:0", ("us.amazon.nova-lite-v1:0", "jp.amazon.nova-lite-v1:0")),
        (
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            tuple(
                f"{place}.anthropic.claude-haiku-4-5-20251001-v1:0"
                for place in ("us", "eu", "jp", "au", "us-gov", "sa")
            ),
        ),
    ],
)
def test_a_model_costs_the_same_by_each_of_its_names(
    model: str, others: tuple[str, ...], costs: dict[str, float | None]
) -> None:
    """Prefixes, profiles of a region and snapshots neither lose a price nor change it."""
    assert costs[model]
    assert {costs[other] for other in others} == {costs[model]}


@pytest.mark.parametrize(
    "model",
    [
        *("gpt-4.1-mini-turbo", "gpt-4.1-ultra", "claude-haiku-4-5-plus", "claude-sonnet-4-9"),
        *("gemini-2.5-flash-nano", "ft:gpt-4o-mini-2024-07-18:acme::id", "some/model", "gpt-99"),
        "unknown tier",
    ],
)
def test_what_is_not_known_has_no_price(model: str, costs: dict[str, float | None]) -> None:
    """A model or tier that the table does not name is not priced as one that it names."""
    assert costs[model] is None


def test_maintained_prices_know_tiers_lengths_and_caches(costs: dict[str, float | None]) -> None:
    """A batch is cheaper, priority and a long prompt dearer, as is an hour in the cache."""
    known = {name: cost for name, cost in costs.items() if cost is not None}

    assert known["batch"] < known["gpt-4.1-mini"] < known["priority"]
    assert known["long"] > 2 * known["short"] == known["two short"]
    assert known["an hour"] > known["minutes"]
    regional = known["eu.anthropic.claude-haiku-4-5-20251001-v1:0"]
    assert regional == pytest.approx(1.1 * known["claude-haiku-4-5"])


def test_ones_own_prices_come_before_maintained_ones(costs: dict[str, float | None]) -> None:
    """What one's own table has counts; the rest is asked of the maintained one."""
    assert costs["own gpt-4.1-mini"] == 1000
    assert costs["own claude-haiku-4-5"] == costs["claude-haiku-4-5"]


def test_the_built_in_prices_are_those_of_the_maintained_table(
    costs: dict[str, float | None],
) -> None:
    """Where both know a price they agree; if one changed, so should the other and its date."""
    assert {name: costs[name] for name in costs if name.startswith("differs")} == {}
    assert round((costs["compared"] or 0) * 1_000_000) > 40
