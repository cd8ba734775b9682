"""The events of the projects.

A project that goes on for good is opened once. A delivery is a project of its own every fortnight:
opened the day before, re-scoped on the way, sometimes paused, completed a little after its end.
All this is a function of the calendar alone, so that it is the same for every seed.
"""

from collections.abc import Iterator
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


def project_id_at(project: DemoProject, at: datetime) -> str:
    """Return the id under which a project's jobs of this time run."""
    name = f"demo-{project.client_id}-{project.code}"
    return f"{name}-{_fortnight_of(project, at):%Y%m%d}" if project.is_delivery else name


def opened_projects(since: datetime, until: datetime) -> list[DemoEvent]:
    """Return all events up to `until` of the projects that jobs since `since` can belong to."""
    events: list[DemoEvent] = []
    for project in PROJECTS:
        if not project.is_delivery:
            events.append(_opened(project))
            continue
        begin = _fortnight_of(project, since)
        while begin <= until + _OPENED_BEFORE:
            events.extend(_delivery(project, begin))
            begin += _FORTNIGHT
    return sorted((event for event in events if event.at <= until), key=lambda event: event.at)


def _fortnight_of(project: DemoProject, at: datetime) -> datetime:
    anchor = _EPOCH + timedelta(days=project.offset_days or 0)
    return anchor + (at - anchor) // _FORTNIGHT * _FORTNIGHT


def _opened(project: DemoProject) -> DemoEvent:
    at = _EPOCH + timedelta(hours=9)
    return _event(project, project_id_at(project, at), at, "opened", status="active")


def _delivery(project: DemoProject, begin: datetime) -> Iterator[DemoEvent]:
    project_id = project_id_at(project, begin)
    dice = Random(f"{GENERATION}/{project_id}")  # noqa: S311 reproducible is what it has to be
    expected = dice.randrange(140, 260, 10)
    due_at = rfc3339(begin + timedelta(days=11, hours=17))

    def tell(days: float, what: str, **fields: Any) -> DemoEvent:
        at = begin + timedelta(days=days)
        return _event(project, project_id, at, what, due_at=due_at, **fields)

    yield tell(-0.6, "opened", status="active", jobs_expected=expected)
    for day in _INTAKE_DAYS:
        received = dice.randrange(20_000, 90_000)
        yield tell(day + 0.3, f"intake-{day}", delta={"records_received": received})
    if dice.random() < _PAUSED_SHARE:
        yield tell(4.7, "paused", status="paused")
        yield tell(5.4, "resumed", status="active")
    yield tell(7.4, "re-scoped", jobs_expected=expected + dice.randrange(-20, 50, 10))
    yield tell(14.2, "completed", status="completed")


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
