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
    is_plain = period.interval is not IntervalLength.DAY or period.zone.key == UTC_DAYS.key
    return None if is_plain else period.zone.key


def proof(client_id: str | None) -> ApiRequest:
    """Request how far the figures are proved, of one client or of all."""
    return api_request("/proof", client_id=client_id)


def errors(start: datetime, end: datetime, client_id: str | None) -> ApiRequest:
    """Request the error groups of whole days of UTC, from `start` to `end` (exclusive)."""
    return api_request(
        "/errors", from_=as_text(start), to=as_text(end), client_id=client_id, limit=100
    )


def projects(client_id: str | None) -> ApiRequest:
    """Request projects."""
    return api_request("/projects", client_id=client_id, limit=100)


def project(project_id: str, client_id: str) -> ApiRequest:
    """Request one project of a client."""
    return api_request(f"/projects/{quote(project_id, safe='')}", client_id=client_id)


def open_incidents(**filters: object) -> ApiRequest:
    """Request the incidents that are open now, newest first. `filters` are other parameters."""
    return api_request("/incidents", state="open", **filters, limit=100)


def closed_incidents(period: Period, **filters: object) -> ApiRequest:
    """Request the incidents that opened in a period and have closed, newest first."""
    start, end = as_text(period.start), as_text(period.end)
    return api_request("/incidents", state="closed", from_=start, to=end, **filters, limit=100)


def incident(incident_id: str) -> ApiRequest:
    """Request one incident with its history."""
    return api_request(f"/incidents/{quote(incident_id, safe='')}")


def new_errors(start: datetime, end: datetime, client_id: str | None) -> ApiRequest:
    """Request the error groups of whole days of UTC that had no failure in the 30 days before."""
    return api_request(
        "/errors", from_=as_text(start), to=as_text(end), new="true", client_id=client_id, limit=100
    )


def jobs(start: datetime, end: datetime, *, by_end: bool, **filters: object) -> ApiRequest:
    """Request the jobs that were created from `start` to `end` (exclusive), newest first.

    With `by_end`, request the jobs that ended in this time range instead. `filters` are other
    parameters of `/jobs`: `status`, `client_id`, `fingerprint`, …
    """
    names = ("ended_from", "ended_to") if by_end else ("from", "to")
    times = dict(zip(names, (as_text(start), as_text(end)), strict=True))
    return api_request("/jobs", **times, **filters, limit=JOBS_A_PAGE)


def failures(start: datetime, end: datetime, **filters: object) -> ApiRequest:
    """Request the jobs that failed or timed out from `start` to `end` (exclusive)."""
    return jobs(start, end, by_end=True, result="failed,timed_out", **filters)


def job(job_id: str) -> ApiRequest:
    """Request one job."""
    return api_request(f"/jobs/{quote(job_id, safe='')}")


def entries(job_id: str) -> ApiRequest:
    """Request the entries of a job, its stored events, the newest first."""
    path = f"/jobs/{quote(job_id, safe='')}/entries"
    return api_request(path, order="newest", limit=JOBS_A_PAGE)


def parts(job_id: str) -> ApiRequest:
    """Request the jobs that a job has started, the newest first."""
    return api_request("/jobs", parent_job_id=job_id, limit=JOBS_A_PAGE)


def latest_jobs(client_id: str, pipeline: str, limit: int) -> ApiRequest:
    """Request the newest jobs of a client's pipeline."""
    return api_request("/jobs", client_id=client_id, pipeline=pipeline, limit=limit)


def config(client_id: str) -> ApiRequest:
    """Request a client's configuration."""
    return api_request(f"/clients/{quote(client_id, safe='')}/config")
