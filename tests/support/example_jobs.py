"""Jobs and entries as the API gives them, for tests that need some to look at."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]


def utc(moment: datetime) -> str:
    """Write a time as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**units: float) -> str:
    """Give the time that lies so far back."""
    return utc(datetime.now(UTC) - timedelta(**units))


def make_job(job_id: str, **fields: Any) -> Json:
    """Give a running job, changed as the fields say."""
    job: Json = {
        "job_id": job_id,
        "client_id": "acme",
        "project_id": "catalogue",
        "name": None,
        "pipeline": "enrich",
        "parent_job_id": None,
        "status": "running",
        "result": None,
        "stalled": False,
        "attempt": 1,
        "stage": None,
        "created_at": ago(minutes=2),
        "started_at": ago(minutes=2),
        "ended_at": None,
        "last_seen_at": ago(seconds=5),
        "duration_seconds": None,
        "records_total": None,
        "counters": {},
        "error": None,
        "log_url": None,
        "tags": {},
        "attempts": [],
    }
    return {**job, **fields}


def make_completed(job_id: str, result: str, **fields: Any) -> Json:
    """Give a job that ended with a result."""
    completed = {
        "status": "completed",
        "result": result,
        "ended_at": ago(seconds=10),
        "duration_seconds": 110.0,
    }
    return make_job(job_id, **{**completed, **fields})


def make_entry(event_id: str, **fields: Any) -> Json:
    """Give an entry of a job's history."""
    entry: Json = {
        "event_id": event_id,
        "occurred_at": ago(minutes=1),
        "received_at": ago(minutes=1),
        "attempt": 1,
        "detail_type": "job_update",
        "source": "tests",
        "detail": {},
    }
    return {**entry, **fields}
