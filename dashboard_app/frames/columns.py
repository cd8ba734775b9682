"""What all frames share: the types of their columns, results and counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from dashboard_app import words

WHOLE: Final = "Int64"
NUMBER: Final = "Float64"
TEXT: Final = "string"
FLAG: Final = "boolean"
MOMENT: Final = "datetime64[us, UTC]"

RESULTS, COUNTERS = tuple(words.RESULTS), tuple(words.COUNTERS)
MICROUSD = 1_000_000
JOB_TOTALS = dict.fromkeys(("total", "queued", "running", *RESULTS), WHOLE)
"""Columns of a client's or project's jobs, counted by what they are."""


def typed(rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return a frame with these columns and types alone; a value that a row lacks is NA."""
    listed = list(rows)
    return pd.DataFrame(
        {name: _column([row.get(name) for row in listed], kind) for name, kind in columns.items()}
    )


def _column(values: Sequence[Any], kind: str) -> pd.Series[Any]:
    if kind == MOMENT:
        moments = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
        return moments.astype(MOMENT)
    return pd.Series(values, dtype="object").astype(kind)  # type: ignore[call-overload]


def is_lower_bound(sums: pd.DataFrame) -> pd.Series[Any]:
    """Return whether a cost lacks that of some calls, which nobody knew: it is at least so much."""
    return (sums["llm_calls_unpriced"] > 0).astype(FLAG)


def error_rate(sums: pd.DataFrame) -> pd.Series[Any]:
    """Return (failed + timed out) / (ended - cancelled), a share; NA where the divisor is 0."""
    counted = sums["ended"] - sums["cancelled"]
    rate = (sums["failed"] + sums["timed_out"]).astype(NUMBER) / counted.where(counted > 0)
    return rate.astype(NUMBER)
