"""The time of one job: its attempts, their stages and its parts on one axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
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
# Heights in pixels. The parts share a height, however many are at once.
_LABEL, _BAR, _STAGE, _GAP = 16, 14, 18, 8
_ALL_LANES, _WIDEST_LANE = 160, 12
_NAMED_SHARE = 0.12
_TIMES = (
    alt.Tooltip("begins:N", title="Started"),
    alt.Tooltip("ends:N", title="Until"),
    alt.Tooltip("took:N", title="Duration"),
)


@dataclass(frozen=True)
class _Room:
    """Where everything lies: tops in pixels by attempt, the top of the parts, a lane's height."""

    tops: dict[int, float]
    parts: float
    lane: float
    height: float


def gantt(
    *,
    frame: pd.DataFrame,
    events: pd.DataFrame,
    stages: pd.DataFrame,
    parts: pd.DataFrame,
    zone: ZoneInfo,
) -> AnyChart:
    """Return a bar for each attempt, stage and part of a job, and a tick for each event.

    `frame` is one of `jobs.attempts`, `events` of `jobs.entries`; `stages` and `parts` are of
    `job_times`. The newest attempt comes first.
    """
    begun = frame.dropna(subset=["started_at"])
    drawn = parts.dropna(subset=["started_at"])
    room = _room(begun, events, stages, drawn)
    spans = [one[name] for one in (begun, stages, drawn) for name in ("started_at", "until")]
    moments = [at for column in (*spans, events["occurred_at"]) for at in column]
    x = alt.X("x:Q", **_axis(min(moments), max(moments), zone))
    scale = alt.Scale(domain=[0, room.height], reverse=True, nice=False, zero=False)
    y = alt.Y("y:Q", scale=scale, axis=None)
    layers = [
        _outcomes(begun, drawn, room, zone).encode(x=x, y=y),
        *(layer.encode(x=x, y=y) for layer in _stages(stages, room, zone)),
        _ticks(events, room, zone).encode(x=x, y=y),
        _labels(room, len(drawn)).encode(y=y),
    ]
    return alt.layer(*layers).properties(height=room.height)


def _room(
    begun: pd.DataFrame, events: pd.DataFrame, stages: pd.DataFrame, drawn: pd.DataFrame
) -> _Room:
    tops, y = {}, 0.0
    for attempt in sorted({*begun["attempt"], *events["attempt"]}, reverse=True):
        tops[int(attempt)] = y + _LABEL
        y += _LABEL + _BAR + (_STAGE if stages["attempt"].eq(attempt).any() else 0) + _GAP
    if drawn.empty:
        return _Room(tops, y, 0, y)
    lanes = int(drawn["lane"].max()) + 1
    lane = min(_ALL_LANES / lanes, _WIDEST_LANE)
    return _Room(tops, y + _LABEL, lane, y + _LABEL + lanes * lane + _GAP)


def _spans(rows: pd.DataFrame, zone: ZoneInfo) -> pd.DataFrame:
    """Return where each row begins and ends, on the axis and in words."""
    seconds = [None if pd.isna(one) else one for one in rows["duration_seconds"]]
    return pd.DataFrame(
        {
            "x": in_milliseconds(rows["started_at"]),
            "x_end": in_milliseconds(rows["until"]),
            "begins": [words.moment(at, zone) for at in rows["started_at"]],
            "ends": [words.moment(at, zone) for at in rows["until"]],
            "took": [words.duration(one) for one in seconds],
        },
        index=rows.index,
    )


def _outcomes(begun: pd.DataFrame, drawn: pd.DataFrame, room: _Room, zone: ZoneInfo) -> alt.Chart:
    """Return the bars of attempts and parts, coloured by outcome."""
    tops = begun["attempt"].map(room.tops).astype(float)
    part_tops = room.parts + drawn["lane"].astype(float) * room.lane
    attempts = _spans(begun, zone).assign(
        what="Attempt " + begun["attempt"].astype("string"),
        y=tops,
        y_end=tops + _BAR,
        outcome=begun["outcome"],
        error=begun["error_type"].fillna("none"),
    )
    parts = _spans(drawn, zone).assign(
        what=drawn["name"].fillna(drawn["job_id"]),
        y=part_tops,
        y_end=part_tops + room.lane * 0.85,
        outcome=drawn["outcome"],
        error=drawn["error_type"].fillna("none"),
    )
    bars = pd.concat([one for one in (attempts, parts) if len(one)] or [attempts])
    there = [name for name in palette.OUTCOMES if bars["outcome"].eq(name).any()]
    bars["word"] = bars["outcome"].map(words.OUTCOMES)
    return (
        alt.Chart(bars.drop(columns="outcome"))
        .mark_rect(cornerRadius=2)
        .encode(
            x2="x_end:Q",
            y2="y_end:Q",
            color=alt.Color("word:N", title=None, scale=outcome_scale(there), legend=legend()),
            tooltip=[
                alt.Tooltip("what:N", title="What"),
                alt.Tooltip("word:N", title="Outcome"),
                *_TIMES,
                alt.Tooltip("error:N", title="Error"),
            ],
        )
    )


def _stages(stages: pd.DataFrame, room: _Room, zone: ZoneInfo) -> Iterator[alt.Chart]:
    """Yield the bars of stages, and the names of those that have room for one."""
    if stages.empty:
        return
    tops = stages["attempt"].map(room.tops).astype(float) + _BAR + 2
    rows = _spans(stages, zone).assign(stage=stages["stage"], y=tops, y_end=tops + _STAGE - 4)
    yield (
        alt.Chart(rows)
        .mark_rect(fill=palette.STARTED, fillOpacity=0.15, stroke=palette.THIRD)
        .encode(
            x2="x_end:Q", y2="y_end:Q", tooltip=[alt.Tooltip("stage:N", title="Stage"), *_TIMES]
        )
    )
    wide = rows["x_end"] - rows["x"] > _NAMED_SHARE * (rows["x_end"].max() - rows["x"].min())
    middles = rows[wide].assign(y=rows["y"] + _STAGE / 2 - 2)[["x", "y", "stage"]]
    yield alt.Chart(middles).mark_text(align="left", dx=4, limit=90).encode(text="stage:N")


def _ticks(events: pd.DataFrame, room: _Room, zone: ZoneInfo) -> alt.Chart:
    """Return a tick for each event, on the bar of its attempt."""
    tops = events["attempt"].map(room.tops).astype(float)
    rows = pd.DataFrame(
        {
            "x": in_milliseconds(events["occurred_at"]),
            "y": tops - 2,
            "y_end": tops + _BAR + 2,
            "what": events["what"],
            "when": [words.moment(at, zone) for at in events["occurred_at"]],
        }
    )
    return (
        alt.Chart(rows)
        .mark_rule(color=palette.THIRD, opacity=0.8, strokeWidth=2)
        .encode(
            y2="y_end:Q",
            tooltip=[
                alt.Tooltip("when:N", title="Event"),
                alt.Tooltip("what:N", title="What happened"),
            ],
        )
    )


def _labels(room: _Room, parts: int) -> alt.Chart:
    """Return what stands above the bars: which attempt it is, and how many parts there are."""
    rows = [{"y": top - _LABEL / 2, "text": f"Attempt {one}"} for one, top in room.tops.items()]
    if parts:
        rows.append({"y": room.parts - _LABEL / 2, "text": words.counted(parts, "part")})
    return (
        alt.Chart(pd.DataFrame(rows)).mark_text(align="left").encode(x=alt.value(0), text="text:N")
    )


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
