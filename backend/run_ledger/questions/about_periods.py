"""Questions about periods: what is wrong now, which errors came, what changed, what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlencode

from msgspec import Meta, Struct

from .about_jobs import Id
from .asking import Asking, Json, Query, Refused
from .shaping import group, job, said, used

Moment = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT[0-9:.]+(Z|[+-]\d\d:\d\d)$",
        description="An RFC 3339 time with a zone, on the hour: 2026-11-22T14:00:00Z.",
    ),
]
_USUAL = timedelta(days=7)
_MOST = {"hour": timedelta(days=31), "day": timedelta(days=400)}
_HOUR = timedelta(hours=1)
_COUNTED = ("created", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out")


class WhatIsWrong(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which client, and how far back."""

    client_id: Id | None = None
    period: Literal["24h", "7d", "30d"] = "24h"


def what_is_wrong_now(asking: Asking, given: WhatIsWrong) -> Json:
    """Return what needs attention, with the figures of the period and of the one before."""
    query: Query = {"client_id": given.client_id, "period": given.period}
    found = asking.ask("/overview", query)
    totals = found["totals"]
    return {
        "as_of": found["as_of"],
        "since": found["since"],
        "now": {name: totals[name] for name in ("running", "queued", "stalled", "last_event_at")},
        "period": _figures(totals),
        "previous_period": {"since": found["previous_since"], **_figures(totals["previous"])},
        "needs_attention": [
            {
                "why": each["why"],
                "job": None if each["job"] is None else job(asking, each["job"]),
                "project": None if each["project"] is None else project(asking, each["project"]),
            }
            for each in found["attention"]
        ],
        "error_groups": [group(each) for each in found["errors"]["groups"]],
        "more_error_groups": found["errors"]["more"],
        "clients": [
            {
                "client_id": each["client_id"],
                "name": said(each["name"]),
                "ended": each["ended"],
                "failed_or_timed_out": each["failed"] + each["timed_out"],
                "partial": each["partial"],
                "error_rate": each["error_rate"],
                "previous_error_rate": each["previous"]["error_rate"],
            }
            for each in found["clients"]
        ],
        "clients_left_out": found["left_out"],
        "link": asking.link("overview"),
    }


def _figures(figures: Json) -> Json:
    return {
        **{name: figures[name] for name in _COUNTED},
        "error_rate": figures["error_rate"],
        "used": used(figures["counters"]),
    }


