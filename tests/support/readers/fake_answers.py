"""The shapes of the API's answers: parts of lists, pages, problems."""

from http import HTTPStatus
from typing import Any

Json = dict[str, Any]
# A page of a sorted list looks through so many jobs.
LOOKED_THROUGH = 60


def matching(items: list[Json], query: dict[str, str], *names: str) -> list[Json]:
    """Return the items whose fields have the query's values."""
    wanted = {name: query[name] for name in names if name in query}
    return [item for item in items if all(item[name] == value for name, value in wanted.items())]


def incidents_as_asked(incidents: list[Json], query: dict[str, str]) -> list[Json]:
    """Return the incidents of a list, newest first, or with most jobs first."""
    named = matching(incidents, query, "client_id", "project_id", "pipeline", "what", "state")
    found = [
        one
        for one in named
        if query.get("of_staff", str(one["of_staff"]).lower()) == str(one["of_staff"]).lower()
        and query.get("from", "") <= one["opened_at"] < query.get("to", "~")
    ]
    if query.get("sort") == "jobs":
        return sorted(found, key=lambda one: one["jobs"], reverse=True)
    return found


def ended_as_asked(job: Json, query: dict[str, str]) -> bool:
    """Return whether a job's end is within the query's times."""
    asked = [name for name in ("result", "fingerprint", "ended_from", "ended_to") if name in query]
    if not asked or job["result"] is None:
        return not asked
    error = (job["error"] or {}).get("fingerprint", "none")
    failure = error if job["result"] in ("failed", "timed_out") else None
    return (
        job["result"] in query.get("result", job["result"]).split(",")
        and query.get("fingerprint", failure) == failure
        and query.get("ended_from", "") <= job["ended_at"] < query.get("ended_to", "~")
    )


def jobs_page(jobs: list[Json], query: dict[str, str]) -> Json:
    """Return a page of jobs as its query asks; the cursor is the place of the last one looked at.

    A sorted page has the first of those that it looked through.
    """
    start = query.get("cursor", "~")
    found = sorted(
        (job for job in jobs if _place(job) < start and _is_asked_for(job, query)),
        key=_place,
        reverse=True,
    )
    sort = query.get("sort", "created")
    limit = int(query.get("limit", 50))
    looked = found[: limit if sort == "created" else LOOKED_THROUGH]
    answer = page(looked, {"limit": str(len(looked))})
    if sort != "created":
        answer["items"] = sorted(looked, key=lambda job: _measured(job, sort), reverse=True)[:limit]
    if len(found) > len(looked):
        answer["next_cursor"] = _place(looked[-1])
        answer["covers"]["from"] = looked[-1]["created_at"]
    return answer


def _place(job: Json) -> str:
    return f"{job['created_at']}#{job['job_id']}"


def _measured(job: Json, sort: str) -> float:
    of = {"duration": job["duration_seconds"], "cost": job["counters"].get("cost_microusd")}
    return float("-inf") if of[sort] is None else of[sort]


def _is_asked_for(job: Json, query: dict[str, str]) -> bool:
    text, stalled = query.get("q", "").casefold(), query.get("stalled")
    return (
        any(text in (job[name] or "").casefold() for name in ("job_id", "name"))
        and query.get("tag") in (None, *(":".join(tag) for tag in job["tags"].items()))
        and stalled in (None, str(job["stalled"]).lower())
        and query.get("from", "") <= job["created_at"] < query.get("to", "~")
        and ended_as_asked(job, query)
    )


def projects_as_asked(projects: list[Json], query: dict[str, str]) -> list[Json]:
    """Return the projects that a query of their list asks for, in its order."""
    found = [
        one
        for one in matching(projects, query, "client_id", "status")
        if query.get("overdue") in (None, str(one["overdue"]).lower())
    ]
    is_by_due_date = query.get("sort") == "due"
    return sorted(found, key=lambda one: one["due_at"] or "~") if is_by_due_date else found


def page(items: list[Json], query: dict[str, str]) -> Json:
    """Return a page of a list as its query asks; the cursor is a position."""
    start = int(query.get("cursor", 0))
    end = start + int(query.get("limit", 50))
    return {
        "items": items[start:end],
        "next_cursor": str(end) if end < len(items) else None,
        "covers": {"from": "2026-01-01T00:00:00Z", "to": "2026-12-31T00:00:00Z"},
    }


def problem(status: int, detail: str) -> Json:
    """Give a problem document."""
    title = HTTPStatus(status).phrase
    return {"type": f"urn:test:{status}", "title": title, "status": status, "detail": detail}


def overview_answer(
    overview: Json, jobs: list[Json], groups: list[Json], query: dict[str, str]
) -> Json:
    """Return the overview as the API gives it: with the jobs that it names, and error groups."""
    since = overview["since"]
    newest = sorted(jobs, key=lambda job: str(job["created_at"]), reverse=True)
    running = [job for job in newest if job["status"] == "running"]
    ended = sorted(
        (job for job in jobs if (job["ended_at"] or "") >= since),
        key=lambda job: str(job["ended_at"]),
        reverse=True,
    )
    named = [("stalled", [job for job in running if job["stalled"]])]
    named += [("failed", [job for job in ended if job["result"] in ("failed", "timed_out")])]
    named += [("partial", [job for job in ended if job["result"] == "partial"])]
    shown = [
        {name: group[name] for name in ("fingerprint", "type", "message", "count", "jobs")}
        | {"is_new": group.get("is_new", False)}
        for group in groups
    ]
    return {
        "days": [],
        "errors": {
            "since": since[:10] + "T00:00:00Z",
            "groups": shown[:10],
            "more": len(shown[10:]),
        },
        "attention": [
            {"why": why, "job": job, "project": None} for why, found in named for job in found[:5]
        ],
        "running_jobs": [job for job in running if not job["stalled"]][:5],
        **overview,
        "period": query.get("period", overview["period"]),
    }
