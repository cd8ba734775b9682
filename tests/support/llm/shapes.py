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

SHAPES: dict[str, dict[str, Any]] = {
    shape["name"]: shape
    for shape in json.loads(Path(__file__).with_name("shapes.json").read_text())
}
_JUDGED_IF_NAMED = {"cost_microusd", "llm_calls_unpriced"}


def counted(answers: Iterable[Any], model: str | None = None) -> dict[str, int]:
    """Return the counters of a job to which *answers* are passed, at the example prices."""
    meter = Meter(Prices(maintained=False))
    counters: dict[str, int] = {}
    for answer in answers:
        for name, change in meter.delta(answer, model).items():
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
