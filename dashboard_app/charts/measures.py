"""Measures over time: alone, by group, or with the previous period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, time_axis, tooltips, with_times
from dashboard_app.charts.line_widths import line_widths
from dashboard_app.charts.stacked_bars import colour_scale, legend, stacked_bars
from dashboard_app.charts.throughput import spike_marks
from dashboard_app.charts.units import DurationUnit, axis_for, count_y, unit_of
from dashboard_app.frames import trends
from dashboard_app.frames.columns import NUMBER
from dashboard_app.frames.trends import with_gaps
from dashboard_app.periods import Period

NOW, BEFORE = "This period", "Previous period"
_HEIGHT = 190
_SECONDS = "seconds"


@dataclass(frozen=True)
class Measure:
    """A column of points, its title and unit, and the format of its numbers (d3-format)."""

    column: str
    title: str
    unit: str
    number: str
    of: str | None = None
    """The column with the number of jobs that a point is made of, where the chart shows it."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns that a chart needs."""
        return (self.column,) if self.of is None else (self.column, self.of)

    @property
    def axis_title(self) -> str:
        """Return the title of an axis, with its unit."""
        return f"{self.title} ({self.unit})"

    def within(self, *frames: pd.DataFrame) -> tuple[Measure, list[pd.DataFrame]]:
        """Return the measure and its frames; durations are in one unit that suits all frames."""
        if self.of is not None:
            return self, [trends.judged(frame) for frame in frames]
        if self.unit != _SECONDS:
            return self, list(frames)
        unit = unit_of(frame[self.column] for frame in frames)
        column = self.column.replace(_SECONDS, unit.name)
        shown = replace(self, column=column, unit=unit.name)
        return shown, [_in_unit(frame, {self.column: column}, unit) for frame in frames]


RECORDS = {
    "records_ok": ("Done", palette.OUTCOMES["succeeded"]),
    "records_failed": ("Failed", palette.OUTCOMES["failed"]),
    "records_skipped": ("Skipped", palette.OUTCOMES["cancelled"]),
}
TOKENS = {"input_tokens": ("Input", palette.MEASURE), "output_tokens": ("Output", palette.SECOND)}
MEASURES = {
    measure.column: measure
    for measure in (
        Measure("error_rate", "Error rate", "%", ".1%", of="judged"),
        Measure("duration_p50_seconds", "Median", _SECONDS, ",.1f"),
        Measure("duration_p95_seconds", "95th percentile", _SECONDS, ",.1f"),
        Measure("records", "Records", "count", ",d"),
        Measure("tokens", "Tokens", "input and output", ",d"),
        Measure("cost_usd", "Cost", "USD", "$,.4f"),
    )
}


def compared(
    *,
    frame: pd.DataFrame,
    before: pd.DataFrame | None,
    measure: Measure,
    period: Period,
    zone: ZoneInfo,
) -> AnyChart:
    """Return a measure as a line, and that of the previous period as a dashed line."""
    names, frames = ([NOW], [frame]) if before is None else ([BEFORE, NOW], [before, frame])
    measure, frames = measure.within(*frames)
    layers = [
        _line(
            series=_series(one, measure.columns, period, zone).assign(group=name),
            measure=measure,
            period=period,
            zone=zone,
            scale=colour_scale({BEFORE: palette.PREVIOUS, NOW: palette.MEASURE}),
            dashed=name == BEFORE,
        )
        for name, one in zip(names, frames, strict=True)
    ]
    return alt.layer(*layers).properties(height=_HEIGHT)


def by_group(  # noqa: PLR0913 - all by name
    *,
    frame: pd.DataFrame,
    measure: Measure,
    period: Period,
    zone: ZoneInfo,
    groups: list[str],
    spikes: pd.DataFrame | None = None,
) -> AnyChart:
    """Return a line for each group, which has the same colour in all charts of a page.

    Mark `spikes` (columns `at`, `group`, `rate`, `failures`, `label`) on the lines.
    """
    measure, [kept] = measure.within(frame[frame["group"].isin(groups)])
    scale = alt.Scale(domain=sorted(groups), range=list(palette.GROUPS[: len(groups)]))
    series = _series(kept, measure.columns, period, zone)
    lines = _line(series=series, measure=measure, period=period, zone=zone, scale=scale)
    shown = None if spikes is None else spikes[spikes["group"].isin(groups)]
    if shown is None or shown.empty:
        return lines.properties(height=_HEIGHT)
    marks = spike_marks(spikes=shown, period=period, zone=zone).encode(
        y=alt.Y("rate:Q", title=measure.axis_title, axis=axis_for(measure.number))
    )
    return alt.layer(lines, marks).properties(height=_HEIGHT)


