"""What is told of an incident while it is open: that it still is, and that it grows.

Both go by when the incident was told last, whatever was told then. So an incident that has grown
needs no reminder just after, and of two sweeps at the same time one finds nothing left to tell.
"""

from __future__ import annotations

from msgspec import structs

from run_ledger.domain.instants import Instant
from run_ledger.domain.quiet_hours import quiet_until

from .causes import INCIDENT_CHANGED, Cause, LastTold, Standing, with_notice


def with_news(standing: Standing, now: Instant) -> Standing:
    """Return *standing* with a notice of each open incident of which there is news at *now*."""
    causes = {key: _with_news(cause, now) for key, cause in standing.causes.items()}
    return structs.replace(standing, causes=causes)


def _with_news(cause: Cause, now: Instant) -> Cause:
    incident, told = cause.incident, cause.last_told
    if incident is None or cause.present_mute is not None:
        return cause
    if not (cause.wish.remind_seconds or cause.wish.growth_seconds):
        return cause
    if told is None or told.incident_id != incident.incident_id:
        return structs.replace(
            cause, last_told=LastTold(incident.incident_id, incident.opened_at, cause.jobs)
        )
    due_at = cause.news_due_at
    if not cause.jobs or due_at is None or now < due_at:
        return cause
    quiet_end = quiet_until(cause.wish.quiet, now)
    if quiet_end is not None:
        return structs.replace(cause, due_at=quiet_end)
    reason = "grew" if cause.has_grown else "reminder"
    jobs = cause.jobs if cause.has_grown else told.jobs
    cause = with_notice(cause, INCIDENT_CHANGED, incident, now, reason)
    return structs.replace(cause, last_told=LastTold(incident.incident_id, now, jobs))
