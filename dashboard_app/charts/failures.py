"""Failures: the error rate with what happened written on it, groups over time, what moved."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, time_axis, with_times
from dashboard_app.charts.throughput import legend
from dashboard_app.charts.units import count_axis, short_axis
from dashboard_app.frames import trends
from dashboard_app.frames.tables import MOMENT
from dashboard_app.spans import Span

_FAILED = palette.OUTCOMES["failed"]
_HEIGHT = 190


def annotated(*, chart: AnyChart, notes: pd.DataFrame, span: Span, zone: ZoneInfo) -> AnyChart:
    """Return a chart over time with the first failures of each new kind marked on it.

    *notes* holds `at`, `label` and `count`.
    """
    timed = with_times(notes, span=span, zone=zone)
    ground = alt.Chart(timed[["x", "when", "label", "count"]])
    x = time_axis(span=span, zone=zone, ticks=6)
    tooltip = [
        alt.Tooltip("when:N", title="Time"),
        alt.Tooltip("label:N", title="First failure like this"),
        alt.Tooltip("count:Q", title="Failures in the span", format=",d"),
    ]
    rules = ground.mark_rule(color=_FAILED, strokeDash=[2, 3], opacity=0.7).encode(
        x=x, tooltip=tooltip
    )
    flags = ground.mark_point(
        shape="triangle-down", color=_FAILED, filled=True, size=70, yOffset=4
    ).encode(x=x, y=alt.value(0), tooltip=tooltip)
    return alt.layer(*getattr(chart, "layer", [chart]), rules, flags).properties(height=_HEIGHT)


def groups_over_time(
    *, frame: pd.DataFrame, span: Span, zone: ZoneInfo, labels: list[str]
) -> alt.Chart:
    """Return failures a day, stacked by group; those beyond *labels* are together as others."""
    others = "Others"
    named = frame.assign(label=frame["label"].where(frame["label"].isin(labels), others))
    table = named.pivot_table(index="at", columns="label", values="count", aggfunc="sum")
    there = [name for name in [*labels, others] if name in table]
    wide = table.reset_index().astype({"at": MOMENT})
    timed = with_times(trends.stacked(wide, there), span=span, zone=zone)
    scale = alt.Scale(
        domain=[*labels, others], range=[*palette.GROUPS[: len(labels)], palette.THIRD]
    )
    chart: alt.Chart = (
        alt.Chart(timed[["x", "x_end", "kind", "count", "low", "high", "when"]])
        .mark_rect()
        .encode(
            x=time_axis(span=span, zone=zone),
            x2="x_end:Q",
            y=alt.Y("low:Q", title="Failures a day (count)", axis=count_axis()),
            y2="high:Q",
            color=alt.Color("kind:N", title=None, scale=scale, legend=legend(columns=1)),
            tooltip=[
                alt.Tooltip("when:N", title="Time"),
                alt.Tooltip("kind:N", title="Group"),
                alt.Tooltip("count:Q", title="Failures", format=",d"),
            ],
        )
        .properties(height=240)
    )
    return chart


def movers(*, frame: pd.DataFrame) -> alt.Chart:
    """Return the change of each group as a bar to the right (more) or to the left (fewer)."""
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X(
                "more:Q",
                title="Failures more or fewer than as busy a span before (count)",
                axis=short_axis(),
            ),
            y=alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=320)),
            color=alt.Color(
                "direction:N",
                title=None,
                scale=alt.Scale(
                    domain=["More", "Fewer"], range=[_FAILED, palette.OUTCOMES["succeeded"]]
                ),
                legend=legend(),
            ),
            tooltip=[
                alt.Tooltip("label:N", title="Group"),
                alt.Tooltip("count_before:Q", title="Before", format=",d"),
                alt.Tooltip("count:Q", title="Now", format=",d"),
                alt.Tooltip("change:Q", title="Change", format="+,d"),
                alt.Tooltip("more:Q", title="Beyond what attempts explain", format="+,.1f"),
            ],
        )
        .properties(height={"step": 26})
    )
    return chart
