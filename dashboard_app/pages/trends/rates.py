"""Error rates over time: in intervals that can carry them, with the jobs that they are of."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.filters.period import is_auto_interval
from dashboard_app.frames import trends as frames
from dashboard_app.periods import IntervalLength, Period

_LENGTHS = {
    IntervalLength.HOUR: "one hour",
    IntervalLength.THREE_HOURS: "3 hours",
    IntervalLength.SIX_HOURS: "6 hours",
    IntervalLength.DAY: "one day",
}


def rate_points(
    series: pd.DataFrame, part: Period, shown: pd.DataFrame | None
) -> tuple[pd.DataFrame, Period]:
    """Return the points of error rates, and the part of the period in their intervals.

    Where the app may choose, hours are added up until most points of the series `shown` are of
    ten jobs; without `shown`, up to the intervals of `part`.
    """
    if not is_auto_interval() or part.interval is IntervalLength.DAY:
        return frames.judged(series), part
    chosen = part if shown is None else frames.carrying(shown, part)
    return frames.combined(series, chosen), chosen


def rate_note(points: pd.DataFrame, part: Period) -> None:
    """Show how long the interval of a point is, and of how many jobs its rate is."""
    jobs = points["judged"][points["judged"] > 0]
    if jobs.empty:
        return
    fewest, most = int(jobs.min()), int(jobs.max())
    count = (
        words.counted(most, "job")
        if fewest == most
        else f"{fewest:,} to {most:,} jobs (median {jobs.median():,.0f})"
    )
    st.caption(f"Each point is the rate of {_LENGTHS[part.interval]}, computed from {count}.")
