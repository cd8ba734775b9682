"""The attempts of one job over time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, in_milliseconds, label_expression, milliseconds
from dashboard_app.charts.stacked_bars import legend, outcome_scale

_TICKS = 6
_SHORTEST = timedelta(seconds=1)


def gantt(*, frame: pd.DataFrame, events: pd.DataFrame, zone: ZoneInfo) -> AnyChart:
    """Return a bar for each attempt (frame of `jobs.attempts`) and a tick for each event."""
    bars = frame.dropna(subset=["started_at"]).assign(
        lane=lambda rows: "Attempt " + rows["attempt"].astype("string"),
        word=lambda rows: rows["outcome"].map(words.OUTCOMES),
        begins=lambda rows: [words.moment(at, zone) for at in rows["started_at"]],
        ends=lambda rows: [words.moment(at, zone) for at in rows["until"]],
        took=lambda rows: [
            words.duration(None if pd.isna(s) else s) for s in rows["duration_seconds"]
        ],
        error=lambda rows: rows["error_message"].fillna("none"),
        x=lambda rows: in_milliseconds(rows["started_at"]),
        x_end=lambda rows: in_milliseconds(rows["until"]),
    )
    ticks = events.assign(
        lane="Attempt " + events["attempt"].astype("string"),
        x=in_milliseconds(events["occurred_at"]),
        what=events["what"],
        when=[words.moment(at, zone) for at in events["occurred_at"]],
    )
    moments = [*bars["started_at"], *bars["until"], *ticks["occurred_at"]]
    x = _axis(min(moments), max(moments), zone)
    there = [name for name in palette.OUTCOMES if bars["outcome"].eq(name).any()]
    scale = outcome_scale(there)
    y = alt.Y("lane:N", title=None, sort=None)
    attempts = (
        alt.Chart(bars[["lane", "word", "begins", "ends", "took", "error", "x", "x_end"]])
        .mark_bar(height=18, cornerRadius=3)
        .encode(
            x=alt.X("x:Q", **x),
            x2="x_end:Q",
            y=y,
            color=alt.Color("word:N", title=None, scale=scale, legend=legend()),
            tooltip=[
                alt.Tooltip("lane:N", title="Attempt"),
                alt.Tooltip("word:N", title="Outcome"),
                alt.Tooltip("begins:N", title="Started"),
                alt.Tooltip("ends:N", title="Until"),
                alt.Tooltip("took:N", title="Duration"),
                alt.Tooltip("error:N", title="Error"),
            ],
        )
    )
    marks = (
        alt.Chart(ticks[["lane", "x", "what", "when"]])
        .mark_tick(thickness=2, size=26, color=palette.THIRD, opacity=0.8)
        .encode(
            x=alt.X("x:Q", **x),
            y=y,
            tooltip=[
                alt.Tooltip("when:N", title="Event"),
                alt.Tooltip("what:N", title="What happened"),
            ],
        )
    )
    lanes = len({*bars["lane"], *ticks["lane"]})
    return alt.layer(attempts, marks).properties(height=70 + 34 * max(1, lanes))


def _axis(first: datetime, last: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Return the title, scale and labels of a time axis from the first to the last moment."""
    length = max(last - first, _SHORTEST)
    begin, end = first - length * 0.02, last + length * 0.02
    steps = [begin + (end - begin) * number / _TICKS for number in range(_TICKS + 1)]
    moments = [at.replace(microsecond=0) for at in steps]
    days = begin.astimezone(zone).date() != end.astimezone(zone).date()
    style = "%d %b %H:%M" if days else "%H:%M:%S"
    labels = [(at, f"{at.astimezone(zone):{style}}") for at in moments]
    return {
        "title": f"Time ({zone})",
        "scale": alt.Scale(domain=[milliseconds(begin), milliseconds(end)], nice=False),
        "axis": alt.Axis(
            values=[milliseconds(at) for at in moments],
            labelExpr=label_expression(labels),
            grid=False,
        ),
    }
