"""Money: what was spent, what a record cost, what went into records that failed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard_app.frames.columns import NUMBER


def unit_costs(sums: pd.DataFrame) -> pd.DataFrame:
    """Return sums of groups with what a record cost, most money first.

    Nobody reports money by record, so it is shared out evenly over all records of a group:
    `failed_usd` is that share of the records that failed.
    """
    handled = sums["records_ok"] + sums["records_failed"]
    per_record = _ratio(sums["cost_usd"], handled)
    frame = sums.assign(
        usd_per_record=per_record,
        usd_per_good_record=_ratio(sums["cost_usd"], sums["records_ok"]),
        failed_usd=(per_record * sums["records_failed"].astype(NUMBER)).astype(NUMBER),
        tokens_per_record=_ratio(sums["tokens"], handled),
        cached_share=_ratio(sums["cache_read_input_tokens"], sums["input_tokens"]),
    )
    return frame.sort_values(["cost_usd", "group"], ascending=[False, True]).reset_index(drop=True)


def _ratio(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    """Return a quotient, NA where there is nothing to divide by."""
    return (part.astype(NUMBER) / whole.where(whole > 0).astype(NUMBER)).astype(NUMBER)
