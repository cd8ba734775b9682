"""Series of `/trends` as a table: a row for each group and interval in which something counted.

An interval without a row is a gap: nothing was counted in it. For a line it becomes a row of NA,
so that the line breaks there; it never becomes zero. Counts add up. Rates are computed again from
added counts. Percentiles are never added or averaged: each stays that of its interval and group.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    is_lower_bound,
    typed,
)
from dashboard_app.periods import IntervalLength, Period

COUNTS = ("created", "started", "ended", *RESULTS)
ATTEMPTS = ("attempts_ended", "attempts_failed")
SUMS = (*COUNTS, *ATTEMPTS, *COUNTERS)
PERCENTILES = ("duration_p50_seconds", "duration_p95_seconds")
EVERYTHING = "all"
OTHERS = "All others"
"""The group of what the API adds up as one, since there are too many; no id has a space in it."""
WITHOUT_A_MODEL = "Without a model"
"""The group of all that was reported without a language model."""
_FEWEST_JUDGED = 10
SeriesTotals = Mapping[str, float | int | None]
_COLUMNS = {
    "group": TEXT,
    "at": MOMENT,
    **dict.fromkeys((*COUNTS, *ATTEMPTS), WHOLE),
    "error_rate": NUMBER,
    **dict.fromkeys(PERCENTILES, NUMBER),
    **dict.fromkeys(COUNTERS, WHOLE),
}


def points(document: Mapping[str, Any]) -> pd.DataFrame:
    """Return the points of a `/trends` document.

    Columns: `group`, `at` (the beginning of the interval), counts of jobs, `error_rate` (0 to 1),
    durations in seconds, `attempts_ended`, `attempts_failed` (or timed out), counters, `records`,
    `tokens`, `cost_usd`, `cost_is_lower_bound`.
    """
    rows = [
        {
            **point,
            **{name: point["counters"].get(name, 0) for name in COUNTERS},
            "attempts_ended": point["attempts"]["ended"],
            "attempts_failed": point["attempts"]["failed"] + point["attempts"]["timed_out"],
            "group": group,
        }
        for group, series in _groups(document)
        for point in series["points"]
    ]
    return _derived(typed(rows, _COLUMNS))


def _groups(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for series in document["series"]:
        yield next(iter(series["key"].values()), EVERYTHING), series
    if document.get("other") is not None:
        yield WITHOUT_A_MODEL if document["group_by"] == "model" else OTHERS, document["other"]


def _derived(frame: pd.DataFrame) -> pd.DataFrame:
    """Add what follows from counters: `records`, `tokens`, `cost_usd`, `cost_is_lower_bound`."""
    return frame.assign(
        records=frame["records_ok"] + frame["records_failed"] + frame["records_skipped"],
        tokens=frame["input_tokens"] + frame["output_tokens"],
        cost_usd=frame["cost_microusd"].astype(NUMBER) / MICROUSD,
        cost_is_lower_bound=is_lower_bound(frame),
    )


def marked(frame: pd.DataFrame, period: Period, now: datetime) -> pd.DataFrame:
    """Add `complete`: whether a point's interval is over."""
    ends = ends_of(frame["at"], period)
    return frame.assign(complete=(ends <= pd.Timestamp(now)).astype("boolean"))


def ends_of(begins: pd.Series[Any], period: Period) -> pd.Series[Any]:
    """Return the ends of intervals by their beginnings. Not all days have the same length."""
    if period.interval is not IntervalLength.DAY:
        stops = begins + period.interval.step
        return stops.where(stops <= pd.Timestamp(period.end), pd.Timestamp(period.end))
    ends = {begin: period.end_of(begin) for begin in begins.unique()}
    return begins.map(ends).astype(MOMENT)


