"""A project is a fold over the set of its events, as a job is: latest values and counters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import UNSET, Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import (
    PROJECT_LATEST_FIELDS,
    ProjectStatus,
    ProjectUpdate,
)
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant

from .sums import CounterSums, LatestValue, take_latest_values


class Project(Struct, frozen=True):
    """A project's state: when its earliest event occurred, latest values, counters."""

    project_id: str
    client_id: str
    created_at: Instant
    latest_values: Mapping[str, LatestValue]
    counters: Mapping[str, int]

    @property
    def awaited_at(self) -> Instant | None:
        """Return when the project is due; None where it never is, or nobody waits for it."""
        due_at: Instant | None = self.latest("due_at")
        return None if self.latest("status") in CLOSED else due_at

    def latest(self, field: str) -> Any:
        """Return the latest value of *field*, None where no event carried it."""
        known = self.latest_values.get(field)
        return known.value if known else None


CLOSED: tuple[ProjectStatus, ...] = ("paused", "completed", "archived")
"""The states of a project in which nobody waits for it."""


def check_identity(project: Project, update: ProjectUpdate) -> None:
    """Raise InvalidEvent where *update* names another client than *project*."""
    if update.client_id != project.client_id:
        raise InvalidEvent(
            "identity_mismatch",
            field="detail.client_id",
            got=shown(update.client_id),
            allowed=f"{shown(project.client_id)}, as in the earlier events of project "
            f"{project.project_id}",
        )


def fold(project: Project | None, events: Sequence[Event]) -> Project:
    """Return the state of *project* after *events* as well; None stands for one without events.

    The events must be of one project and client, have different event ids, and not be in *project*
    yet. Raises ValueError where there is neither a project nor an event.
    """
    if project is None:
        if not events:
            raise ValueError("a project that has no events has no state")
        update = project_update(events[0])
        first = events[0].occurred_at
        project = Project(update.project_id, update.client_id, first, {}, {})
    latest_values, sums = dict(project.latest_values), CounterSums(dict(project.counters))
    created_at = project.created_at
    for event in events:
        take_latest_values(latest_values, PROJECT_LATEST_FIELDS, event)
        sums.take(event)
        created_at = min(created_at, event.occurred_at)
    return Project(project.project_id, project.client_id, created_at, latest_values, sums.counters)


def project_update(event: Event) -> ProjectUpdate:
    """Return the detail of a project's event; raises TypeError for another event."""
    if not isinstance(event.update, ProjectUpdate):
        raise TypeError(f"event {event.event_id} is no project_update")
    return event.update


def changes_only_counters(event: Event, created_at: Instant) -> bool:
    """Return whether *event* adds to the counters of a project and changes nothing else.

    *created_at* is when the project was created, or a later time.
    """
    update = project_update(event)
    return created_at <= event.occurred_at and all(
        getattr(update, field) is UNSET for field in PROJECT_LATEST_FIELDS
    )
