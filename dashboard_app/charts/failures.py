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
from dashboard_app.frames.columns import MOMENT
from dashboard_app.periods import Span

_FAILED = palette.OUTCOMES["failed"]
_HEIGHT = 190
_OTHERS = "Others"


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


def group_colours(frame: pd.DataFrame, labels: list[str]) -> dict[str, str]:
    """Return the colour of each group, and that of all others where there are any."""
    colours = dict(zip(labels, palette.GROUPS, strict=False))
    return colours if frame["label"].isin(labels).all() else {**colours, _OTHERS: palette.THIRD}


def groups_over_time(
    *,
    frame: pd.DataFrame,
    span: Span,
    zone: ZoneInfo,
    labels: list[str],
    has_legend: bool = True,
) -> alt.Chart:
    """Return failures a day, stacked by group; those beyond *labels* are together as others."""
    named = frame.assign(label=frame["label"].where(frame["label"].isin(labels), _OTHERS))
    table = named.pivot_table(index="at", columns="label", values="count", aggfunc="sum")
    there = [name for name in [*labels, _OTHERS] if name in table]
    wide = table.reset_index().astype({"at": MOMENT})
    timed = with_times(trends.stacked(wide, there), span=span, zone=zone)
    colours = group_colours(frame, labels)
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    key = legend(columns=1) if has_legend else None
    chart: alt.Chart = (
        alt.Chart(timed[["x", "x_end", "kind", "count", "low", "high", "when"]])
        .mark_rect()
        .encode(
            x=time_axis(span=span, zone=zone),
            x2="x_end:Q",
            y=alt.Y("low:Q", title="Failures a day (count)", axis=count_axis()),
            y2="high:Q",
            color=alt.Color("kind:N", title=None, scale=scale, legend=key),
            tooltip=[
                alt.Tooltip("when:N", title="Time"),
                alt.Tooltip("kind:N", title="Group"),
                alt.Tooltip("count:Q", title="Failures", format=",d"),
            ],
        )
        .properties(height=240)
    )
    return chart


def movers(*, frame: pd.DataFrame) -> AnyChart:
    """Return the change of each group as a bar to the right (more) or to the left (fewer)."""
    ground = alt.Chart(frame)
    y = alt.Y("label:N", title=None, sort=None, axis=None)
    bars = ground.mark_bar(size=12, yOffset=9).encode(
        x=alt.X(
            "more:Q",
            title="Failures more or fewer (count)",
            axis=short_axis(),
        ),
        y=y,
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
    # Above their bars, and not beside them: a phone has no room for both.
    names = ground.mark_text(align="left", baseline="middle", x=2, yOffset=-8).encode(
        y=y, text="label:N"
    )
    return alt.layer(bars, names).properties(height={"step": 42})
