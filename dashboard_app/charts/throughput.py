"""Jobs created and ended, and attempts started: the chart whose brush narrows the page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, time_axis, tooltips, with_times
from dashboard_app.charts.line_widths import line_widths
from dashboard_app.charts.stacked_bars import RESULT_COLOURS, colour_scale, legend, stacked_bars
from dashboard_app.charts.units import count_y
from dashboard_app.frames.trends import stacked, with_gaps
from dashboard_app.periods import Period

FOCUS = "focus"
_SMALL_HEIGHT = 96
_SMALL_TICKS = 4
_COUNTED = "Jobs and attempts (count)"
_ENDED_TOOLTIP = tooltips(("kind:N", "Result", ""), ("count:Q", "Jobs ended", ",d"))
_LINES = {
    "created": ("Jobs created", palette.CREATED),
    "started": ("Attempts started", palette.STARTED),
}


def throughput(
    *,
    frame: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    spikes: pd.DataFrame | None = None,
    height: int = 260,
) -> AnyChart:
    """Return jobs ended by result as bars, jobs created and attempts started as lines.

    Mark `spikes` (columns `at`, `failures`) above. The brush `focus` gives a range of
    `x`, in milliseconds since 1970.
    """
    brush = alt.selection_interval(name=FOCUS, encodings=["x"])
    bars = results(frame=frame, period=period, zone=zone).add_params(brush)
    layers = [bars, _begun(frame=frame, period=period, zone=zone)]
    if spikes is not None and not spikes.empty:
        marks = spike_marks(spikes=spikes, period=period, zone=zone)
        layers.append(marks.encode(y=alt.value(0)))
    chart = alt.layer(*layers)
    return chart.resolve_scale(color="independent").properties(height=height)


def spike_marks(*, spikes: pd.DataFrame, period: Period, zone: ZoneInfo) -> alt.Chart:
    """Mark each interval with unusually many failures, with its most frequent error if known."""
    timed = with_times(spikes, period=period, zone=zone)
    cause = ["label"] if "label" in spikes else []
    columns = ["middle", "when", "group", "failures", *cause, "rate"]
    chart: alt.Chart = (
        alt.Chart(timed[columns])
        .mark_point(shape="diamond", color=palette.OUTCOMES["failed"], filled=True, size=90)
        .encode(
            x=time_axis(period=period, zone=zone, field="middle"),
            tooltip=[
                alt.Tooltip("when:N", title="Unusually many failures"),
                alt.Tooltip("group:N", title="Series"),
                alt.Tooltip("failures:N", title="Failures"),
                *(alt.Tooltip(f"{one}:N", title="Most frequent error then") for one in cause),
            ],
        )
    )
    return chart


def results(*, frame: pd.DataFrame, period: Period, zone: ZoneInfo) -> alt.Chart:
    """Return jobs ended, stacked by result."""
    return stacked_bars(
        counts=_by_result(frame),
        period=period,
        zone=zone,
        x=time_axis(period=period, zone=zone),
        y=count_y("low:Q", _COUNTED),
        colours=RESULT_COLOURS,
        tooltip=_ENDED_TOOLTIP,
        key=legend(),
    )


def _by_result(frame: pd.DataFrame) -> pd.DataFrame:
    counts = stacked(frame)
    return counts.assign(kind=counts["kind"].map(words.RESULTS))


def small_results(
    *, frame: pd.DataFrame, period: Period, zone: ZoneInfo, groups: list[str]
) -> alt.FacetChart:
    """Return small charts of results side by side, one for each group, for an export."""
    return (
        _small(frame=frame, period=period, zone=zone, groups=groups)
        .properties(width=260, height=_SMALL_HEIGHT)
        .facet(
            alt.Facet("group:N", title=None, sort=groups, header=alt.Header(labelFontWeight=600)),
            columns=3,
        )
    )


def small_result(
    *, frame: pd.DataFrame, period: Period, zone: ZoneInfo, group: str, most: float
) -> alt.Chart:
    """Return the small chart of one group; its axis reaches up to `most` jobs."""
    chart: alt.Chart = _small(frame=frame, period=period, zone=zone, groups=[group], most=most)
    return chart.properties(height=_SMALL_HEIGHT)


def most_ended(frame: pd.DataFrame) -> float:
    """Return the most jobs that ended in one interval of one group."""
    return float(frame["ended"].max())


def _small(
    *,
    frame: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    groups: list[str],
    most: float | None = None,
) -> alt.Chart:
    """Return results of some groups; without a legend where the axis reaches up to `most`."""
    return stacked_bars(
        counts=_by_result(frame[frame["group"].isin(groups)]),
        period=period,
        zone=zone,
        x=time_axis(period=period, zone=zone, ticks=4).title(None),
        y=count_y("low:Q", "Ended (count)", ticks=_SMALL_TICKS, most=most),
        colours=RESULT_COLOURS,
        tooltip=[alt.Tooltip("group:N", title="Group"), *_ENDED_TOOLTIP],
        key=legend() if most is None else None,
    )


def _begun(*, frame: pd.DataFrame, period: Period, zone: ZoneInfo) -> alt.Chart:
    """Return jobs created and attempts started as lines, which break at gaps."""
    grid = with_gaps(frame[["group", "at", "complete", *_LINES]], period)
    timed = with_times(grid, period=period, zone=zone)
    long = timed.melt(
        id_vars=["middle", "when", "part"],
        value_vars=list(_LINES),
        var_name="kind",
        value_name="count",
    )
    long["kind"] = long["kind"].map({name: label for name, (label, _) in _LINES.items()})
    return (
        alt.Chart(long)
        .mark_line(point={"size": 10, "filled": True})
        .encode(
            x=time_axis(period=period, zone=zone, field="middle"),
            y=count_y("count:Q", _COUNTED),
            color=alt.Color(
                "kind:N",
                title=None,
                scale=colour_scale(dict(_LINES.values())),
                legend=legend(orient="bottom"),
            ),
            strokeWidth=line_widths("kind", [label for label, _ in _LINES.values()]),
            tooltip=tooltips(("kind:N", "Kind", ""), ("count:Q", "Count", ",d")),
        )
    )
