"""What is kept of a scope, judged by what its family is about, and by what people do about it.

Every act is told, for the incident's history. A resolve closes the incident, and what counts then
is when a job ended: what had failed by then opens nothing any more, whenever it is heard of, and
what fails afterwards is another incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import structs

from run_ledger.domain.instants import Instant
from run_ledger.domain.quiet_hours import quiet_until

from .alert_rules import Family, IncidentScope, Ruling
from .budgets import judged_budgets
from .causes import (
    INCIDENT_CHANGED,
    INCIDENT_CLOSED,
    Cause,
    LastTold,
    Standing,
    with_notice,
)
from .error_rates import judged_rates
from .failing_jobs import judged
from .incident_acts import Answers, IncidentAct, answered, with_mute
from .levels import judged_levels
from .news import with_news

_Judge = Callable[[IncidentScope, Standing, Iterable[Ruling], Instant], Standing]
_JUDGES: Mapping[Family, _Judge] = {
    "rate": judged_rates,
    "too_long": judged_levels,
    "stalled": judged_levels,
    "overdue": judged_levels,
    "budget": judged_budgets,
}


def judged_scope(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* after *rulings*, as it is at *now*: opened, closed, with notices to tell.

    Without rulings it only takes note of the time.
    """
    judge = _JUDGES.get(scope.family, judged)
    after = with_ended_mutes(judge(scope, standing, rulings, now), now)
    return with_news(after, now)


REASONS = {
    "acknowledge": "acknowledged",
    "mute": "muted",
    "unmute": "unmuted",
    "note": "noted",
}


def acted(cause: Cause, incident_id: str, act: IncidentAct, now: Instant) -> Cause | None:
    """Return *cause* after an act on one of its incidents; None where that is not open any more.

    An act of a time that lies before *now* is as good as a punctual one; see the module's
    docstring of a resolve.
    """
    incident = cause.incident
    if incident is None or incident.incident_id != incident_id:
        return None
    if act.act == "resolve":
        closed = structs.replace(incident, closed_at=now, closed_because="resolved")
        told = with_notice(cause, INCIDENT_CLOSED, closed, now, act=act)
        resolved_at = max(act.at, cause.resolved_at or act.at)
        return structs.replace(
            told, incident=None, due_at=None, last_told=None, resolved_at=resolved_at
        )
    known = cause.answers if cause.answers.incident_id == incident_id else Answers(incident_id)
    cause = structs.replace(cause, answers=answered(known, act, cause.jobs, now))
    return with_notice(cause, INCIDENT_CHANGED, incident, now, REASONS[act.act], act=act)


def with_ended_mutes(standing: Standing, now: Instant) -> Standing:
    """Return *standing* without mutes that are over *now*, which is told of open incidents.

    In quiet hours they go on.
    """
    causes = {key: _with_ended_mute(cause, now) for key, cause in standing.causes.items()}
    return structs.replace(standing, causes=causes)


def _with_ended_mute(cause: Cause, now: Instant) -> Cause:
    mute, incident = cause.present_mute, cause.incident
    if mute is None or incident is None or not cause.jobs or not mute.has_ended(cause.jobs, now):
        return cause
    quiet_end = quiet_until(cause.wish.quiet, now)
    if quiet_end is not None:
        return structs.replace(cause, answers=with_mute(cause.answers, is_on=True, until=quiet_end))
    cause = structs.replace(cause, answers=with_mute(cause.answers, is_on=False, until=mute.until))
    reason = "grew" if mute.until is None else "mute_ended"
    cause = with_notice(cause, INCIDENT_CHANGED, incident, now, reason)
    if cause.last_told is None:
        return cause
    last_told = LastTold(incident.incident_id, now, cause.jobs)
    return structs.replace(cause, last_told=last_told)
