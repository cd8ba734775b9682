"""Questions about jobs: which there are, what happened to one, and why it failed."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from msgspec import Meta, Struct

from .asking import Asking, Json, Query, Refused, path_of
from .shaping import USED, failure, group, job, said, used

Id = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9._:-]{1,128}$",
        description="An id; see find_clients for those of clients.",
    ),
]
_NAMES = {"from": "created_from", "to": "created_to"}
_MOST_PAGES = 10
_EVENTS = 10
_ATTEMPTS = 20
_PARTS = 200
_DAYS_BACK = 30
_PAGES_OF_GROUPS = 5
_FAILURES = ("failed", "timed_out")


class FindJobs(Struct, kw_only=True, forbid_unknown_fields=True):
    """What jobs are looked for; all that is given must hold."""

    q: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=128,
                description="Text in the job's id or name, in any case.",
            ),
        ]
        | None
    ) = None
    client_id: Id | None = None
    project_id: Id | None = None
    pipeline: Id | None = None
    status: Literal["queued", "running", "completed"] | None = None
    result: (
        Annotated[
            list[Literal["succeeded", "partial", "failed", "cancelled", "timed_out"]],
            Meta(min_length=1, description="Completed with one of these results."),
        ]
        | None
    ) = None
    stalled: (
        Annotated[bool, Meta(description="True: only running jobs that are silent for too long.")]
        | None
    ) = None
    tag: Annotated[str, Meta(max_length=1_153, description="A tag as name:value.")] | None = None
    created_from: Annotated[str, Meta(description="RFC 3339 time, or a date in UTC.")] | None = None
    created_to: (
        Annotated[str, Meta(description="RFC 3339 time, or a date in UTC; exclusive.")] | None
    ) = None
    ended_from: Annotated[str, Meta(description="RFC 3339 time, or a date in UTC.")] | None = None
    ended_to: (
        Annotated[str, Meta(description="RFC 3339 time, or a date in UTC; exclusive.")] | None
    ) = None
    sort: Annotated[
        Literal["created", "duration", "cost"],
        Meta(
            description="created: newest first. duration, cost: longest or dearest first, on one "
            "page; where looked_through_all is false, there may be longer or dearer ones: ask "
            "about a shorter time."
        ),
    ] = "created"
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    cursor: (
        Annotated[str, Meta(max_length=2_048, description="next_cursor of the answer before.")]
        | None
    ) = None


def find_jobs(asking: Asking, given: FindJobs) -> Json:
    """Return a page of jobs."""
    query: dict[str, str | None] = {
        "q": given.q,
        "client_id": given.client_id,
        "project_id": given.project_id,
        "pipeline": given.pipeline,
        "status": given.status,
        "result": ",".join(given.result) if given.result else None,
        "stalled": None if given.stalled is None else str(given.stalled).lower(),
        "tag": given.tag,
        "from": given.created_from,
        "to": given.created_to,
        "ended_from": given.ended_from,
        "ended_to": given.ended_to,
        "sort": given.sort,
    }
    if given.sort == "created":
        found = _newest(asking, query, given)
    elif given.cursor is None:
        found = _largest(asking, query, given)
    else:
        raise Refused(
            f"cursor: sorted by {given.sort} there is one page alone; allowed: a cursor of an "
            "answer that is sorted by created."
        )
    jobs = [{**job(asking, one), **_used(one)} for one in found.pop("jobs")]
    return {"jobs": jobs, **found, "link": _list_link(asking, query)}


def _list_link(asking: Asking, query: Query) -> str | None:
    """Return the address of the same list on the site; None where the site has no such filter."""
    seen = {name: value for name, value in query.items() if value is not None}
    if seen["sort"] == "created":
        del seen["sort"]  # the site's usual order
    stalled = seen.pop("stalled", None)
    if stalled == "false":
        return None
    if stalled == "true":
        seen["status"] = "stalled"
    return asking.link(f"jobs?{urlencode(seen)}" if seen else "jobs")


def _newest(asking: Asking, query: Query, given: FindJobs) -> Json:
    """Return a full page where there is one: one of the API may have looked through few jobs."""
    items: list[Json] = []
    cursor = given.cursor
    for _ in range(_MOST_PAGES):
        more = {"limit": str(given.limit - len(items)), "cursor": cursor}
        page = asking.asked("/jobs", {**query, **more}, _NAMES)
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None or len(items) >= given.limit:
            break
    return {"jobs": items, "next_cursor": cursor}


def _largest(asking: Asking, query: Query, given: FindJobs) -> Json:
    """Return the first jobs of all pages; each has the first of those that it looked through."""

    def place(one: Json) -> tuple[bool, float, str, str]:
        cost = one["counters"].get("cost_microusd")
        value = one["duration_seconds"] if given.sort == "duration" else cost
        return value is not None, value or 0, one["created_at"], one["job_id"]

    items: list[Json] = []
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        page = asking.asked("/jobs", {**query, "limit": str(given.limit), "cursor": cursor}, _NAMES)
        items = sorted(items + page["items"], key=place, reverse=True)[: given.limit]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return {"jobs": items, "looked_through_all": cursor is None}


class OneJob(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which job is asked about."""

    job_id: Id


