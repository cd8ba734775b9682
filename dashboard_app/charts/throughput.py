"""What was created, started and ended, by result: the chart that the others are narrowed by."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, time_axis, tooltips, with_times
from dashboard_app.charts.units import count_axis
from dashboard_app.frames.columns import RESULTS
from dashboard_app.frames.trends import stacked, with_gaps
from dashboard_app.periods import Span

FOCUS = "focus"
_SO_FAR_OPACITY = 0.45
_SMALL_HEIGHT = 96
_LINES = {"created": ("Jobs created", palette.CREATED), "started": ("Started", palette.STARTED)}


def throughput(
    *,
    frame: pd.DataFrame,
    span: Span,
    zone: ZoneInfo,
    spikes: pd.DataFrame | None = None,
    height: int = 260,
) -> AnyChart:
    """Return attempts ended by result as bars, created jobs and started attempts as lines.

    *spikes*, with `at`, `said` and `label`, are marked above.

    Its brush is called `focus` and gives a range of `x`, in milliseconds.
    """
    brush = alt.selection_interval(name=FOCUS, encodings=["x"])
    bars = results(frame=frame, span=span, zone=zone).add_params(brush)
    layers = [bars, _begun(frame=frame, span=span, zone=zone)]
    if spikes is not None and not spikes.empty:
        marks = spike_marks(spikes=spikes, span=span, zone=zone)
        layers.append(marks.encode(y=alt.value(0)))
    chart = alt.layer(*layers)
    return chart.resolve_scale(color="independent").properties(height=height)


def spike_marks(*, spikes: pd.DataFrame, span: Span, zone: ZoneInfo) -> alt.Chart:
    """Return a mark for each interval in which failures stand out, with what failed most."""
    timed = with_times(spikes, span=span, zone=zone)
    columns = ["middle", "when", "group", "said", "label", "rate"]
    chart: alt.Chart = (
        alt.Chart(timed[columns])
        .mark_point(shape="diamond", color=palette.OUTCOMES["failed"], filled=True, size=90)
        .encode(
            x=time_axis(span=span, zone=zone, field="middle"),
            tooltip=[
                alt.Tooltip("when:N", title="Failures stand out"),
                alt.Tooltip("group:N", title="Series"),
                alt.Tooltip("said:N", title="Here"),
                alt.Tooltip("label:N", title="Most frequent that day"),
            ],
        )
    )
    return chart


def results(*, frame: pd.DataFrame, span: Span, zone: ZoneInfo) -> alt.Chart:
    """Return attempts ended, stacked by result; the running interval is paler."""
    long = with_times(stacked(frame), span=span, zone=zone)
    long["kind"] = long["kind"].map(words.OUTCOMES)
    return (
        alt.Chart(long[["x", "x_end", "kind", "count", "low", "high", "when", "part"]])
        .mark_rect()
        .encode(
            x=time_axis(span=span, zone=zone),
            x2="x_end:Q",
            y=alt.Y("low:Q", title="Jobs and attempts (count)", axis=count_axis()),
            y2="high:Q",
            color=alt.Color("kind:N", title=None, scale=outcome_scale(), legend=legend()),
            opacity=so_far(),
            tooltip=tooltips(("kind:N", "Result", ""), ("count:Q", "Attempts ended", ",d")),
        )
    )


def small_results(
    *, frame: pd.DataFrame, span: Span, zone: ZoneInfo, groups: list[str]
) -> alt.FacetChart:
    """Return a small chart of results for each of some groups, on one scale, as one to export."""
    return (
        _small(frame=frame, span=span, zone=zone, groups=groups)
        .properties(width=260, height=_SMALL_HEIGHT)
        .facet(
            alt.Facet("group:N", title=None, sort=groups, header=alt.Header(labelFontWeight=600)),
            columns=3,
        )
    )


def small_result(
    *, frame: pd.DataFrame, span: Span, zone: ZoneInfo, group: str, most: float
) -> alt.Chart:
    """Return the small chart of one group, up to the *most* that stands in any beside it."""
    chart: alt.Chart = _small(frame=frame, span=span, zone=zone, groups=[group], most=most)
    return chart.properties(height=_SMALL_HEIGHT)


def most_ended(frame: pd.DataFrame) -> float:
    """Return how many attempts ended in the interval of a group that saw the most."""
    return float(frame["ended"].max())


def _small(
    *,
    frame: pd.DataFrame,
    span: Span,
    zone: ZoneInfo,
    groups: list[str],
    most: float | None = None,
) -> alt.Chart:
    """Return results of some groups; without a legend where the scale is given from outside."""
    kept = frame[frame["group"].isin(groups)]
    scale = alt.Scale() if most is None else alt.Scale(domain=[0, most])
    key = legend() if most is None else None
    long = with_times(stacked(kept), span=span, zone=zone)
    long["kind"] = long["kind"].map(words.OUTCOMES)
    return (
        alt.Chart(long[["group", "x", "x_end", "kind", "count", "low", "high", "when", "part"]])
        .mark_rect()
        .encode(
            x=time_axis(span=span, zone=zone, ticks=4).title(None),
            x2="x_end:Q",
            y=alt.Y("low:Q", title="Ended (count)", axis=count_axis(tickCount=4), scale=scale),
            y2="high:Q",
            color=alt.Color("kind:N", title=None, scale=outcome_scale(), legend=key),
            opacity=so_far(),
            tooltip=[
                alt.Tooltip("group:N", title="Group"),
                *tooltips(("kind:N", "Result", ""), ("count:Q", "Attempts ended", ",d")),
            ],
        )
    )


def _begun(*, frame: pd.DataFrame, span: Span, zone: ZoneInfo) -> alt.Chart:
    """Return created jobs and started attempts as lines that break where nothing was counted."""
    grid = with_gaps(frame[["group", "at", "complete", *_LINES]], span)
    timed = with_times(grid, span=span, zone=zone)
    long = timed.melt(
        id_vars=["middle", "when", "part"],
        value_vars=list(_LINES),
        var_name="kind",
        value_name="count",
    )
    long["kind"] = long["kind"].map({name: label for name, (label, _) in _LINES.items()})
    labels = [label for label, _ in _LINES.values()]
    colours = [colour for _, colour in _LINES.values()]
    return (
        alt.Chart(long)
        .mark_line(strokeWidth=1.5, point={"size": 10, "filled": True})
        .encode(
            x=time_axis(span=span, zone=zone, field="middle"),
            y=alt.Y("count:Q", title="Jobs and attempts (count)", axis=count_axis()),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=alt.Scale(domain=labels, range=colours),
                legend=legend(orient="bottom"),
            ),
            tooltip=tooltips(("kind:N", "What", ""), ("count:Q", "Count", ",d")),
        )
    )


def outcome_scale() -> alt.Scale:
    """Return the scale that gives each result its colour, by its word."""
    return alt.Scale(
        domain=[words.OUTCOMES[name] for name in RESULTS],
        range=[palette.OUTCOMES[name] for name in RESULTS],
    )


def legend(columns: int = 3, orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """Return a legend above or below the chart, in as many columns as a phone has room for."""
    return alt.Legend(
        orient=orient, direction="horizontal", columns=columns, labelLimit=220, title=None
    )


def so_far() -> Any:
    """Return the opacity that tells the running interval from those that are over."""
    return alt.condition("datum.part == 'so far'", alt.value(_SO_FAR_OPACITY), alt.value(1))
