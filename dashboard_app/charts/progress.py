"""Jobs of projects, beside the number that is expected."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, one_line
from dashboard_app.charts.stacked_bars import legend, outcome_scale
from dashboard_app.charts.units import count_axis
from dashboard_app.frames.columns import RESULTS

_TICKS = 6  # as many as a phone has room for
_ROW_PIXELS = 30
_PARTS = (*RESULTS, "running", "queued")


def progress(*, frame: pd.DataFrame) -> AnyChart:
    """Return jobs of each project by outcome, with a mark at the number that is expected."""
    shown = frame.assign(label=one_line(frame["name"].fillna(frame["project_id"])))
    long = shown.melt(
        id_vars=["label", "standing"], value_vars=list(_PARTS), var_name="kind", value_name="count"
    )
    long = long[long["count"] > 0].assign(
        rank=lambda rows: rows["kind"].map({name: at for at, name in enumerate(_PARTS)}),
        kind=lambda rows: rows["kind"].map(words.OUTCOMES),
    )
    order = list(shown["label"])
    there = [name for name in _PARTS if shown[name].sum()]
    y = alt.Y("label:N", title=None, sort=order, axis=alt.Axis(labelLimit=110))
    bars = (
        alt.Chart(long)
        .mark_bar()
        .encode(
            x=alt.X(
                "count:Q", title="Jobs (count)", stack="zero", axis=count_axis(tickCount=_TICKS)
            ),
            y=y,
            order=alt.Order("rank:Q"),
            color=alt.Color(
                "kind:N", title=None, scale=outcome_scale(there), legend=legend(columns=2)
            ),
            tooltip=[
                alt.Tooltip("label:N", title="Project"),
                alt.Tooltip("kind:N", title="Jobs"),
                alt.Tooltip("count:Q", title="Count", format=",d"),
                alt.Tooltip("standing:N", title="Standing"),
            ],
        )
    )
    expected = (
        alt.Chart(shown.dropna(subset=["jobs_expected"])[["label", "jobs_expected", "standing"]])
        .mark_tick(thickness=3, size=20, color=palette.THIRD)
        .encode(
            x=alt.X("jobs_expected:Q", title="Jobs (count)", axis=count_axis(tickCount=_TICKS)),
            y=y,
            tooltip=[
                alt.Tooltip("label:N", title="Project"),
                alt.Tooltip("jobs_expected:Q", title="Jobs expected", format=",d"),
                alt.Tooltip("standing:N", title="Standing"),
            ],
        )
    )
    return alt.layer(bars, expected).properties(height=_ROW_PIXELS * len(shown))
