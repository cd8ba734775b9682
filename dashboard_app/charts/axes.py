"""The axis of time, in the zone that the analyst reads.

Points lie at true instants, so no hour falls on another when clocks go back. Where ticks stand and
what they say is worked out here, in that zone, as a browser knows only UTC and its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app.frames.trends import ends_of
from dashboard_app.periods import DAY, HOUR, Interval, Span, day_of

AnyChart = alt.Chart | alt.LayerChart | alt.FacetChart

_REMEMBERED_NAMES = 20_000
_MOST_TICKS = 9
_HOUR_STEPS = (1, 2, 3, 6, 12)
_EPOCH = pd.Timestamp(0, tz="UTC")
_DAY_STEPS = (1, 2, 3, 7, 14, 28, 56, 91)


def time_axis(*, span: Span, zone: ZoneInfo, ticks: int = _MOST_TICKS, field: str = "x") -> alt.X:
    """Return the horizontal axis of a span."""
    moments = tick_moments(span=span, zone=zone, most=ticks)
    labels = [(at, tick_label(at, span, zone)) for at in moments]
    return alt.X(
        f"{field}:Q",
        title=f"Time ({zone_name(span, zone)})",
        scale=alt.Scale(domain=[milliseconds(span.start), milliseconds(span.end)], nice=False),
        axis=alt.Axis(
            values=[milliseconds(at) for at in moments],
            labelExpr=label_expression(labels),
            grid=False,
            labelOverlap="greedy",
        ),
    )


def tick_moments(*, span: Span, zone: ZoneInfo, most: int = _MOST_TICKS) -> list[datetime]:
    """Return where ticks stand: at round hours or at the beginnings of days, as people count."""
    if span.interval is Interval.DAY:
        days = [*span.intervals(), span.end]
        return days[:: _step(span.days, _DAY_STEPS, most)]
    if span.length > 2 * DAY:
        step = _step(span.length / DAY, _DAY_STEPS, most)
        first = datetime.combine(span.start.astimezone(zone).date(), time(), zone)
        days = [first + number * step * DAY for number in range(int(span.length / DAY / step) + 2)]
        return [at.astimezone(UTC) for at in days if span.start <= at.astimezone(UTC) <= span.end]
    step = _step(span.length / HOUR, _HOUR_STEPS, most)
    hours = [span.start + number * HOUR for number in range(int(span.length / HOUR) + 1)]
    return [at for at in hours if at.astimezone(zone).hour % step == 0]


def _step(length: float, steps: tuple[int, ...], most: int) -> int:
    return next((step for step in steps if length / step <= most), steps[-1])


def tick_label(at: datetime, span: Span, zone: ZoneInfo) -> str:
    """Return what stands at a tick: an hour, or the day where one begins."""
    if span.interval is Interval.DAY:
        day = day_of(at, span.zone)
        return f"{day.day} {day:%b}"
    local = at.astimezone(zone)
    begins_day = local.hour == 0 and local.minute == 0
    return f"{local.day} {local:%b}" if begins_day else f"{local:%H:%M}"


def zone_name(span: Span, zone: ZoneInfo) -> str:
    """Return the zone that an axis is in; days may be those of another."""
    return f"days of {span.zone}" if span.interval is Interval.DAY else str(zone)


def with_times(frame: pd.DataFrame, *, span: Span, zone: ZoneInfo) -> pd.DataFrame:
    """Add to points where their interval ends and what it is called, for widths and tooltips."""
    names = {at: interval_name(at, span, zone) for at in frame["at"].unique()}
    over = frame["complete"] if "complete" in frame else pd.Series(data=True, index=frame.index)
    begins, stops = in_milliseconds(frame["at"]), in_milliseconds(ends_of(frame["at"], span))
    return frame.assign(
        x=begins,
        x_end=stops,
        middle=(begins + stops) / 2,
        when=frame["at"].map(names),
        part=over.fillna(value=True).map({True: "whole", False: "so far"}),
    )


@lru_cache(_REMEMBERED_NAMES)
def interval_name(at: datetime, span: Span, zone: ZoneInfo) -> str:
    """Return what an interval is called: Sun 22 Nov 2026, 15:00–16:00 CET."""
    if span.interval is Interval.DAY:
        day = day_of(at, span.zone)
        return f"{day:%a} {day.day} {day:%b %Y}, {span.zone}"
    begin = at.astimezone(zone)
    end = (at + timedelta(hours=1)).astimezone(zone)
    return f"{begin:%a} {begin.day} {begin:%b %Y}, {begin:%H:%M}–{end:%H:%M} {begin:%Z}"


def milliseconds(at: datetime) -> int:
    """Return a moment as axes have it: milliseconds of Unix time, which no browser reinterprets."""
    return round(at.timestamp() * 1_000)


def in_milliseconds(moments: pd.Series[Any]) -> pd.Series[Any]:
    """Return moments as axes have them."""
    return (moments - _EPOCH) / pd.Timedelta(milliseconds=1)


def label_expression(labels: Iterable[tuple[datetime, str]]) -> str:
    """Return the expression that gives each tick its own label."""
    texts = {str(milliseconds(at)): text for at, text in labels}
    return f"({json.dumps(texts)})[toString(datum.value)] || ''"


def tooltips(*fields: tuple[str, str, str]) -> list[Any]:
    """Return tooltips of the interval and of (encoding, title, format) fields."""
    shown: list[Any] = [alt.Tooltip("when:N", title="Time")]
    for encoding, title, number in fields:
        given: dict[str, Any] = {"format": number} if number else {}
        shown.append(alt.Tooltip(encoding, title=title, **given))
    return [*shown, alt.Tooltip("part:N", title="Interval")]
