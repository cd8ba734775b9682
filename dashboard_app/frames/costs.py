"""Costs by group: in all, per record, and of records that failed."""

from __future__ import annotations

from typing import Any

import pandas as pd

from dashboard_app.frames.columns import NUMBER


def unit_costs(sums: pd.DataFrame) -> pd.DataFrame:
    """Add costs per record to the sums of groups (`trends.totals`), the highest cost first.

    Costs are reported by job. So a group's cost is divided evenly by its records, done and failed;
    `failed_usd` is the part of the failed ones. New columns: `usd_per_record`,
    `usd_per_good_record`, `failed_usd`, `tokens_per_record`, `cached_share` and `cost_share` (of
    the cost of all; both 0 to 1).
    """
    handled = sums["records_ok"] + sums["records_failed"]
    per_record = _ratio(sums["cost_usd"], handled)
    frame = sums.assign(
        usd_per_record=per_record,
        usd_per_good_record=_ratio(sums["cost_usd"], sums["records_ok"]),
        failed_usd=(per_record * sums["records_failed"].astype(NUMBER)).astype(NUMBER),
        tokens_per_record=_ratio(sums["tokens"], handled),
        cost_share=_ratio(sums["cost_usd"], sums["cost_usd"] * 0 + sums["cost_usd"].sum()),
        cached_share=_ratio(sums["cache_read_input_tokens"], sums["input_tokens"]),
    )
    return frame.sort_values(["cost_usd", "group"], ascending=[False, True]).reset_index(drop=True)


def _ratio(part: pd.Series[Any], whole: pd.Series[Any]) -> pd.Series[Any]:
    """Return a quotient; NA where the divisor is 0."""
    return (part.astype(NUMBER) / whole.where(whole > 0).astype(NUMBER)).astype(NUMBER)
