"""The burn-up of a project: jobs done over time, beside what is expected and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart, in_milliseconds, time_axis
from dashboard_app.charts.stacked_bars import colour_scale, legend
from dashboard_app.charts.units import count_axis
from dashboard_app.frames.projects import BurnUp
from dashboard_app.periods import DAY, Period, begin_of, day_of

DONE, AHEAD, EVEN, EXPECTED, DUE = (
    "Done",
    "At this pace",
    "Even pace until due",
    "Expected",
    "Due",
)
_COLOURS = {
    DONE: palette.OUTCOMES["succeeded"],
    AHEAD: palette.SECOND,
    EVEN: palette.PREVIOUS,
    EXPECTED: palette.THIRD,
    DUE: palette.OUTCOMES["failed"],
}
_DASHES = {DONE: [1, 0], AHEAD: [2, 3], EVEN: [6, 4], EXPECTED: [1, 0], DUE: [1, 0]}


def lines(project: Mapping[str, Any], burn: BurnUp, now: datetime) -> pd.DataFrame:
    """Return the points of each line: `line`, `at`, `count` of jobs."""
    due, created = (
        None if project[name] is None else datetime.fromisoformat(project[name])
        for name in ("due_at", "created_at")
    )
    first = burn.line["at"].iloc[0].to_pydatetime()
    last = _last(burn, first, due, now)
    expected, done = project["jobs_expected"], project["jobs_done"]
    found = [(DONE, at, count) for at, count in burn.line.itertuples(index=False)]
    if burn.end_at is not None:
        share = min(1.0, (last - now) / (burn.end_at - now))
        found += [
            (AHEAD, now, done),
            (AHEAD, min(last, burn.end_at), done + share * (expected - done)),
        ]
    if expected is not None and due is not None and (created or first) < due:
        found += [(EVEN, created or first, 0), (EVEN, due, expected)]
    if expected is not None:
        found += [(EXPECTED, first, expected), (EXPECTED, last, expected)]
    if due is not None:
        found += [(DUE, due, 0), (DUE, due, max(expected or 0, done, 1))]
    frame = pd.DataFrame(found, columns=["line", "at", "count"])
    return frame.assign(at=pd.to_datetime(frame["at"], utc=True))


def _last(burn: BurnUp, first: datetime, due: datetime | None, now: datetime) -> datetime:
    """Return where the chart ends: an end that is far away would press all else together."""
    furthest = now + 2 * max(now - first, (due or now) - now)
    return max(now, due or now, min(burn.end_at or now, furthest))


def burn_up(*, frame: pd.DataFrame, period: Period, zone: ZoneInfo) -> AnyChart:
    """Return the lines of a burn-up, a frame of `lines`, from the first to the last of its days."""
    there = [name for name in _COLOURS if name in set(frame["line"])]
    begin, end = frame.loc[frame["line"] != EVEN, "at"].agg(["min", "max"])
    shown = replace(
        period,
        start=begin_of(day_of(begin.to_pydatetime(), zone), zone),
        end=begin_of(day_of(end.to_pydatetime(), zone) + DAY, zone),
        zone=zone,
    )
    timed = frame.assign(
        x=in_milliseconds(frame["at"]),
        order=range(len(frame)),
        when=[_when(at.to_pydatetime(), zone) for at in frame["at"]],
    )
    x = time_axis(period=shown, zone=zone)
    return (
        alt.Chart(timed[["line", "x", "count", "when", "order"]])
        .mark_line(clip=True)
        .encode(
            x=x,
            y=alt.Y("count:Q", title="Jobs (count)", axis=count_axis()),
            order=alt.Order("order:Q"),
            color=alt.Color(
                "line:N",
                title=None,
                scale=colour_scale({name: _COLOURS[name] for name in there}),
                legend=legend(),
            ),
            strokeDash=alt.StrokeDash(
                "line:N",
                scale=alt.Scale(domain=there, range=[_DASHES[name] for name in there]),
                legend=None,
            ),
            strokeWidth=alt.condition(f"datum.line == '{DONE}'", alt.value(3), alt.value(1.5)),
            tooltip=[
                alt.Tooltip("line:N", title="Line"),
                alt.Tooltip("when:N", title="Time"),
                alt.Tooltip("count:Q", title="Jobs", format=",.0f"),
            ],
        )
        .properties(height=260)
    )


def _when(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"
