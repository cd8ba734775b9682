"""The shapes of the API's answers: parts of lists, pages, problems."""

from http import HTTPStatus
from typing import Any

Json = dict[str, Any]


def matching(items: list[Json], query: dict[str, str], *names: str) -> list[Json]:
    """Return the items whose fields have the query's values."""
    wanted = {name: query[name] for name in names if name in query}
    return [item for item in items if all(item[name] == value for name, value in wanted.items())]


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