class ErrorGroups(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whose error groups, of which days."""

    client_id: Id | None = None
    since: (
        Annotated[str, Meta(description="A date in UTC; the last 7 days unless given.")] | None
    ) = None
    until: (
        Annotated[str, Meta(description="A date in UTC, exclusive; now unless given.")] | None
    ) = None
    only_new: Annotated[
        bool, Meta(description="Only groups without a failure in the 30 days before since.")
    ] = False
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    cursor: Annotated[str, Meta(max_length=2_048)] | None = None


def error_groups(asking: Asking, given: ErrorGroups) -> Json:
    """Return a page of error groups."""
    query: dict[str, str | None] = {
        "client_id": given.client_id,
        "from": given.since,
        "to": given.until,
        "new": "true" if given.only_new else None,
    }
    page = asking.ask("/errors", {**query, "limit": str(given.limit), "cursor": given.cursor})
    shown = {name: value for name, value in query.items() if value is not None}
    return {
        "error_groups": [group(one) for one in page["items"]],
        "next_cursor": page["next_cursor"],
        "left_out": page["left_out"],
        "link": asking.link(f"errors?{urlencode(shown)}"),
    }


class AskedPeriod(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which work, of which time, in which groups."""

    group_by: Literal["client", "project", "pipeline", "model"] | None = None
    since: Moment | None = None
    until: Moment | None = None
    client_id: Id | None = None
    project_id: Id | None = None
    pipeline: Id | None = None


def compare_periods(asking: Asking, given: AskedPeriod) -> Json:
    """Return what was done in a period and in the one before, which is as long."""
    begin, end = _hours(asking, given)
    before = begin - (end - begin)
    now, then = _sums(asking, given, begin, end), _sums(asking, given, before, begin)
    names = sorted({*now.groups, *then.groups})
    return {
        "period": {"since": _text(begin), "until": _text(end)},
        "previous_period": {"since": _text(before), "until": _text(begin)},
        "groups": [
            {
                "group": name if given.group_by != "model" else said(name),
                "period": now.groups.get(name, _nothing(given)),
                "previous_period": then.groups.get(name, _nothing(given)),
            }
            for name in names
        ],
        "left_out": now.left_out or then.left_out,
    }


def cost_by(asking: Asking, given: AskedPeriod) -> Json:
    """Return tokens and cost of a period, the dearest group first."""
    begin, end = _hours(asking, given)
    found = _sums(asking, given, begin, end)
    rows = sorted(found.raw.items(), key=lambda row: (-row[1].get("cost_microusd", 0), row[0]))
    return {
        "period": {"since": _text(begin), "until": _text(end)},
        "groups": [
            {"group": name if given.group_by != "model" else said(name), **used(counters)}
            for name, counters in rows
        ],
        "left_out": found.left_out,
        "link": asking.link("costs"),
    }


class _Sums(Struct, frozen=True):
    groups: Mapping[str, Json]
    raw: Mapping[str, Mapping[str, int]]
    left_out: Json | None


def _sums(asking: Asking, given: AskedPeriod, begin: datetime, end: datetime) -> _Sums:
    """Add up the points of each group's series; where there is one group, its name is ""."""
    found = asking.ask(
        "/trends",
        {
            "interval": _interval(begin, end),
            "from": _text(begin),
            "to": _text(end),
            "client_id": given.client_id,
            "project_id": given.project_id,
            "pipeline": given.pipeline,
            "group_by": given.group_by,
        },
    )
    series = {next(iter(one["key"].values()), ""): one["points"] for one in found["series"]}
    if found["other"] is not None:
        rest = "without a model" if given.group_by == "model" else "others"
        series[rest] = found["other"]["points"]
    counts = () if given.group_by == "model" else _COUNTED
    counters = {
        name: _added(points, lambda one: one["counters"]) for name, points in series.items()
    }
    return _Sums(
        {
            name: {
                **_added(points, lambda one: {each: one[each] for each in counts}, counts),
                "used": used(counters[name]),
            }
            for name, points in series.items()
        },
        counters,
        found["left_out"],
    )


def _nothing(given: AskedPeriod) -> Json:
    counts = () if given.group_by == "model" else _COUNTED
    return {**dict.fromkeys(counts, 0), "used": used({})}


def _added(
    points: list[Json], of: Callable[[Json], Mapping[str, int]], names: tuple[str, ...] = ()
) -> dict[str, int]:
    sums = dict.fromkeys(names, 0)
    for point in points:
        for name, value in of(point).items():
            sums[name] = sums.get(name, 0) + value
    return sums


def _hours(asking: Asking, given: AskedPeriod) -> tuple[datetime, datetime]:
    """Return the period's ends: the 7 days before this hour, unless others are given."""
    hour = asking.now.replace(minute=0, second=0, microsecond=0)
    end = hour if given.until is None else _moment("until", given.until)
    begin = end - _USUAL if given.since is None else _moment("since", given.since)
    if not begin < end <= hour + _HOUR:
        raise Refused("since must be before until, and until no later than the hour that goes on.")
    most = _MOST[_interval(begin, end)]
    if end - begin > most:
        raise Refused(
            f"This period has more than {most.days} days. 400 are the most where since and until "
            "are midnight in UTC, or else 31."
        )
    return begin, end


def _interval(begin: datetime, end: datetime) -> str:
    """Return the longest interval that no end of the period lies in."""
    return "day" if all(at.astimezone(UTC).hour == 0 for at in (begin, end)) else "hour"


def _moment(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(f"{name} is no time: {text!r}; allowed is 2026-11-22T14:00:00Z.") from error
    if at.tzinfo is None or (at.minute, at.second, at.microsecond) != (0, 0, 0):
        raise Refused(f"{name} must be on the hour and have a zone, as 2026-11-22T14:00:00Z.")
    return at


def _text(at: datetime) -> str:
    return at.isoformat()


class Projects(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which projects."""

    client_id: Id | None = None
    status: Literal["active", "paused", "completed", "archived"] | None = None
    overdue: (
        Annotated[bool, Meta(description="True: only overdue ones; false: only others.")] | None
    ) = None
    limit: Annotated[int, Meta(ge=1, le=50)] = 20
    cursor: Annotated[str, Meta(max_length=2_048)] | None = None


def projects(asking: Asking, given: Projects) -> Json:
    """Return a page of projects, the next due date first."""
    page = asking.ask(
        "/projects",
        {
            "client_id": given.client_id,
            "status": given.status,
            "overdue": None if given.overdue is None else str(given.overdue).lower(),
            "sort": "due",
            "limit": str(given.limit),
            "cursor": given.cursor,
        },
    )
    return {
        "projects": [project(asking, one) for one in page["items"]],
        "next_cursor": page["next_cursor"],
        "left_out": page["left_out"],
        "link": asking.link("projects"),
    }


def project(asking: Asking, one: Json) -> Json:
    """Return how far a project is."""
    place = urlencode({"client_id": one["client_id"]})
    return {
        "project_id": one["project_id"],
        "client_id": one["client_id"],
        "name": said(one["name"]),
        "owner": said(one["owner"]),
        "status": one["status"],
        "due_at": one["due_at"],
        "overdue": one["overdue"],
        "jobs_expected": one["jobs_expected"],
        "jobs_done": one["jobs_done"],
        "jobs": one["jobs"],
        "used": used(one["counters"]),
        "link": asking.link(f"projects/{one['project_id']}?{place}"),
    }


class FindClients(Struct, kw_only=True, forbid_unknown_fields=True):
    """Which page of clients."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: Annotated[str, Meta(max_length=2_048)] | None = None


def find_clients(asking: Asking, given: FindClients) -> Json:
    """Return a page of the clients that the caller may see, by id."""
    page = asking.ask("/clients", {"limit": str(given.limit), "cursor": given.cursor})
    return {
        "clients": [
            {
                "client_id": one["client_id"],
                "name": said(one["name"]),
                "description": said(one["description"]),
                "jobs": one["jobs"],
                "link": asking.link(f"clients/{one['client_id']}"),
            }
            for one in page["items"]
        ],
        "next_cursor": page["next_cursor"],
    }
