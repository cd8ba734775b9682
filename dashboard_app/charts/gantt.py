"""The attempts of one job over time."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, in_milliseconds, label_expression, milliseconds
from dashboard_app.charts.stacked_bars import legend, outcome_scale
from dashboard_app.periods import DAY, HOUR

_TICKS = 6
_SHORTEST = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_STEPS = (
    *(timedelta(seconds=one) for one in (1, 2, 5, 10, 15, 30)),
    *(one * _MINUTE for one in (1, 2, 5, 10, 15, 30)),
    *(one * HOUR for one in (1, 2, 3, 6, 12)),
    *(one * DAY for one in (1, 2, 7, 14, 28, 91, 364)),
)


def gantt(*, frame: pd.DataFrame, events: pd.DataFrame, zone: ZoneInfo) -> AnyChart:
    """Return a bar for each attempt (frame of `jobs.attempts`) and a tick for each event."""
    begun = frame.dropna(subset=["started_at"])
    seconds = [None if pd.isna(one) else one for one in begun["duration_seconds"]]
    bars = begun.assign(
        lane="Attempt " + begun["attempt"].astype("string"),
        word=begun["outcome"].map(words.OUTCOMES),
        begins=[words.moment(at, zone) for at in begun["started_at"]],
        ends=[words.moment(at, zone) for at in begun["until"]],
        took=[words.duration(one) for one in seconds],
        error=begun["error_message"].fillna("none"),
        x=in_milliseconds(begun["started_at"]),
        x_end=in_milliseconds(begun["until"]),
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
    """Return the title, scale and labels of a time axis from the first to the last moment.

    It does not go beyond the last moment, which is now while a job runs. Ticks are at round times
    of the local clock.
    """
    end = max(last, first + _SHORTEST)
    begin = first - (end - first) * 0.02
    step = next((one for one in _STEPS if (end - begin) / one <= _TICKS), _STEPS[-1])
    midnight = datetime.combine(begin.astimezone(zone).date(), time(), zone)
    number = (begin - midnight) // step + 1
    moments = []
    while (at := midnight + number * step) <= end:
        moments.append(at)
        number += 1
    days = begin.astimezone(zone).date() != end.astimezone(zone).date()
    style = "%d %b" if step >= DAY else "%d %b %H:%M" if days else "%H:%M"
    style += ":%S" if step < _MINUTE else ""
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