def explain_job(asking: Asking, given: OneJob) -> Json:
    """Return how a job stands: its attempts, what it counted, its parts and its newest events."""
    one = asking.ask(path_of("jobs", given.job_id), {})
    newest: Query = {"order": "newest", "limit": str(_EVENTS)}
    events = asking.ask(path_of("jobs", given.job_id, "entries"), newest)
    outcomes, there_are_more = _parts(asking, given.job_id)
    return {
        "job": {
            **job(asking, one),
            "stage": said(one["stage"]),
            "records_total": one["records_total"],
            "last_event_at": one["last_seen_at"],
            "parent_job_id": one["parent_job_id"],
            "tags": [
                {"name": said(name), "value": said(text)} for name, text in one["tags"].items()
            ],
            **_used(one),
            "other_counters": [
                {"name": name, "count": count}
                for name, count in one["counters"].items()
                if name not in USED
            ],
        },
        "attempts_in_all": len(one["attempts"]),
        "attempts": [
            {
                "attempt": each["attempt"],
                "status": each["status"],
                "result": each["result"],
                "started_at": each["started_at"],
                "ended_at": each["ended_at"],
                "duration_seconds": each["duration_seconds"],
                "error": failure(each["error"]),
            }
            for each in one["attempts"][-_ATTEMPTS:]
        ],
        "parts_by_outcome": outcomes,
        "there_are_more_parts": there_are_more,
        "newest_events": [
            {
                "event_id": said(each["event_id"]),
                "occurred_at": each["occurred_at"],
                "attempt": each["attempt"],
                "status": each["detail"].get("status"),
                "result": each["detail"].get("result"),
                "stage": said(each["detail"].get("stage")),
                "delta": each["detail"].get("delta", {}),
            }
            for each in events["items"]
        ],
        "link": asking.job_link(given.job_id),
    }


def _parts(asking: Asking, job_id: str) -> tuple[dict[str, int], bool]:
    """Return how many parts of a job have each outcome, and whether there may be more of them."""
    outcomes: dict[str, int] = {}
    cursor: str | None = None
    for _ in range(_MOST_PAGES):
        query = {"parent_job_id": job_id, "limit": str(_PARTS), "cursor": cursor}
        page = asking.ask("/jobs", query)
        for part in page["items"]:
            outcome = part["result"] or part["status"]
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
        cursor = page["next_cursor"]
        if cursor is None:
            break
    return outcomes, cursor is not None


def why_did_it_fail(asking: Asking, given: OneJob) -> Json:
    """Return a job's error, and since when and for which other jobs it has been happening.

    The groups of the job's client are looked through, of the days since `_DAYS_BACK` days ago.
    """
    one = asking.ask(path_of("jobs", given.job_id), {})
    failed = [each for each in one["attempts"] if each["result"] in _FAILURES]
    error = one["error"] if one["result"] in _FAILURES else None
    answer: Json = {
        "job": job(asking, one),
        "has_failed": one["result"] in _FAILURES,
        "failed_attempts": [
            {
                "attempt": each["attempt"],
                "ended_at": each["ended_at"],
                "error": failure(each["error"]),
            }
            for each in failed[-_ATTEMPTS:]
        ],
        "error_group": None,
        "other_jobs_with_it": [],
        "link": asking.job_link(given.job_id),
    }
    if not answer["has_failed"]:
        return answer
    fingerprint = error["fingerprint"] if error else "none"
    since = (asking.now - timedelta(days=_DAYS_BACK)).date().isoformat()
    found, looked_through_all = _group(asking, one["client_id"], fingerprint, since)
    alike = asking.ask(
        "/jobs", {"client_id": one["client_id"], "fingerprint": fingerprint, "limit": str(_EVENTS)}
    )
    return {
        **answer,
        "looked_since": since,
        "looked_through_all_groups": looked_through_all,
        "error_group": None if found is None else group(found),
        "other_jobs_with_it": [
            job(asking, each) for each in alike["items"] if each["job_id"] != given.job_id
        ],
    }


def _group(
    asking: Asking, client_id: str, fingerprint: str, since: str
) -> tuple[Json | None, bool]:
    """Return the error group, None where none is found, and whether all were looked through."""
    cursor: str | None = None
    for _ in range(_PAGES_OF_GROUPS):
        query = {"client_id": client_id, "from": since, "limit": "100", "cursor": cursor}
        page = asking.ask("/errors", query)
        for each in page["items"]:
            if each["fingerprint"] == fingerprint:
                return dict(each), True
        cursor = page["next_cursor"]
        if cursor is None:
            return None, True
    return None, False


def _used(one: Json) -> Json:
    return {"used": used(one["counters"])}
