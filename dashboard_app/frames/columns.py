"""What all frames share: columns of a known type, whatever the rows hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

WHOLE: Final = "Int64"
NUMBER: Final = "Float64"
TEXT: Final = "string"
FLAG: Final = "boolean"
MOMENT: Final = "datetime64[us, UTC]"

RESULTS = ("succeeded", "partial", "failed", "timed_out", "cancelled")
COUNTERS = (
    "records_ok",
    "records_failed",
    "records_skipped",
    "llm_calls",
    "llm_errors",
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cost_microusd",
)
MICROUSD = 1_000_000


def typed(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame with exactly these columns and types; what a row lacks is NA."""
    listed = list(rows)
    return pd.DataFrame(
        {name: _column([row.get(name) for row in listed], kind) for name, kind in columns.items()}
    )


def _column(values: Sequence[Any], kind: str) -> pd.Series[Any]:
    if kind == MOMENT:
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
        return moments.astype(MOMENT)
    return pd.Series(values, dtype="object").astype(kind)  # type: ignore[call-overload]


def error_rate(sums: pd.DataFrame) -> pd.Series[Any]:
    """Return (failed + timed out) / (ended - cancelled) of sums; NA where nothing else ended."""
    judged = sums["ended"] - sums["cancelled"]
    rate = (sums["failed"] + sums["timed_out"]).astype(NUMBER) / judged.where(judged > 0)
    return rate.astype(NUMBER)