def combined(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Add the counts of jobs by hour up to the intervals of a period, with their error rates.

    Columns: `group`, `at`, counts of jobs, `complete` if the frame has it, `error_rate` (0 to 1),
    and `judged`, the jobs that the rate is of. Percentiles can't be added up, so they are left out.
    """
    step, start = period.interval.step, pd.Timestamp(period.start)
    begins = (start + (frame["at"] - start) // step * step).astype(MOMENT)
    rows = frame.assign(at=begins).groupby(["group", "at"], sort=False)
    sums = rows[list(COUNTS)].sum()
    if "complete" in frame:
        sums = sums.assign(complete=rows["complete"].all())
    sums = sums.reset_index()
    return judged(sums.assign(error_rate=error_rate(sums)))


def judged(frame: pd.DataFrame) -> pd.DataFrame:
    """Add `judged`: of how many jobs an error rate is, those that ended and weren't cancelled."""
    return frame.assign(judged=frame["ended"] - frame["cancelled"])


def carrying(frame: pd.DataFrame, period: Period) -> Period:
    """Return the period in the shortest intervals of which half or more judge ten jobs.

    Points of fewer jobs make a rate jump. Six hours are the longest.
    """
    for length in (IntervalLength.HOUR, IntervalLength.THREE_HOURS, IntervalLength.SIX_HOURS):
        period = replace(period, interval=length)
        jobs = combined(frame, period)["judged"]
        if jobs[jobs > 0].median() >= _FEWEST_JUDGED:
            break
    return period


def with_gaps(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Add a row of NA for each group and interval of the period in which nothing was counted."""
    groups = pd.Series(frame["group"].unique(), dtype=TEXT, name="group")
    moments = pd.Series(period.intervals(), name="at").astype(MOMENT)
    grid = groups.to_frame().merge(moments.to_frame(), how="cross")
    return grid.merge(frame, on=["group", "at"], how="left")


def within(frame: pd.DataFrame, focus: Period | None) -> pd.DataFrame:
    """Return the points in a part of the period; all of them where there is no part."""
    if focus is None:
        return frame
    lies_in = (frame["at"] >= pd.Timestamp(focus.start)) & (frame["at"] < pd.Timestamp(focus.end))
    return frame[lies_in]


def totals(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the sums of each group with their error rate, the most ended jobs first."""
    sums = frame.groupby("group", sort=False)[list(SUMS)].sum().reset_index()
    sums["error_rate"] = error_rate(sums)
    ordered = _derived(sums).sort_values(["ended", "group"], ascending=[False, True])
    return ordered.reset_index(drop=True)


def total(frame: pd.DataFrame) -> SeriesTotals:
    """Return the sums of all rows; `error_rate` is None where only cancelled jobs ended."""
    one = totals(frame.assign(group=pd.Series(EVERYTHING, index=frame.index, dtype=TEXT)))
    if one.empty:
        return {
            **dict.fromkeys((*SUMS, "records", "tokens"), 0),
            "cost_usd": 0.0,
            "cost_is_lower_bound": False,
            "error_rate": None,
        }
    return {
        str(name): None if pd.isna(value) else value
        for name, value in one.iloc[0].drop("group").items()
    }


def top_groups(frame: pd.DataFrame, measure: str, most: int) -> list[str]:
    """Return the `most` groups with the highest sums of a measure, highest first."""
    sums = frame.groupby("group")[measure].sum().sort_values(ascending=False, kind="stable")
    return [str(name) for name in sums.index[:most]]


def shifted(frame: pd.DataFrame, period: Period) -> pd.DataFrame:
    """Move points of the previous period to the intervals of this one, to draw both together."""
    places = dict(zip(period.previous.intervals(), period.intervals(), strict=True))
    placed = frame.assign(at=frame["at"].map(places).astype(MOMENT))
    return placed.dropna(subset=["at"])


def stacked(frame: pd.DataFrame, names: Sequence[str] = RESULTS) -> pd.DataFrame:
    """Return a row for each bar of a stack: `kind`, `count`, `low`, `high`; none for zero."""
    keep = [name for name in ("group", "at", "complete") if name in frame]
    parts, low = [], pd.Series(0, index=frame.index, dtype=WHOLE)
    for name in names:
        count = frame[name].fillna(0)
        high = low + count
        parts.append(frame[keep].assign(kind=name, count=count, low=low, high=high))
        low = high
    long = pd.concat(parts, ignore_index=True)
    return long[long["count"] != 0].reset_index(drop=True)
