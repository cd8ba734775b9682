"""What is wrong as long as something is so: jobs that run too long or have stalled, projects.

A *level* is how many are so now. It is looked at again and again, and each look says all: so what
is kept needs no marks of single jobs. A look that began before the one that was kept last
changes nothing. A cause of a level opens, waits and is told as any other.

Once somebody has resolved it, what was so by then counts no more until nothing is so any more: a
job that was killed stays silent for ever. What becomes so afterwards is another incident.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct, structs

from run_ledger.domain.instants import Instant

from .alert_rules import AlertRule, IncidentScope, Ruling
from .causes import (
    Activity,
    Cause,
    CauseKey,
    Standing,
    asked_by,
    moved,
)
from .marks.job_marks import (
    Mark,
)

_LEVEL = "level"
"""In place of a job among the marks: when the look began, and since when it is so."""


class LevelThing(NamedTuple):
    """One thing that is so: since when, which job ("" where it is none), and what, in words."""

    since: Instant
    job_id: str
    text: str


class LevelSeen(Struct, frozen=True):
    """What one look saw, which began at ``looked_at``: all that is so, the oldest first."""

    looked_at: Instant
    things: tuple[LevelThing, ...]


def levelled(
    scope: IncidentScope, standing: Standing, rule: AlertRule, level: LevelSeen, now: Instant
) -> Standing:
    """Return *standing* after a look by *rule* that saw *level*, as it is at *now*."""
    key = CauseKey(rule.what, "")
    cause = standing.causes.get(key, Cause())
    known = cause.marks.get(_LEVEL)
    if known is not None and known.version >= level.looked_at:
        return standing
    things = _counting(cause, level.things)
    is_well_at_last = not level.things and cause.resolved_at is not None
    is_asked_otherwise = bool(things) and asked_by(cause, rule) != cause
    if _is_same(cause, things) and not is_well_at_last and not is_asked_otherwise:
        return standing
    since = things[0].since if things else level.looked_at
    if known is not None and cause.jobs and cause.is_after_resolve(known.at):
        since = min(known.at, since)
    mark = Mark(level.looked_at, since, counts=bool(things))
    cause = structs.replace(asked_by(cause, rule), marks={_LEVEL: mark}, jobs=len(things))
    if things:
        error = (scope.family, things[0].text)
        cause = structs.replace(cause, error=error, last_job_id=things[0].job_id)
    if not level.things:
        cause = structs.replace(cause, resolved_at=None)
    return _with(standing, key, _counted(scope, key, cause, now))


def judged_levels(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* as it is at *now*; no ends of jobs are about a level."""
    del rulings
    for key, cause in standing.causes.items():
        standing = _with(standing, key, _counted(scope, key, cause, now))
    return standing


def withdrawn(scope: IncidentScope, standing: Standing, now: Instant) -> Standing:
    """Return *standing* once nobody wants to hear of its scope: what is open is withdrawn."""
    for key, cause in standing.causes.items():
        forgotten = structs.replace(cause, marks={}, beyond=0, jobs=0)
        gone = moved(scope, key, forgotten, Activity(now, "withdrawn"), now)
        standing = _with(standing, key, gone)
    return standing


def _counted(scope: IncidentScope, key: CauseKey, cause: Cause, now: Instant) -> Cause:
    """Return *cause* in the state that its level, and the time, put it in."""
    if cause.incident is not None and cause.jobs:
        cause = structs.replace(cause, incident=structs.replace(cause.incident, jobs=cause.jobs))
    mark = cause.marks.get(_LEVEL)
    since = now if mark is None else mark.at
    if cause.incident is None and not cause.is_after_resolve(since):
        # What goes on is resolved until it has been well for once.
        return structs.replace(cause, due_at=None)
    return moved(scope, key, cause, Activity(since, "healed"), now)


def _with(standing: Standing, key: CauseKey, cause: Cause) -> Standing:
    return structs.replace(standing, causes={**standing.causes, key: cause})


def _counting(cause: Cause, things: tuple[LevelThing, ...]) -> tuple[LevelThing, ...]:
    """Return which of *things* count: those that began after it was resolved.

    Where none has, and nothing is to be closed, all do: they go on resolved.
    """
    new = tuple(one for one in things if cause.is_after_resolve(one.since))
    return new if new or cause.incident is not None else things


def _is_same(cause: Cause, things: tuple[LevelThing, ...]) -> bool:
    """Return whether a look saw nothing new: the same number, and none or the same one first."""
    if cause.jobs != len(things):
        return False
    return not things or cause.last_job_id == things[0].job_id
