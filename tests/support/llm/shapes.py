"""Shapes of answers of language models, with what they come to by OpenTelemetry's rule.

`shapes.json` has one shape a line: its name, where it is from, the answers that are passed in this
order within one job, the SDK's class of each (if there is one), the model (if the caller names it),
and the right counters. Counters not named there are 0; cost and calls without one are judged only
where they are named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.pricing.prices import Prices
from run_ledger.emit.pricing.usage_totals import Usage

SHAPES: dict[str, dict[str, Any]] = {
    shape["name"]: shape
    for shape in json.loads(Path(__file__).with_name("shapes.json").read_text())
}
_CALL = Usage(input_tokens=1000, output_tokens=100)
_MODELS = (
    *("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "azure/gpt-4.1-mini", "openai/gpt-4.1-mini"),
    *("openrouter/openai/gpt-4.1-mini", "claude-haiku-4-5", "claude-haiku-4-5@20251001"),
    *("openrouter/anthropic/claude-haiku-4.5", "vertex_ai/claude-haiku-4-5@20251001"),
    *("global.anthropic.claude-haiku-4-5-20251001-v1:0", "gemini-2.5-flash"),
    *("models/gemini-2.5-flash", "vertex_ai/gemini-2.5-flash", "gemini/gemini-2.5-flash"),
    *("us.amazon.nova-lite-v1:0", "jp.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
    *("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0",),
    *(f"{place}anthropic.claude-haiku-4-5-20251001-v1:0" for place in ("", "us.", "eu.", "jp.")),
    *(f"{place}.anthropic.claude-haiku-4-5-20251001-v1:0" for place in ("au", "us-gov", "sa")),
    *("gpt-4.1-mini-turbo", "gpt-4.1-ultra", "claude-haiku-4-5-plus", "claude-sonnet-4-9"),
    *("gemini-2.5-flash-nano", "ft:gpt-4o-mini-2024-07-18:acme::id", "some/model", "gpt-99"),
)
PRICED: dict[str, tuple[str, Usage]] = {
    **{model: (model, _CALL) for model in _MODELS},
    "batch": ("gpt-4.1-mini", _CALL._replace(tier="batch")),
    "priority": ("gpt-4.1-mini", _CALL._replace(tier="priority")),
    "unknown tier": ("gpt-4.1-mini", _CALL._replace(tier="scale")),
    "short": ("gemini-2.5-pro", Usage(input_tokens=200_000)),
    "long": ("gemini-2.5-pro", Usage(input_tokens=400_000)),
    "two short": ("gemini-2.5-pro", Usage(llm_calls=2, input_tokens=400_000)),
    "an hour": (
        "claude-haiku-4-5",
        Usage(input_tokens=1000, cache_write_input_tokens=1000, cache_write_hour_tokens=1000),
    ),
    "minutes": ("claude-haiku-4-5", Usage(input_tokens=1000, cache_write_input_tokens=1000)),
}
"""What the maintained prices are asked: a model, and what was used."""

_JUDGED_IF_NAMED = {"cost_microusd", "llm_calls_unpriced"}


def delta_of(meter: Meter, answer: Any, model: str | None = None) -> dict[str, int]:
    """Return what *answer* adds to the counters, over all models, without what comes to 0."""
    delta: dict[str, int] = {}
    for of_model in meter.deltas(answer, model).values():
        for name, change in of_model.items():
            delta[name] = delta.get(name, 0) + change
    return {name: change for name, change in delta.items() if change}


def counted(answers: Iterable[Any], model: str | None = None) -> dict[str, int]:
    """Return the counters of a job to which *answers* are passed, at the example prices."""
    meter = Meter(Prices(maintained=False))
    counters: dict[str, int] = {}
    for answer in answers:
        for name, change in delta_of(meter, answer, model).items():
            counters[name] = counters.get(name, 0) + change
    return counters


def judged(counters: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    """Return those of *counters* that *right* judges, and of the right ones those that are 0."""
    wanted = {
        name: value
        for name, value in counters.items()
        if value and (name in right or name not in _JUDGED_IF_NAMED)
    }
    return {**dict.fromkeys(right, 0), **wanted}
