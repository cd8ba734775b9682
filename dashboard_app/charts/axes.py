"""The time axis, in the analyst's zone.

Points lie at true moments, so that no hour covers another when clocks go back. Ticks and their
labels are computed here, in that zone, as a browser knows only UTC and its own zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.frames.trends import ends_of
from dashboard_app.periods import DAY, HOUR, IntervalLength, Period, day_of

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

_REMEMBERED_NAMES = 20_000
_MOST_TICKS = 9
_HOUR_STEPS = (1, 2, 3, 6, 12)
_EPOCH = pd.Timestamp(0, tz="UTC")
_DAY_STEPS = (1, 2, 3, 7, 14, 28, 56, 91)


def time_axis(
    *, period: Period, zone: ZoneInfo, ticks: int = _MOST_TICKS, field: str = "x"
) -> alt.X:
    """Return the horizontal axis of a period, with at most `ticks` ticks."""
    moments = tick_moments(period=period, zone=zone, most=ticks)
    labels = [(at, tick_label(at, period, zone)) for at in moments]
    return alt.X(
        f"{field}:Q",
        title=f"Time ({zone_name(period, zone)})",
        scale=alt.Scale(domain=[milliseconds(period.start), milliseconds(period.end)], nice=False),
        axis=alt.Axis(
            values=[milliseconds(at) for at in moments],
            labelExpr=label_expression(labels),
            grid=False,
            labelOverlap="greedy",
        ),
    )


def tick_moments(*, period: Period, zone: ZoneInfo, most: int = _MOST_TICKS) -> list[datetime]:
    """Return the moments of ticks: full hours or beginnings of days, by the local clock."""
    if period.interval is IntervalLength.DAY:
        days = [*period.intervals(), period.end]
        return days[:: _step(period.days, _DAY_STEPS, most)]
    if period.length > 2 * DAY:
        step = _step(period.length / DAY, _DAY_STEPS, most)
        first = datetime.combine(period.start.astimezone(zone).date(), time(), zone)
        days = [
            first + number * step * DAY for number in range(int(period.length / DAY / step) + 2)
        ]
        return [
            at.astimezone(UTC) for at in days if period.start <= at.astimezone(UTC) <= period.end
        ]
    step = _step(period.length / HOUR, _HOUR_STEPS, most)
    hours = [period.start + number * HOUR for number in range(int(period.length / HOUR) + 1)]
    return [at for at in hours if at.astimezone(zone).hour % step == 0]


def _step(length: float, steps: tuple[int, ...], most: int) -> int:
    return next((step for step in steps if length / step <= most), steps[-1])


def tick_label(at: datetime, period: Period, zone: ZoneInfo) -> str:
    """Return the label of a tick: an hour such as 14:00, or a day such as 22 Nov."""
    if period.interval is IntervalLength.DAY:
        day = day_of(at, period.zone)
        return f"{day.day} {day:%b}"
    local = at.astimezone(zone)
    begins_day = local.hour == 0 and local.minute == 0
    return f"{local.day} {local:%b}" if begins_day else f"{local:%H:%M}"


def zone_name(period: Period, zone: ZoneInfo) -> str:
    """Return the name of the zone that an axis shows; days may be those of another zone."""
    return f"days of {period.zone}" if period.interval is IntervalLength.DAY else str(zone)


def with_times(frame: pd.DataFrame, *, period: Period, zone: ZoneInfo) -> pd.DataFrame:
    """Add an interval's begin (`x`), end (`x_end`) and middle in milliseconds since 1970.

    Add its name (`when`), too, and whether it is over (`part`: whole or so far).
    """
    names = {at: interval_name(at, period, zone) for at in frame["at"].unique()}
    over = frame["complete"] if "complete" in frame else pd.Series(data=True, index=frame.index)
    begins, stops = in_milliseconds(frame["at"]), in_milliseconds(ends_of(frame["at"], period))
    return frame.assign(
        x=begins,
        x_end=stops,
        middle=(begins + stops) / 2,
        when=frame["at"].map(names),
        part=over.fillna(value=True).map({True: "whole", False: "so far"}),
    )


@lru_cache(_REMEMBERED_NAMES)
def interval_name(at: datetime, period: Period, zone: ZoneInfo) -> str:
    """Return the name of an interval: Sun 22 Nov 2026, 15:00–16:00 CET."""
    if period.interval is IntervalLength.DAY:
        day = day_of(at, period.zone)
        return f"{day:%a} {day.day} {day:%b %Y}, {period.zone}"
    begin = at.astimezone(zone)
    end = (at + period.interval.step).astimezone(zone)
    return f"{begin:%a} {begin.day} {begin:%b %Y}, {begin:%H:%M}–{end:%H:%M} {begin:%Z}"


def milliseconds(at: datetime) -> int:
    """Return a moment in milliseconds since 1970, which no browser moves to its own zone."""
    return round(at.timestamp() * 1_000)


def in_milliseconds(moments: pd.Series[Any]) -> pd.Series[Any]:
    """Return moments in milliseconds since 1970."""
    return (moments - _EPOCH) / pd.Timedelta(milliseconds=1)


def one_line(names: pd.Series[Any]) -> pd.Series[Any]:
    """Return *names* without separators of lines, for which Vega's expressions draw no chart."""
    return names.str.replace("[\u2028\u2029]", " ", regex=True)


def label_expression(labels: Iterable[tuple[datetime, str]]) -> str:
    """Return the Vega expression that gives each tick its own label."""
    texts = {str(milliseconds(at)): text for at, text in labels}
    return f"({json.dumps(texts)})[toString(datum.value)] || ''"


def tooltips(*fields: tuple[str, str, str]) -> list[Any]:
    """Return tooltips of the interval and of fields, given as (encoding, title, format)."""
    shown: list[Any] = [alt.Tooltip("when:N", title="Time")]
    for encoding, title, number in fields:
        given: dict[str, Any] = {"format": number} if number else {}
        shown.append(alt.Tooltip(encoding, title=title, **given))
    return [*shown, alt.Tooltip("part:N", title="Interval")]