def percentiles(*, frame: pd.DataFrame, period: Period, zone: ZoneInfo) -> alt.Chart:
    """Return the median and the 95th percentile of durations, as the API gives them."""
    names = {"duration_p50_seconds": "Median", "duration_p95_seconds": "95th percentile"}
    unit = unit_of(frame[name] for name in names)
    scaled = _in_unit(frame, {name: name for name in names}, unit)
    series = _series(scaled, tuple(names), period, zone).melt(
        id_vars=["middle", "when", "part"],
        value_vars=list(names),
        var_name="group",
        value_name="value",
    )
    series["group"] = series["group"].map(names)
    measure = Measure("value", "Duration", unit.name, ",.1f")
    colours = [palette.MEASURE, palette.SECOND]
    scale = alt.Scale(domain=list(names.values()), range=colours)
    return _line(series=series, measure=measure, period=period, zone=zone, scale=scale).properties(
        height=_HEIGHT
    )


def stacked(
    *,
    frame: pd.DataFrame,
    columns: dict[str, tuple[str, str]],
    title: str,
    period: Period,
    zone: ZoneInfo,
) -> alt.Chart:
    """Return counters as stacked bars; `columns` gives each its word and its colour."""
    counts = trends.stacked(frame, tuple(columns))
    counts["kind"] = counts["kind"].map({name: word for name, (word, _) in columns.items()})
    return stacked_bars(
        counts=counts,
        period=period,
        zone=zone,
        x=time_axis(period=period, zone=zone, ticks=6),
        y=count_y("low:Q", title),
        colours=dict(columns.values()),
        tooltip=tooltips(("kind:N", "Kind", ""), ("count:Q", title, ",")),
        key=legend(),
    ).properties(height=_HEIGHT)


def _in_unit(frame: pd.DataFrame, columns: Mapping[str, str], unit: DurationUnit) -> pd.DataFrame:
    """Convert columns of seconds to a unit; `columns` gives the new name of each."""
    scaled = {new: frame[old] / unit.seconds for old, new in columns.items()}
    return frame.drop(columns=list(columns)).assign(**scaled)


def _series(
    frame: pd.DataFrame, columns: tuple[str, ...], period: Period, zone: ZoneInfo
) -> pd.DataFrame:
    """Return some columns with a row for each interval; NA where nothing was counted."""
    kept = ["group", "at", *(["complete"] if "complete" in frame else []), *columns]
    return with_times(with_gaps(frame[kept], period), period=period, zone=zone)


def _line(  # noqa: PLR0913 - all by name
    *,
    series: pd.DataFrame,
    measure: Measure,
    period: Period,
    zone: ZoneInfo,
    scale: alt.Scale,
    dashed: bool = False,
) -> alt.Chart:
    """Return lines that break at gaps, with points so that a value between two gaps is seen."""
    value = f"{measure.column}:Q"
    dash: dict[str, Any] = {"strokeDash": [4, 3]} if dashed else {}
    point = {"size": 12, "filled": True, "opacity": 0.5 if dashed else 1}
    columns = ["group", "middle", "when", "part", *measure.columns]
    data = series[columns].assign(**{measure.column: series[measure.column].astype(NUMBER)})
    return (
        alt.Chart(data)
        .mark_line(point=point, **dash)
        .encode(
            x=time_axis(period=period, zone=zone, ticks=6, field="middle"),
            y=_value_axis(value, data[measure.column], measure),
            color=alt.Color("group:N", title=None, scale=scale, legend=legend()),
            strokeWidth=line_widths("group", scale.to_dict()["domain"]),
            tooltip=[
                alt.Tooltip("group:N", title="Series"),
                *tooltips((value, measure.axis_title, measure.number)),
                *([] if measure.of is None else [alt.Tooltip(f"{measure.of}:Q", title="Of jobs")]),
            ],
        )
    )


def _value_axis(encoding: str, values: pd.Series[Any], measure: Measure) -> alt.Y:
    """Return the axis of a measure; where all values are zero, it has the one tick 0 below."""
    if values.notna().any() and not values.any():
        scale, axis = alt.Scale(domain=[0, 1]), axis_for(measure.number, values=[0])
        return alt.Y(encoding, title=measure.axis_title, axis=axis, scale=scale)
    return alt.Y(encoding, title=measure.axis_title, axis=axis_for(measure.number))
