"""What is wrong as long as something is so: jobs that run too long or have stalled, projects.

A *level* is how many are so now. It is looked at again and again, and each look says all: so what
is kept needs no marks of single jobs. A look that began before the one that was kept last
changes nothing. A cause of a level opens, waits and is told as any other.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, structs

from run_ledger.domain.instants import Instant

from .alert_rules import AlertRule, IncidentScope, Ruling
from .causes import Activity, Cause, CauseKey, Mark, Standing, asked_by, moved

_LEVEL = "level"
"""In place of a job among the marks: when the look began, and since when it is so."""


class LevelSeen(Struct, frozen=True):
    """What one look saw, which began at ``looked_at``.

    ``jobs`` is the number of those that are so, the first of them since ``since``; ``last_job_id``
    is one of them, "" where it is no job. ``error`` says in words what is so.
    """

    looked_at: Instant
    jobs: int
    since: Instant
    last_job_id: str
    error: tuple[str, str]


def levelled(
    scope: IncidentScope, standing: Standing, rule: AlertRule, level: LevelSeen, now: Instant
) -> Standing:
    """Return *standing* after a look by *rule* that saw *level*, as it is at *now*."""
    key = CauseKey(rule.what, "")
    cause = standing.causes.get(key, Cause())
    known = cause.marks.get(_LEVEL)
    is_old = known is not None and known.version >= level.looked_at
    if is_old or (_is_same(cause, level) and not (level.jobs and asked_by(cause, rule) != cause)):
        return standing
    since = level.since if known is None or not cause.jobs else min(known.at, level.since)
    mark = Mark(level.looked_at, since, counts=level.jobs > 0)
    cause = structs.replace(asked_by(cause, rule), marks={_LEVEL: mark}, jobs=level.jobs)
    if level.jobs:
        cause = structs.replace(cause, error=level.error, last_job_id=level.last_job_id)
    else:
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
    if cause.incident is None and cause.resolved_at is not None and since <= cause.resolved_at:
        # What goes on is resolved until it has been well for once.
        return structs.replace(cause, due_at=None)
    return moved(scope, key, cause, Activity(since, "healed"), now)


def _with(standing: Standing, key: CauseKey, cause: Cause) -> Standing:
    return structs.replace(standing, causes={**standing.causes, key: cause})


def _is_same(cause: Cause, level: LevelSeen) -> bool:
    """Return whether a look saw nothing new: the same number, and none or the same one first."""
    if cause.jobs != level.jobs:
        return False
    return not level.jobs or cause.last_job_id == level.last_job_id
