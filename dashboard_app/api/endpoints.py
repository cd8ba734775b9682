"""The questions that pages ask: what a chart is drawn from is what is exported."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from dashboard_app.api.http_client import Question, question
from dashboard_app.periods import UTC_DAYS, Interval, Span, written

OVERVIEW = question("/overview")
MOST_ERRORS = 100
MOST_CHOICES = 500
JOBS_A_PAGE = 200
CLIENTS = question("/clients", limit=100)


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
        tz=_zone_asked(span),
        from_=written(span.start),
        to=written(span.end),
        client_id=client_id,
        project_id=project_id,
        pipeline=pipeline,
        group_by=group_by,
    )


def _zone_asked(span: Span) -> str | None:
    """Return the zone whose days are wanted; hours are those of UTC, and so are days unasked."""
    is_plain = span.interval is Interval.HOUR or span.zone.key == UTC_DAYS.key
    return None if is_plain else span.zone.key


def errors(start: datetime, end: datetime, client_id: str | None) -> Question:
    """Ask for groups of failures over days."""
    return question(
        "/errors", from_=written(start), to=written(end), client_id=client_id, limit=MOST_ERRORS
    )


def projects(client_id: str | None) -> Question:
    """Ask for projects."""
    return question("/projects", client_id=client_id, limit=100)


def jobs(  # noqa: PLR0913 - a name for each parameter of the API
    span: Span,
    *,
    client_id: str | None = None,
    project_id: str | None = None,
    pipeline: str | None = None,
    status: str | None = None,
    result: str | None = None,
    stalled: bool | None = None,
    beginning: str | None = None,
    fingerprint: str | None = None,
) -> Question:
    """Ask for jobs that were created in a span, newest first.

    With a *fingerprint* they are those that ended in it as such failures: as they are counted.
    """
    start, end = written(span.start), written(span.end)
    return question(
        "/jobs",
        **({"from_": start, "to": end} if fingerprint is None else {}),
        **({"ended_from": start, "ended_to": end} if fingerprint is not None else {}),
        fingerprint=fingerprint,
        client_id=client_id,
        project_id=project_id,
        pipeline=pipeline,
        status=status,
        result=result,
        stalled=stalled or None,
        q=beginning,
        limit=JOBS_A_PAGE,
    )


def job(job_id: str) -> Question:
    """Ask for one job."""
    return question(f"/jobs/{quote(job_id, safe='')}")


def entries(job_id: str) -> Question:
    """Ask for a job's history."""
    return question(f"/jobs/{quote(job_id, safe='')}/entries", limit=JOBS_A_PAGE)


def config(client_id: str) -> Question:
    """Ask for a client's configuration."""
    return question(f"/clients/{quote(client_id, safe='')}/config")
