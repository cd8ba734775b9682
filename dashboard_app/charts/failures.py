"""Charts of failures: first failures on the error rate, error groups by day, changes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, time_axis, with_times
from dashboard_app.charts.stacked_bars import colour_scale, legend, stacked_bars
from dashboard_app.charts.units import count_y, short_axis
from dashboard_app.frames import trends
from dashboard_app.frames.columns import MOMENT
from dashboard_app.periods import Period

_FAILED = palette.OUTCOMES["failed"]
_HEIGHT = 190
_TICKS = 6  # as many as a phone has room for
_OTHERS = "Others"


def annotated(*, chart: AnyChart, notes: pd.DataFrame, period: Period, zone: ZoneInfo) -> AnyChart:
    """Return a chart over time with marks for the first failure of each new error group.

    `notes` has the columns `at`, `label` and `count`.
    """
    timed = with_times(notes, period=period, zone=zone)
    ground = alt.Chart(timed[["x", "when", "label", "count"]])
    x = time_axis(period=period, zone=zone, ticks=6)
    tooltip = [
        alt.Tooltip("when:N", title="Time"),
        alt.Tooltip("label:N", title="First failure of a new error group"),
        alt.Tooltip("count:Q", title="Failures in the period", format=",d"),
    ]
    rules = ground.mark_rule(color=_FAILED, strokeDash=[2, 3], opacity=0.7).encode(
        x=x, tooltip=tooltip
    )
    flags = ground.mark_point(
        shape="triangle-down", color=_FAILED, filled=True, size=70, yOffset=4
    ).encode(x=x, y=alt.value(0), tooltip=tooltip)
    return alt.layer(*getattr(chart, "layer", [chart]), rules, flags).properties(height=_HEIGHT)


def group_colours(frame: pd.DataFrame, labels: list[str]) -> dict[str, str]:
    """Return the colour of each error group, and of the others where there are any."""
    colours = dict(zip(labels, palette.GROUPS, strict=False))
    return colours if frame["label"].isin(labels).all() else {**colours, _OTHERS: palette.THIRD}


def groups_over_time(
    *,
    frame: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    labels: list[str],
    has_legend: bool = True,
) -> alt.Chart:
    """Return failures per day, stacked by error group; those not in `labels` are "Others"."""
    named = frame.assign(label=frame["label"].where(frame["label"].isin(labels), _OTHERS))
    table = named.pivot_table(index="at", columns="label", values="count", aggfunc="sum")
    there = [name for name in [*labels, _OTHERS] if name in table]
    return stacked_bars(
        counts=trends.stacked(table.reset_index().astype({"at": MOMENT}), there),
        period=period,
        zone=zone,
        x=time_axis(period=period, zone=zone),
        y=count_y("low:Q", "Failures per day (count)"),
        colours=group_colours(frame, labels),
        tooltip=[
            alt.Tooltip("when:N", title="Time"),
            alt.Tooltip("kind:N", title="Error group"),
            alt.Tooltip("count:Q", title="Failures", format=",d"),
        ],
        key=legend(columns=1) if has_legend else None,
    ).properties(height=240)


def movers(*, frame: pd.DataFrame) -> AnyChart:
    """Return the change of each error group as a bar to the right (more) or the left (fewer)."""
    ground = alt.Chart(frame)
    y = alt.Y("label:N", title=None, sort=None, axis=None)
    bars = ground.mark_bar(size=12, yOffset=9).encode(
        x=alt.X("more:Q", title="Change in failures (count)", axis=short_axis(tickCount=_TICKS)),
        y=y,
        color=alt.Color(
            "direction:N",
            title=None,
            scale=colour_scale({"More": _FAILED, "Fewer": palette.OUTCOMES["succeeded"]}),
            legend=legend(),
        ),
        tooltip=[
            alt.Tooltip("label:N", title="Error group"),
            alt.Tooltip("count_before:Q", title="Previous period", format=",d"),
            alt.Tooltip("count:Q", title="This period", format=",d"),
            alt.Tooltip("change:Q", title="Change", format="+,d"),
            alt.Tooltip("more:Q", title="Change in failures", format="+,.1f"),
        ],
    )
    # Above their bars, and not beside them: a phone has no room for both. Where it has none for a
    # whole name, that ends in an ellipsis.
    names = ground.mark_text(
        align="left", baseline="middle", x=2, yOffset=-8, limit=alt.ExprRef("width - 4")
    ).encode(y=y, text="label:N")
    return alt.layer(bars, names).properties(height={"step": 42})
