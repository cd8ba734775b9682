"""Cost: tokens and money by client, pipeline and day; what a failed record cost."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.loading import load
from dashboard_app.charts import drawings
from dashboard_app.charts.bars import ranked
from dashboard_app.charts.measures import MEASURES, by_group, stacked
from dashboard_app.context import Desk, desk
from dashboard_app.frames import costs
from dashboard_app.frames import trends as frames
from dashboard_app.pages.trends.sections import TOKENS
from dashboard_app.session import Param
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.tables import table

_BY = {"Client": "client", "Pipeline": "pipeline", "Project": "project"}
_LINES = 8
_MONEY = "$%.6f"
_COLUMNS = {
    "group": column.TextColumn("Group", pinned=True),
    "cost_usd": column.NumberColumn("Cost (USD)", format="$%.4f"),
    "tokens": column.NumberColumn("Tokens", format="localized"),
    "input_tokens": column.NumberColumn("Input", format="localized"),
    "output_tokens": column.NumberColumn("Output", format="localized"),
    "cached_share": column.NumberColumn("Of input, from cache", format="percent"),
    "records_ok": column.NumberColumn("Records done", format="localized"),
    "records_failed": column.NumberColumn("Records failed", format="localized"),
    "usd_per_record": column.NumberColumn("USD a record", format=_MONEY),
    "usd_per_good_record": column.NumberColumn("USD a good record", format=_MONEY),
    "failed_usd": column.NumberColumn("USD into failed records", format="$%.4f"),
    "tokens_per_record": column.NumberColumn("Tokens a record", format="%.0f"),
}


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Cost")
    if here.is_empty:
        panels.first_use(here.settings)
        return
    chosen = st.segmented_control(
        "By", list(_BY), default="Client", required=True, key=Param.GROUP, bind="query-params"
    )
    asked = questions.trends(
        here.span, client_id=here.client_id, group_by=_BY.get(chosen or "", "client")
    )
    whole = questions.trends(here.span, client_id=here.client_id)
    load(here.answers, [asked, whole], "cost")
    points = frames.marked(here.answers.make(asked, frames.points), here.span, here.now)
    everything = frames.marked(here.answers.make(whole, frames.points), here.span, here.now)
    if points.empty:
        panels.nothing_here("Nothing was counted in this span.")
        return
    sums = costs.unit_costs(frames.totals(points))
    _figures(costs.unit_costs(frames.totals(everything)))
    _over_time(here, points, everything, (asked, whole))
    chart = ranked(frame=sums.head(30), measure=MEASURES["cost_usd"], group_title=str(chosen))
    with card("by-group", f"Cost by {str(chosen).lower()}") as head:
        drawings.show(chart, alt="Cost of each group")
        with head:
            export.take_away(here, name="cost", frame=sums, questions=[asked], chart=chart)
    table(sums, column_order=list(_COLUMNS), column_config=_COLUMNS)
    st.caption(
        "Money is reported by job, not by record. What a record cost is the cost of the group "
        "shared out evenly over its records, done and failed: an estimate for a single record."
    )


def _figures(total: pd.DataFrame) -> None:
    row = total.iloc[0]
    value = {
        name: None if pd.isna(row[name]) else float(row[name])
        for name in _COLUMNS
        if name != "group"
    }
    tiles = {
        "Cost": words.money(value["cost_usd"]),
        "Tokens": words.compact(value["tokens"]),
        "A record": words.money(value["usd_per_record"]),
        "A good record": words.money(value["usd_per_good_record"]),
        "Into failed records": words.money(value["failed_usd"]),
    }
    with st.container(key="tiles"):
        for label, shown in tiles.items():
            st.metric(label, shown, border=True)


def _over_time(
    here: Desk, points: pd.DataFrame, everything: pd.DataFrame, behind: tuple[Question, Question]
) -> None:
    groups = frames.top_groups(points, "cost_usd", _LINES)
    asked, whole = behind
    left, right = st.columns(2, gap="medium")
    with left, card("cost", "Cost over time") as head:
        measure = MEASURES["cost_usd"]
        lines = by_group(
            frame=points, measure=measure, span=here.span, zone=here.zone, groups=groups
        )
        drawings.show(lines, alt="Cost over time, by group")
        with head:
            export.take_away(
                here, name="cost-over-time", frame=points, questions=[asked], chart=lines
            )
    with right, card("tokens", "Tokens over time") as head:
        chart = stacked(
            frame=everything, columns=TOKENS, title="Tokens (count)", span=here.span, zone=here.zone
        )
        drawings.show(chart, alt="Input and output tokens over time")
        with head:
            export.take_away(
                here, name="tokens-over-time", frame=everything, questions=[whole], chart=chart
            )


show(desk())
