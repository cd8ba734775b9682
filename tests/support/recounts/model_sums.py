"""What the ledger must hold of language models, computed from the details of events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

KNOWN_COUNTERS = {
    "records_ok",
    "records_failed",
    "records_skipped",
    "llm_calls",
    "llm_errors",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cost_microusd",
    "llm_calls_unpriced",
}
OTHER_COUNTERS = "other_counters"
OTHER_MODELS, MOST_MODELS = "other", 40

Detail = Mapping[str, Any]


def deltas_of(detail: Detail) -> list[dict[str, int]]:
    """Return all that an event adds to its job's counters."""
    return [detail.get("delta", {}), *detail.get("delta_by_model", {}).values()]


def sums_by_model(details: Iterable[Detail]) -> dict[str, dict[str, int]]:
    """Return the sums of each model: of known counters, and of all other names together."""
    sums: dict[str, Counter[str]] = {}
    for model, name, change in (one for detail in details for one in _told(detail)):
        sums.setdefault(model, Counter())[name] += change
    return {model: dict(counts) for model, counts in with_other_models(sums).items()}


def rows_of_models(
    told: Iterable[tuple[str, Detail]],
) -> dict[tuple[str, str], dict[str, int]]:
    """Return the rows that events make, each *told* by its time as text and its detail."""
    details: dict[tuple[str, str], list[Detail]] = {}
    for at, detail in told:
        place = (at[11:13], detail.get("pipeline", "default"), detail["project_id"])
        row = (f"models#{detail['client_id']}#{at[:10]}", "#".join(place))
        details.setdefault(row, []).append(detail)
    return {
        row: {
            f"b_{name} {model}": count
            for model, counts in sums_by_model(those).items()
            for name, count in counts.items()
        }
        for row, those in details.items()
    }


def with_other_models(sums: Mapping[str, Mapping[str, int]]) -> dict[str, Counter[str]]:
    """Return *sums* by model with all models but the first ones added up as one."""
    first = sorted({*sums} - {OTHER_MODELS})[:MOST_MODELS]
    kept: dict[str, Counter[str]] = {}
    for model, counts in sums.items():
        mine = kept.setdefault(model if model in first else OTHER_MODELS, Counter())
        for name, change in counts.items():
            mine[name] += change
    return kept


def _told(detail: Detail) -> Iterator[tuple[str, str, int]]:
    for model, delta in detail.get("delta_by_model", {}).items():
        for name, change in delta.items():
            yield model, name if name in KNOWN_COUNTERS else OTHER_COUNTERS, change
