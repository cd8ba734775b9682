"""The requests that pages send, by endpoint. An export names the same requests."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote

from dashboard_app.api.http_client import ApiRequest, api_request
from dashboard_app.periods import UTC_DAYS, IntervalLength, Period, as_text

OVERVIEW = api_request("/overview")
MOST_CHOICES = 500
JOBS_A_PAGE = 200
CLIENTS = api_request("/clients", limit=100)


def trends(period: Period, **filters: object) -> ApiRequest:
    """Request series over a period. `filters` are other parameters of `/trends`."""
    return api_request(
        "/trends",
        interval=period.interval,
        tz=_zone_name(period),
        from_=as_text(period.start),
        to=as_text(period.end),
        **filters,
    )


def _zone_name(period: Period) -> str | None:
    """Return the zone whose days are wanted; None for hours and for days of UTC."""
    is_plain = period.interval is IntervalLength.HOUR or period.zone.key == UTC_DAYS.key
    return None if is_plain else period.zone.key


def errors(start: datetime, end: datetime, client_id: str | None) -> ApiRequest:
    """Request the error groups of whole days of UTC, from `start` to `end` (exclusive)."""
    return api_request(
        "/errors", from_=as_text(start), to=as_text(end), client_id=client_id, limit=100
    )


def projects(client_id: str | None) -> ApiRequest:
    """Request projects."""
    return api_request("/projects", client_id=client_id, limit=100)


def jobs(period: Period, *, fingerprint: str | None, **filters: object) -> ApiRequest:
    """Request the jobs that were created in a period, newest first.

    With a `fingerprint`, request the jobs that ended in the period with such a failure instead.
    `filters` are other parameters of `/jobs`: `status`, `client_id`, `q`, …
    """
    start, end = as_text(period.start), as_text(period.end)
    times = (
        {"from": start, "to": end}
        if fingerprint is None
        else {"ended_from": start, "ended_to": end}
    )
    return api_request("/jobs", fingerprint=fingerprint, **times, **filters, limit=JOBS_A_PAGE)


def job(job_id: str) -> ApiRequest:
    """Request one job."""
    return api_request(f"/jobs/{quote(job_id, safe='')}")


def entries(job_id: str) -> ApiRequest:
    """Request the entries of a job: its stored events."""
    return api_request(f"/jobs/{quote(job_id, safe='')}/entries", limit=JOBS_A_PAGE)


def config(client_id: str) -> ApiRequest:
    """Request a client's configuration."""
    return api_request(f"/clients/{quote(client_id, safe='')}/config")
