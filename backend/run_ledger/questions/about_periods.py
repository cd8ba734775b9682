"""Questions about periods: which errors came, what changed, what it cost, how far projects are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from msgspec import Meta, Struct

from .about_jobs import Id
from .asking import Asking, Json, Query, Refused, repeated
from .shaping import group, said, used, without

Moment = Annotated[
    str,
    Meta(
        max_length=64,
        description="A time with a zone, on a full hour of UTC, as 2026-11-22T14:00:00Z; or a "
        "date, as 2026-11-22, which is its midnight in UTC. Unless given, until is the begin of "
        "this hour, and since is 7 days before until.",
    ),
]
_USUAL = timedelta(days=7)
_MOST = {"hour": timedelta(days=31), "day": timedelta(days=400)}
_HOUR = timedelta(hours=1)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
# No event is of an earlier time in earnest, and the previous period needs room.
_FIRST_YEAR = 1970
_ALLOWED = "a full hour with a zone, as 2026-11-22T14:00:00Z, or a date in UTC, as 2026-11-22"
COUNTED = ("created", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out")
"""What is counted of jobs, as the API names it."""


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
    page = asking.asked(
        "/errors",
        {**query, "limit": str(given.limit), "cursor": given.cursor},
        {"from": "since", "to": "until"},
    )
    is_shown = given.until is None and (given.only_new == (given.since is not None))
    # The site has no other days than the last seven, and those since which a group is new.
    shown = {"client_id": given.client_id, "new_since": given.since}
    return {
        "error_groups": [group(one) for one in page["items"]],
        "next_cursor": page["next_cursor"],
        "left_out": without(page["left_out"]),
        "link": _errors_link(asking, shown) if is_shown else None,
    }


def _errors_link(asking: Asking, shown: Query) -> str | None:
    known = {name: value for name, value in shown.items() if value is not None}
    return asking.link(f"errors?{urlencode(known)}" if known else "errors")


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
    groups = sorted(
        {*now.groups, *then.groups},
        key=lambda one: (-max(now.size(one), then.size(one)), one),
    )
    return {
        "period": {"since": begin.isoformat(), "until": end.isoformat()},
        "previous_period": {"since": before.isoformat(), "until": begin.isoformat()},
        "groups": [
            {
                **_named(one, given),
                "period": now.figures(one),
                "previous_period": then.figures(one),
            }
            for one in groups
        ],
        "left_out": without(now.left_out),
        "previous_left_out": without(then.left_out),
    }


def cost_by(asking: Asking, given: AskedPeriod) -> Json:
    """Return tokens and cost of a period, the dearest group first."""
    begin, end = _hours(asking, given)
    found = _sums(asking, given, begin, end)
    groups = sorted(found.groups, key=lambda one: (-found.size(one), one))
    return {
        "period": {"since": begin.isoformat(), "until": end.isoformat()},
        "groups": [{**_named(one, given), **used(found.groups[one]["counters"])} for one in groups],
        "left_out": without(found.left_out),
        "link": _costs_link(asking, given, begin),
    }


def _costs_link(asking: Asking, given: AskedPeriod, begin: datetime) -> str | None:
    """Return the address of the same costs on the site, which shows them up to now."""
    if given.until or given.project_id or given.pipeline or given.group_by == "pipeline":
        return None
    grouped = {} if given.group_by in {None, "client"} else {"group_by": given.group_by}
    client = {} if given.client_id is None else {"client_id": given.client_id}
    return asking.link(f"costs?{urlencode({**grouped, 'since': begin.isoformat(), **client})}")


class Group(NamedTuple):
    """A group by its name; or the rest, of what has no group of its own."""

    name: str
    is_rest: bool = False


_REST, _OTHER_MODELS = Group("", is_rest=True), Group("other")


def _named(one: Group, given: AskedPeriod) -> Json:
    """Return which group it is. No client can take the name of the rest, nor can a model."""
    if one.is_rest:
        return {"group": _rest(given), "is_rest": True}
    return {"group": said(one.name) if given.group_by == "model" else one.name}


def _rest(given: AskedPeriod) -> str:
    return "without a model" if given.group_by == "model" else "all others together"


class _Sums(Struct, frozen=True):
    """The sums of a period: of each group its counts of jobs, and its `counters`."""

    groups: Mapping[Group, Json]
    left_out: Json | None
    is_by_model: bool

    def size(self, one: Group) -> int:
        """Return what a group cost, in millionths of a US dollar."""
        found = self.groups.get(one)
        return 0 if found is None else int(found["counters"].get("cost_microusd", 0))

    def figures(self, one: Group) -> Json | None:
        """Return a group's figures; None where they are in the rest, or left out."""
        found = self.groups.get(one)
        counts = () if self.is_by_model else COUNTED
        if found is not None:
            return {name: found[name] for name in counts} | {"used": used(found["counters"])}
        rest = _OTHER_MODELS if self.is_by_model else _REST
        if not one.is_rest and (rest in self.groups or self.left_out is not None):
            return None
        return {**dict.fromkeys(counts, 0), "used": used({})}


def _sums(asking: Asking, given: AskedPeriod, begin: datetime, end: datetime) -> _Sums:
    """Add up the points of each group's series; where there is one group, its name is ""."""
    found = asking.asked(
        "/trends",
        {
            "interval": _interval(begin, end),
            "from": begin.isoformat(),
            "to": end.isoformat(),
            "client_id": given.client_id,
            "project_id": given.project_id,
            "pipeline": given.pipeline,
            "group_by": given.group_by,
        },
        {"from": "since", "to": "until"},
    )
    series = {Group(next(iter(one["key"].values()), "")): one["points"] for one in found["series"]}
    if found["other"] is not None:
        series[_REST] = found["other"]["points"]
    return _Sums(
        {
            one: {
                **_added(points, lambda point: {each: point[each] for each in COUNTED}, COUNTED),
                "counters": _added(points, lambda point: point["counters"]),
            }
            for one, points in series.items()
        },
        found["left_out"],
        given.group_by == "model",
    )


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
    return "day" if all(at.hour == 0 for at in (begin, end)) else "hour"


def _moment(name: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if _DATE.fullmatch(text) else at
        # Counts are kept by hours of UTC: a full hour of another zone may lie in the middle of one.
        at = at if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Refused(f"{name} is no time: {repeated(text)}; allowed: {_ALLOWED}.") from error
    if at.tzinfo is None:
        raise Refused(f"{name} has no zone: {repeated(text)}; allowed: {_ALLOWED}.")
    if (at.minute, at.second, at.microsecond) != (0, 0, 0):
        raise Refused(f"{name} must be on the hour of UTC: {repeated(text)}; allowed: {_ALLOWED}.")
    if at.year < _FIRST_YEAR:
        raise Refused(f"{name} is before {_FIRST_YEAR}: {repeated(text)}; allowed: {_ALLOWED}.")
    return at


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
        "left_out": without(page["left_out"]),
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
