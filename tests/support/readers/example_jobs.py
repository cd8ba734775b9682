"""Documents of the read API, for tests that need some to show."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]


def utc(moment: datetime) -> str:
    """Write a time as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ago(**units: float) -> str:
    """Return the time so far before now."""
    return utc(datetime.now(UTC) - timedelta(**units))


def make_job(job_id: str, **fields: Any) -> Json:
    """Return a running job, with these fields replaced."""
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
        "restarted_at": None,
        "counters_by_model": {},
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


OUTCOMES = ("queued", "running", "succeeded", "partial", "failed", "cancelled", "timed_out")


def make_totals(**counts: int) -> Json:
    """Return totals of jobs by status and result."""
    totals = dict.fromkeys(OUTCOMES, 0) | counts
    return {"total": sum(totals.values()), **totals}


_RESULTS = ("succeeded", "partial", "failed", "cancelled", "timed_out")
_NO_RATES = dict.fromkeys(("error_rate", "duration_p50_seconds", "duration_p95_seconds"))


def make_period(**figures: Any) -> Json:
    """Return what happened in a period: nothing but what is given.

    `ended` and `attempts` follow from the results, where they are not given.
    """
    results = {name: figures.get(name, 0) for name in _RESULTS}
    ended = {"ended": sum(results.values()), **_NO_RATES}
    attempts = {"started": 0, **ended, **results}
    return {"created": 0, **ended, **results, "attempts": attempts, "counters": {}, **figures}


def make_figures(**figures: Any) -> Json:
    """Return a day's figures: all zero but those that are given."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    hours = [
        {"at": utc(now - timedelta(hours=ago_)), "created": 0, "started": 0, "ended": 0}
        | {"partial": 0, "failed": 0, "timed_out": 0}
        for ago_ in range(24, -1, -1)
    ]
    now_figures = dict.fromkeys(("running", "queued", "stalled"), 0)
    none = {"last_event_at": None, "hours": hours, "previous": make_period()}
    return {**now_figures, **none, **make_period(**figures)}


def make_proof(**members: Any) -> Json:
    """Return a proof without a difference, as far as it can be."""
    return {
        "proved_to": ago(hours=1),
        "older_proved_to": ago(hours=20),
        "rows_proved_to": ago(hours=1),
        "since": ago(hours=200),
        "judged_at": ago(hours=0),
        "judged": 18_204,
        "not_judged": 0,
        "rows_judged": 90_000,
        "rows_not_judged": 0,
        "projects_judged": 12,
        "differences": 0,
        "differing": [],
        **members,
    }


def make_overview(clients: dict[str, Json] | None = None, **figures: Any) -> Json:
    """Return an overview: figures over all clients, and by client."""
    return {
        "as_of": utc(datetime.now(UTC)),
        "period": "24h",
        "since": ago(hours=25),
        "previous_since": ago(hours=49),
        "totals": make_figures(**figures),
        "clients": [
            {"client_id": client_id, "name": None, **make_figures(), **own}
            for client_id, own in (clients or {}).items()
        ],
    }


def make_project(project_id: str, **fields: Any) -> Json:
    """Return a project without jobs, with these fields replaced."""
    project: Json = {
        "project_id": project_id,
        "client_id": "acme",
        "name": None,
        "owner": None,
        "status": None,
        "due_at": None,
        "jobs_expected": None,
        "tags": {},
        "counters": {},
        "created_at": ago(days=3),
        "last_seen_at": ago(hours=1),
        "jobs": make_totals(),
        "overdue": False,
    }
    project = {**project, **fields}
    done = project["jobs"]["succeeded"] + project["jobs"]["partial"]
    return {"jobs_done": done, **project}


def make_incident(incident_id: str, **fields: Any) -> Json:
    """Return an open incident with its history, with these fields replaced."""
    opened_at = fields.get("opened_at", ago(hours=1))
    closed_at = fields.get("closed_at")
    turns = [(opened_at, "opened", None, 1)]
    turns += [(closed_at, "closed", "healed", 3)] if closed_at else []
    return {
        "incident_id": incident_id,
        "client_id": "acme",
        "pipeline": "enrich",
        "project_id": None,
        "tag": None,
        "of_staff": False,
        "what": "failed",
        "fingerprint": "timeout",
        "state": "closed" if closed_at else "open",
        "error": {"type": "Timeout", "message": "after 30 s"},
        "jobs": 3,
        "last_job_id": "enrich-041",
        "began_at": ago(hours=2),
        "opened_at": opened_at,
        "closed_at": closed_at,
        "closed_because": "healed" if closed_at else None,
        "acknowledged_by": None,
        "muted": False,
        "muted_until": None,
        "history": [make_turn(at, kind, why, jobs) for at, kind, why, jobs in turns],
        **fields,
    }


def make_turn(at: str, kind: str, because: str | None, jobs: int, **fields: Any) -> Json:
    """Return a turn of an incident's history, with these fields replaced."""
    act = {"by": None, "text": None, "until": None, "event_id": None}
    return {"at": at, "kind": kind, "because": because, "jobs": jobs, **act, **fields}


def make_client(client_id: str, **fields: Any) -> Json:
    """Return a declared client without jobs, with these fields replaced."""
    client: Json = {
        "client_id": client_id,
        "name": None,
        "description": None,
        "contact": None,
        "tags": {},
        "jobs": make_totals(),
        "declared": True,
    }
    return {**client, **fields}


def make_error_group(fingerprint: str, **fields: Any) -> Json:
    """Return an error group, with these fields replaced."""
    group: Json = {
        "fingerprint": fingerprint,
        "type": "RateLimit",
        "message": "429 from the model",
        "count": 1,
        "first_seen_at": ago(hours=5),
        "last_seen_at": ago(hours=1),
        "clients": ["acme"],
        "job_ids": ["job-1"],
        "job_names": {},
    }
    group = {**group, **fields}
    day = {"at": f"{ago(days=0)[:10]}T00:00:00Z", "count": group["count"], "jobs": group["count"]}
    return {"jobs": group["count"], "days": [day], **group}


def make_trends(days: Json, **fields: Any) -> Json:
    """Return trends by day of one series; *days* are the jobs that succeeded, by UTC midnight."""
    points = [{"at": at, "succeeded": count, "partial": 0} for at, count in sorted(days.items())]
    trends = {"from": min(days), "interval": "day", "series": [{"key": {}, "points": points}]}
    return {**trends, **fields}


def make_costs(**counters: Json) -> Json:
    """Return trends of one day, with the *counters* of each client."""
    series = [
        {"key": {"client_id": name}, "points": [{"counters": sums}]}
        for name, sums in counters.items()
    ]
    return {"interval": "day", "series": series, "other": None, "left_out": None}
