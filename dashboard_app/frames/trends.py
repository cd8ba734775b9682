"""Series of `/trends` as a table: a row for each group and interval in which something counted.

An interval without a row is a gap: nothing was counted in it. It becomes a row of NA where a line
is drawn, so that the line breaks, and never a zero. Counts add up. Rates are made anew from added
counts. Percentiles are neither added nor averaged: they stay those of their interval and group.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from dashboard_app.frames.columns import (
    COUNTERS,
    MICROUSD,
    MOMENT,
    NUMBER,
    RESULTS,
    TEXT,
    WHOLE,
    error_rate,
    typed,
)
from dashboard_app.periods import HOUR, Interval, Span

COUNTS = ("created", "started", "ended", *RESULTS)
SUMS = (*COUNTS, *COUNTERS)
PERCENTILES = ("duration_p50_seconds", "duration_p95_seconds")
DERIVED = ("error_rate", "records", "tokens", "cost_usd")
EVERYTHING = "all"
Totals = Mapping[str, float | int | None]
_COLUMNS = {
    "group": TEXT,
    "at": MOMENT,
    **dict.fromkeys(COUNTS, WHOLE),
    "error_rate": NUMBER,
    **dict.fromkeys(PERCENTILES, NUMBER),
    **dict.fromkeys(COUNTERS, WHOLE),
}


def points(document: Mapping[str, Any]) -> pd.DataFrame:
    """Return all points of a document, by group and time."""
    rows = [
        {**point, **{name: point["counters"].get(name, 0) for name in COUNTERS}, "group": group}
        for series in document["series"]
        for group in [next(iter(series["key"].values()), EVERYTHING)]
        for point in series["points"]
    ]
    return _derived(typed(rows, _COLUMNS))


def _derived(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from sums alone."""
    return frame.assign(
        records=frame["records_ok"] + frame["records_failed"] + frame["records_skipped"],
        tokens=frame["input_tokens"] + frame["output_tokens"],
        cost_usd=frame["cost_microusd"].astype(NUMBER) / MICROUSD,
    )


def marked(frame: pd.DataFrame, span: Span, now: datetime) -> pd.DataFrame:
    """Say of each point whether its interval is over: the running one counts on."""
    ends = ends_of(frame["at"], span)
    return frame.assign(complete=(ends <= pd.Timestamp(now)).astype("boolean"))


def ends_of(begins: pd.Series[Any], span: Span) -> pd.Series[Any]:
    """Return where the intervals end that begin then: not all days are equally long."""
    if span.interval is Interval.HOUR:
        return begins + HOUR
    ends = {begin: span.end_of(begin) for begin in begins.unique()}
    return begins.map(ends).astype(MOMENT)


def with_gaps(frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return a row for each group and interval of the span: NA where nothing was counted."""
    groups = pd.Series(frame["group"].unique(), dtype=TEXT, name="group")
    moments = pd.Series(span.intervals(), name="at").astype(MOMENT)
    grid = groups.to_frame().merge(moments.to_frame(), how="cross")
    return grid.merge(frame, on=["group", "at"], how="left")


def within(frame: pd.DataFrame, focus: Span | None) -> pd.DataFrame:
    """Return the points of a part of the span; all of them without one."""
    if focus is None:
        return frame
    lies_in = (frame["at"] >= pd.Timestamp(focus.start)) & (frame["at"] < pd.Timestamp(focus.end))
    return frame[lies_in]


def totals(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of each group, largest first, with the rates of those sums."""
    sums = frame.groupby("group", sort=False)[list(SUMS)].sum().reset_index()
    sums["error_rate"] = error_rate(sums)
    ordered = _derived(sums).sort_values(["ended", "group"], ascending=[False, True])
    return ordered.reset_index(drop=True)


def total(frame: pd.DataFrame) -> Totals:
    """Return the sums over all rows; `error_rate` is None where nothing was judged."""
    one = totals(frame.assign(group=pd.Series(EVERYTHING, index=frame.index, dtype=TEXT)))
    if one.empty:
        return {
            **dict.fromkeys((*SUMS, "records", "tokens"), 0),
            "cost_usd": 0.0,
            "error_rate": None,
        }
    return {
        str(name): None if pd.isna(value) else value
        for name, value in one.iloc[0].drop("group").items()
    }


def top_groups(frame: pd.DataFrame, measure: str, most: int) -> list[str]:
    """Return the groups that have most of a measure, most first."""
    sums = frame.groupby("group")[measure].sum().sort_values(ascending=False, kind="stable")
    return [str(name) for name in sums.index[:most]]


def shifted(frame: pd.DataFrame, span: Span) -> pd.DataFrame:
    """Return points of the span before at the places of this one, for drawing over each other."""
    places = dict(zip(span.previous.intervals(), span.intervals(), strict=True))
    placed = frame.assign(at=frame["at"].map(places).astype(MOMENT))
    return placed.dropna(subset=["at"])


def stacked(frame: pd.DataFrame, names: Sequence[str] = RESULTS) -> pd.DataFrame:
    """Return a row for each point and count of *names* that is not nothing: `low` to `high`."""
    keep = [name for name in ("group", "at", "complete") if name in frame]
    parts, low = [], pd.Series(0, index=frame.index, dtype=WHOLE)
    for name in names:
        count = frame[name].fillna(0)
        high = low + count
        parts.append(frame[keep].assign(kind=name, count=count, low=low, high=high))
        low = high
    long = pd.concat(parts, ignore_index=True)
    return long[long["count"] != 0].reset_index(drop=True)
