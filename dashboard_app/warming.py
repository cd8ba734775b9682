"""What the first visitor would wait for, done when the server starts.

Libraries are loaded once in a process, and pandas, Arrow and Altair take their time for it. So a
chart is drawn here once, which goes through all of them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard_app.charts.drawings import drawing
from dashboard_app.charts.throughput import throughput
from dashboard_app.frames import trends
from dashboard_app.pages.failures import sections as failure_sections
from dashboard_app.pages.jobs import sections as job_sections
from dashboard_app.pages.trends import sections as trend_sections
from dashboard_app.periods import Interval, Span
from dashboard_app.ui import export

_SECTIONS = (failure_sections, job_sections, trend_sections)
_START = datetime(2026, 11, 22, tzinfo=UTC)


def warm() -> None:
    """Load what pages are made of, and draw a chart of nothing in particular."""
    span = Span(_START, _START + timedelta(hours=2), Interval.HOUR)
    counted = dict.fromkeys((*trends.COUNTS, "error_rate", *trends.PERCENTILES), 1)
    point = {"at": _START.isoformat(), "counters": {}, **counted}
    frame = trends.points({"series": [{"key": {}, "points": [point]}]})
    whole = trends.marked(frame, span, span.end)
    trends.total(whole)
    drawing(throughput(frame=whole, span=span, zone=ZoneInfo("UTC")))
    export.csv(whole)
