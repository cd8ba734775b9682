"""Warm up the server when it starts, so that the first visitor waits less.

A process loads pandas, Arrow and Altair once, and they take their time. So one chart is drawn here,
which uses all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard_app.charts.drawings import drawing
from dashboard_app.charts.throughput import throughput
from dashboard_app.frames import trends
from dashboard_app.pages.failures import sections as failure_sections
from dashboard_app.pages.job import sections as job_sections
from dashboard_app.pages.jobs import sections as list_sections
from dashboard_app.pages.trends import sections as trend_sections
from dashboard_app.periods import IntervalLength, Period
from dashboard_app.ui import export

_SECTIONS = (failure_sections, job_sections, list_sections, trend_sections)
_START = datetime(2026, 11, 22, tzinfo=UTC)


def warm() -> None:
    """Load what pages import, and draw a chart of made-up points."""
    period = Period(_START, _START + timedelta(hours=2), IntervalLength.HOUR)
    counts = dict.fromkeys((*trends.COUNTS, "error_rate", *trends.PERCENTILES), 1)
    attempts = dict.fromkeys(("ended", "failed", "timed_out"), 1)
    point = {"at": _START.isoformat(), "attempts": attempts, "counters": {}, **counts}
    frame = trends.points({"series": [{"key": {}, "points": [point]}]})
    whole = trends.marked(frame, period, period.end)
    trends.total(whole)
    drawing(throughput(frame=whole, period=period, zone=ZoneInfo("UTC")))
    export.csv(whole)
