"""The events of the projects.

A project that goes on for good is opened once. A delivery is a project of its own every fortnight:
opened the day before, re-scoped on the way, sometimes paused, completed a little after its end. How
many jobs it expects is near what it comes to, and in the end just that.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from run_ledger_ops.demo.past.catalogue import PROJECTS, DemoProject
from run_ledger_ops.demo.reporting.demo_events import (
    GENERATION,
    NAME_PREFIX,
    TAGS,
    DemoEvent,
    rfc3339,
)

_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
_FORTNIGHT = timedelta(days=14)
_OPENED_BEFORE = timedelta(days=1)
_INTAKE_DAYS = (0, 3, 6, 9)
_PAUSED_SHARE = 0.3
_TIGHT_SHARE = 0.25
_DUE_DAYS, _TIGHT_DAYS, _COMPLETED_DAYS = 14.7, 12.5, 14.5
_PLANNED, _RE_SCOPED = (0.85, 1.1), (0.97, 1.04)  # shares of the jobs that it comes to
_DELIVERIES = {one.code: one for one in PROJECTS if one.is_delivery}


def project_id_at(project: DemoProject, at: datetime) -> str:
    """Return the id under which a project's jobs of this time run."""
    name = f"demo-{project.client_id}-{project.code}"
    return f"{name}-{_fortnight_of(project, at):%Y%m%d}" if project.is_delivery else name


def begun_before(project_id: str, at: datetime) -> bool:
    """Return whether this is the id of a delivery that was at work at that time."""
    return any(project_id_at(one, at) == project_id for one in _DELIVERIES.values())


def whole_fortnights(since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return when the first delivery of that time begins, and when the last one ends."""
    first = min(_fortnight_of(project, since) for project in _DELIVERIES.values())
    last = max(_fortnight_of(project, until + _OPENED_BEFORE) for project in _DELIVERIES.values())
    return first, last + _FORTNIGHT


def opened_projects(
    seed: int, since: datetime, until: datetime, jobs_done: Mapping[str, int]
) -> list[DemoEvent]:
    """Return all events up to `until` of the projects that jobs since `since` can belong to.

    `jobs_done` says how many jobs of each are done in the end, which depends on the seed.
    """
    events: list[DemoEvent] = []
    for project in PROJECTS:
        if not project.is_delivery:
            events.append(_opened(project))
            continue
        begin = _fortnight_of(project, since)
        while begin <= until + _OPENED_BEFORE:
            events.extend(_delivery(seed, project, begin, jobs_done))
            begin += _FORTNIGHT
    return sorted((event for event in events if event.at <= until), key=lambda event: event.at)


def _fortnight_of(project: DemoProject, at: datetime) -> datetime:
    anchor = _EPOCH + timedelta(days=project.offset_days or 0)
    return anchor + (at - anchor) // _FORTNIGHT * _FORTNIGHT


def _opened(project: DemoProject) -> DemoEvent:
    at = _EPOCH + timedelta(hours=9)
    return _event(project, project_id_at(project, at), at, "opened", status="active")


def _delivery(
    seed: int, project: DemoProject, begin: datetime, jobs_done: Mapping[str, int]
) -> Iterator[DemoEvent]:
    project_id = project_id_at(project, begin)
    dice = Random(f"{GENERATION}/{seed}/{project_id}")  # noqa: S311 reproducible is what it has to be
    comes_to = jobs_done[project_id]
    days_given = _TIGHT_DAYS if dice.random() < _TIGHT_SHARE else _DUE_DAYS
    due_at = rfc3339(begin + timedelta(days=days_given))

    def tell(days: float, what: str, **fields: Any) -> DemoEvent:
        at = begin + timedelta(days=days)
        return _event(project, project_id, at, f"{seed}:{what}", due_at=due_at, **fields)

    def about(bounds: tuple[float, float]) -> int:
        return max(10, round(comes_to * dice.uniform(*bounds) / 10) * 10)

    yield tell(-0.6, "opened", status="active", jobs_expected=about(_PLANNED))
    for day in _INTAKE_DAYS:
        received = dice.randrange(20_000, 90_000)
        yield tell(day + 0.3, f"intake-{day}", delta={"records_received": received})
    if dice.random() < _PAUSED_SHARE:
        yield tell(4.7, "paused", status="paused")
        yield tell(5.4, "resumed", status="active")
    yield tell(7.4, "re-scoped", jobs_expected=about(_RE_SCOPED))
    yield tell(_COMPLETED_DAYS, "completed", status="completed", jobs_expected=comes_to)


def _event(
    project: DemoProject, project_id: str, at: datetime, what: str, **fields: Any
) -> DemoEvent:
    detail = {
        "schema_version": 1,
        "event_id": f"{project_id}:{GENERATION}:{what}",
        "occurred_at": rfc3339(at),
        "project_id": project_id,
        "client_id": project.client_id,
        "name": f"{NAME_PREFIX}{project.title}",
        "owner": f"{project.owner} (demo)",
        "tags": TAGS,
        **fields,
    }
    return DemoEvent(at, "project_update", detail)
