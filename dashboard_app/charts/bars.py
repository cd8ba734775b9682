"""Groups compared by one measure, as bars: cost by client, tokens by pipeline."""

from __future__ import annotations

import altair as alt
import pandas as pd

from dashboard_app.charts import palette
from dashboard_app.charts.measures import Measure
from dashboard_app.charts.units import axis_for

_TICKS = 6  # as many as a phone has room for


def ranked(*, frame: pd.DataFrame, measure: Measure, group_title: str) -> alt.Chart:
    """Return a bar for each group, the longest first."""
    chart: alt.Chart = (
        alt.Chart(frame[["group", measure.column]])
        .mark_bar(color=palette.MEASURE, cornerRadiusEnd=2)
        .encode(
            x=alt.X(
                f"{measure.column}:Q",
                title=measure.axis_title,
                axis=axis_for(measure.number, tickCount=_TICKS),
            ),
            y=alt.Y("group:N", title=None, sort="-x", axis=alt.Axis(labelLimit=110)),
            tooltip=[
                alt.Tooltip("group:N", title=group_title),
                alt.Tooltip(f"{measure.column}:Q", title=measure.axis_title, format=measure.number),
            ],
        )
        .properties(height={"step": 24})
    )
    return chart
