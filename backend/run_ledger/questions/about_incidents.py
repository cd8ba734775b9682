"""Questions about incidents: what people were told is wrong, since when, and who looks after it."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote, urlencode

from msgspec import Meta, Struct

from .about_jobs import Id
from .asking import Asking, Json, Query
from .shaping import said

_NAMES = {"from": "opened_from", "to": "opened_to"}
What = Literal[
    "failed",
    "timed_out",
    "partial",
    "error_rate",
    "new_error",
    "missed",
    "late",
    "too_long",
    "stalled",
    "overdue",
    "budget",
    "differs",
]
"""What goes wrong, as the API names it."""


class FindIncidents(Struct, kw_only=True, forbid_unknown_fields=True):
    """What incidents are looked for; all that is given must hold."""

    client_id: Id | None = None
    project_id: Id | None = None
    pipeline: Id | None = None
    what: What | None = None
    state: Annotated[
        Literal["open", "closed", "any"], Meta(description="open: what is wrong now.")
    ] = "open"
    opened_from: Annotated[str, Meta(description="RFC 3339 time, or a date in UTC.")] | None = None
    opened_to: (
        Annotated[str, Meta(description="RFC 3339 time, or a date in UTC; exclusive.")] | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    cursor: Annotated[str, Meta(max_length=2_048)] | None = None


def find_incidents(asking: Asking, given: FindIncidents) -> Json:
    """Return a page of incidents, the one that opened last first."""
    named: dict[str, str | None] = {
        "client_id": given.client_id,
        "project_id": given.project_id,
        "pipeline": given.pipeline,
        "what": given.what,
        "from": given.opened_from,
        "to": given.opened_to,
    }
    state = None if given.state == "any" else given.state
    page = asking.asked(
        "/incidents",
        {**named, "state": state, "limit": str(given.limit), "cursor": given.cursor},
        _NAMES,
    )
    # On the site, those that are open come without a filter.
    shown = {**named, "state": {"open": None, "any": "all"}.get(given.state, given.state)}
    return {
        "telling": page["telling"],
        "incidents": [incident(asking, one) for one in page["items"]],
        "next_cursor": page["next_cursor"],
        "link": _list_link(asking, shown),
    }


def open_incidents(asking: Asking, found: Json, client_id: str | None) -> Json:
    """Return how many incidents are open, and the newest, of an overview's *found* ones."""
    return {
        "telling": found["telling"],
        "open": found["open"],
        "of_staff": found["of_staff"],
        "newest": [incident(asking, one) for one in found["newest"]],
        "link": _list_link(asking, {"client_id": client_id}),
    }


def incident(asking: Asking, one: Json) -> Json:
    """Return what is wrong, since when and how often, and how people have answered."""
    last = one["last_job_id"]
    # Of totals that differ it is a name with blanks, which may be a producer's.
    is_job = last is not None and " " not in last
    return {
        "incident_id": one["incident_id"],
        "what": one["what"],
        "client_id": one["client_id"],
        "project_id": one["project_id"],
        "pipeline": one["pipeline"],
        "tag": said(one["tag"]),
        "of_staff": one["of_staff"],
        "state": one["state"],
        "since": one["began_at"],
        "opened_at": one["opened_at"],
        "closed_at": one["closed_at"],
        "closed_because": one["closed_because"],
        "jobs": one["jobs"],
        "last_job_id": last if is_job else None,
        "about": None if is_job else said(last),
        "error": _error(one["error"]),
        "acknowledged_by": said(one["acknowledged_by"]),
        "muted": one["muted"],
        "muted_until": one["muted_until"],
        "link": asking.link(f"incidents/{quote(one['incident_id'], safe='')}"),
    }


def _error(error: Json | None) -> Json | None:
    if error is None:
        return None
    return {"type": said(error["type"]), "message": said(error["message"])}


def _list_link(asking: Asking, shown: Query) -> str | None:
    """Return the address of the same list on the site."""
    known = {name: value for name, value in shown.items() if value is not None}
    return asking.link(f"incidents?{urlencode(known)}" if known else "incidents")
