"""Cost: tokens and dollars by group and over time, and the cost per record."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import load
from dashboard_app.charts.bars import ranked
from dashboard_app.charts.drawings import show as show_chart
from dashboard_app.charts.measures import MEASURES, TOKENS, by_group, stacked
from dashboard_app.context import PageContext, current
from dashboard_app.filters.declared import COST_GROUP
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.frames import costs
from dashboard_app.frames import trends as frames
from dashboard_app.ui import panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.tables import (
    bound_columns,
    count_column,
    name_column,
    share_column,
    table,
    usd_column,
)

_LINES = 8
_ABOUT_RECORDS = (
    "Costs are reported by job, not by record. The cost per record is the group's cost divided "
    "by its records, done and failed: for a single record it is an estimate."
)
_ABOUT_MODELS = (
    f"“{frames.WITHOUT_A_MODEL}” is what pipelines reported without naming a model, and what they "
    "reported before they could name one."
)
_COLUMNS = {
    "group": name_column("Group"),
    "cost_usd": usd_column("Cost (USD)"),
    "tokens": count_column("Tokens"),
    "input_tokens": count_column("Input"),
    "output_tokens": count_column("Output"),
    "cached_share": share_column("Input from cache"),
    "records_ok": count_column("Records done"),
    "records_failed": count_column("Records failed"),
    "usd_per_record": usd_column("Cost per record (USD)", 6),
    "usd_per_good_record": usd_column("Cost per good record (USD)", 6),
    "failed_usd": usd_column("Spent on failed records (USD)"),
    "tokens_per_record": column.NumberColumn("Tokens per record", format="%.0f"),
}
# Records are a job's, and no model's.
_COLUMNS_BY_MODEL = {
    "group": name_column("Model"),
    "cost_usd": usd_column("Cost (USD)"),
    "cost_share": share_column("Share of cost"),
    "llm_calls": count_column(words.counter("llm_calls")),
    "llm_errors": count_column(words.counter("llm_errors")),
    "tokens": count_column("Tokens"),
    "input_tokens": count_column("Input"),
    "output_tokens": count_column("Output"),
    "cached_share": share_column("Input from cache"),
}


def show(here: PageContext) -> None:
    """Show the page."""
    if here.is_empty:
        panels.first_use(here.settings)
        return
    group_by = COST_GROUP.ask() or "client"
    request = api_requests.trends(here.period, client_id=here.client_id, group_by=group_by)
    whole = api_requests.trends(here.period, client_id=here.client_id)
    load(here.api, [request, whole], "cost")
    points, everything = here.points(request), here.points(whole)
    panels.left_out(here.api.get(one) for one in (request, whole))
    if points.empty:
        nothing_in_period(here, "Nothing was counted in this period.")
        return
    sums = costs.unit_costs(frames.totals(points))
    is_by_model = group_by == "model"
    _figures(costs.unit_costs(frames.totals(everything)))
    _over_time(here, points, everything, (request, whole))
    title = group_by.capitalize()
    chart = ranked(frame=sums.head(30), measure=MEASURES["cost_usd"], group_title=title)
    with card(here, "cost", f"Cost by {group_by}", chart=chart, frame=sums, requests=[request]):
        show_chart(chart, alt="Cost of each group")
    columns = _COLUMNS_BY_MODEL if is_by_model else _COLUMNS
    table(sums, {**columns, **bound_columns(sums)})
    st.caption(_ABOUT_MODELS if is_by_model else _ABOUT_RECORDS)


def _figures(total: pd.DataFrame) -> None:
    row = total.iloc[0]
    value = {
        name: None if pd.isna(row[name]) else float(row[name])
        for name in _COLUMNS
        if name != "group"
    }
    unpriced = int(row["llm_calls_unpriced"])
    tiles = {
        "Cost": words.cost(value["cost_usd"], unpriced),
        "Tokens": words.compact(value["tokens"]),
        "Cost per record": words.cost(value["usd_per_record"], unpriced),
        "Cost per good record": words.cost(value["usd_per_good_record"], unpriced),
        "Spent on failed records": words.cost(value["failed_usd"], unpriced),
    }
    with st.container(key="tiles"):
        for label, shown in tiles.items():
            st.metric(label, shown, border=True)
    panels.lower_bound(total)


def _over_time(
    here: PageContext,
    points: pd.DataFrame,
    everything: pd.DataFrame,
    behind: tuple[ApiRequest, ApiRequest],
) -> None:
    axes: dict[str, Any] = {"period": here.period, "zone": here.zone}
    groups = frames.top_groups(points, "cost_usd", _LINES)
    by_time = by_group(frame=points, measure=MEASURES["cost_usd"], groups=groups, **axes)
    tokens = stacked(frame=everything, columns=TOKENS, title="Tokens (count)", **axes)
    left, right = st.columns(2, gap="medium")
    with (
        left,
        card(
            here,
            "cost-over-time",
            "Cost over time",
            chart=by_time,
            frame=points,
            requests=[behind[0]],
        ),
    ):
        show_chart(by_time, alt="Cost over time, by group")
    with (
        right,
        card(
            here,
            "tokens-over-time",
            "Tokens over time",
            chart=tokens,
            frame=everything,
            requests=[behind[1]],
        ),
    ):
        show_chart(tokens, alt="Input and output tokens over time")


show(current())
