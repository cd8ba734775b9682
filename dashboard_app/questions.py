"""The questions that pages ask, each in one place: what a chart is drawn from is what is exported."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboard_app.api.client import Question, question
from dashboard_app.spans import DAY, Span, written

OVERVIEW = question("/overview")
MOST_ERRORS = 100
MOST_CHOICES = 500


def trends(
    span: Span,
    *,
    client_id: str | None = None,
    project_id: str | None = None,
    pipeline: str | None = None,
    group_by: str | None = None,
) -> Question:
    """Ask for series over a span."""
    return question(
        "/trends",
        interval=span.interval,
        from_=written(span.start),
        to=written(span.end),
        client_id=client_id,
        project_id=project_id,
        pipeline=pipeline,
        group_by=group_by,
    )


def errors(start: datetime, end: datetime, client_id: str | None) -> Question:
    """Ask for groups of failures over days."""
    return question(
        "/errors", from_=written(start), to=written(end), client_id=client_id, limit=MOST_ERRORS
    )


def errors_by_day(
    days: int, last: datetime, client_id: str | None
) -> list[tuple[datetime, Question]]:
    """Ask for groups of failures of each of some days, the last of which begins at *last*."""
    moments = [last - timedelta(days=number) for number in reversed(range(days))]
    return [(moment, errors(moment, moment + DAY, client_id)) for moment in moments]


def projects(client_id: str | None) -> Question:
    """Ask for projects."""
    return question("/projects", client_id=client_id, limit=100)
