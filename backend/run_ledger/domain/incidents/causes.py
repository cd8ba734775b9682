"""The fold that decides what is told: ends of jobs into causes, and causes into notices.

A *cause* is one thing wrong: (scope, what, fingerprint). It holds marks of the jobs that it made
fail: by job, the version of the item that said so, and when that job ended. The scope holds marks
of good jobs, too. A cause is *active* while a job failed by it later than the last good one of its
scope ended, so what counts is when things happened, not when they were heard of. Any order
of ends, and any repeat, leads to the same: a mark changes only by a later version of its job.

::

    quiet --a job fails--> waiting --grace is over--> open (told) --a good job ends--> quiet (told)
                              `----------a good job ends: never told----------------> quiet

Only the latest marks are kept. So ``jobs`` of a cause with more of them is the number of jobs that
have failed by it, less those that were heard of very late.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct, structs

from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.quiet_hours import quiet_until

from .alert_rules import AlertRule, IncidentScope, Wish
from .incident_acts import Answers, IncidentAct, Mute
from .marks.job_marks import EndedMark, Marks, job_digest

MOST_MARKS = 16
MOST_ACTIVE_CAUSES = 1_000
MOST_KEPT_CAUSES = 3_000
"""So many are kept apart with those that are quiet: all of a scope is read to judge it."""
OTHER = "other"
"""The fingerprint of what fails in a scope that has as many causes as are kept apart."""
INCIDENT_OPENED = "incident_opened"
INCIDENT_CHANGED = "incident_changed"
INCIDENT_CLOSED = "incident_closed"
GROWN = 2
"""An incident has grown when so many times as many jobs have failed as when it was told last."""
ClosedBecause = Literal["healed", "withdrawn", "resolved", "month_over"]


class CauseKey(NamedTuple):
    """What tells the causes of one scope apart."""

    what: str
    fingerprint: str


class Incident(Struct, frozen=True):
    """A cause that people were told of; ``closed_at`` is None while it is open.

    ``told`` is how many notices were made of it. ``jobs`` is how many jobs have failed by it; once
    none does any more, how many had. ``to`` names the channels by which people are told of it, from
    its opening to its end.
    """

    incident_id: str
    opened_at: Instant
    began_at: Instant
    closed_at: Instant | None = None
    closed_because: ClosedBecause | None = None
    told: int = 1
    jobs: int = 0
    to: tuple[str, ...] = ()


class IncidentNotice(Struct, frozen=True):
    """Something to tell, once: its id is that of the incident and what became of it.

    It is the incident's ``number``-th notice, from 1, and was made at ``at``. What
    is kept of an incident goes by the number, so that no earlier notice undoes a later one.
    ``reason`` says why it has changed, None of its opening and end; ``act`` is what somebody did.
    One that is ``silent`` is for the incident's history and for programs: no channel has it.
    """

    notice_id: str
    kind: str
    incident: Incident
    jobs: int
    last_job_id: str
    error: tuple[str, str] | None
    number: int = 1
    at: Instant = Instant(0)
    reason: str | None = None
    act: IncidentAct | None = None
    silent: bool = False
    answers: Answers | None = None


class LastTold(NamedTuple):
    """When an incident was told last, and how many jobs had failed when their number was."""

    incident_id: str
    at: Instant
    jobs: int


class Cause(Struct, frozen=True):
    """One thing wrong; the module's docstring tells its states.

    ``jobs`` is the number of active jobs, ``beyond`` of those whose marks are not kept any more.
    ``incidents`` is how many it has been so far. ``due_at`` is when
    the grace is over, or quiet hours that keep it from being told; None unless it waits.
    ``notices`` are those that have not been given away.
    ``above_percent`` and ``last`` are of error rates alone, as the rule has them. ``wish`` is how
    the rule wants it told; ``last_told`` is None unless that goes by it. ``ends_at`` is when it
    is over whatever happens, of a budget alone.
    ``to`` names the channels of the rule that asked last.
    ``answers`` are people's, to the incident that they name. ``resolved_at`` is when somebody said
    last that what had failed until then is done with.
    """

    marks: Marks = {}
    beyond: int = 0
    jobs: int = 0
    after: int = 1
    grace_seconds: int = 0
    error: tuple[str, str] | None = None
    last_job_id: str = ""
    incidents: int = 0
    due_at: Instant | None = None
    incident: Incident | None = None
    notices: tuple[IncidentNotice, ...] = ()
    above_percent: int = 0
    last: int = 0
    wish: Wish = Wish()
    last_told: LastTold | None = None
    ends_at: Instant | None = None
    to: tuple[str, ...] = ()
    answers: Answers = Answers()
    resolved_at: Instant | None = None

    def active_since(self, good_at: Instant | None) -> list[Instant]:
        """Return when jobs failed by it after the last good job ended, at *good_at*.

        Those are left out that failed before it was resolved.
        """
        since = self.since(good_at)
        ends = (mark.at for mark in self.marks.values() if mark.counts)
        return sorted(at for at in ends if since is None or at > since)

    def since(self, good_at: Instant | None) -> Instant | None:
        """Return when the last good job ended, at *good_at*, or it was resolved after that."""
        return max((at for at in (good_at, self.resolved_at) if at is not None), default=None)

    def is_after_resolve(self, at: Instant) -> bool:
        """Return whether what began at *at* is later than what somebody has resolved."""
        return self.resolved_at is None or at > self.resolved_at

    @property
    def present_answers(self) -> Answers:
        """Return how people have answered the incident that is open."""
        if self.incident is None or self.incident.incident_id != self.answers.incident_id:
            return Answers()
        return self.answers

    @property
    def present_mute(self) -> Mute | None:
        """Return the mute of the open incident; None where there is none."""
        answers = self.present_answers
        return answers.mute if answers.is_muted else None

    @property
    def is_quiet(self) -> bool:
        """Return whether there is nothing to wait for and nothing to tell."""
        return self.due_at is None and self.incident is None and not self.notices

    @property
    def goes_on_resolved(self) -> bool:
        """Return whether it goes on though somebody has resolved it: that must stay known."""
        return self.resolved_at is not None and self.incident is None and self.jobs > 0

    @property
    def falls_due_at(self) -> Instant | None:
        """Return when it is due though nothing ends; None where it never is.

        That is when its grace is over, if enough jobs have failed; when there is news of it, or its
        mute ends; or when quiet hours end in which it has healed.
        """
        if self.incident is None:
            return self.due_at if self.jobs >= self.after else None
        mute = self.present_mute
        if self.jobs and mute is not None:
            times = [mute.until, self.ends_at]
        else:
            times = [self.news_due_at, self.ends_at] if self.jobs else [self.due_at]
        return min((one for one in times if one is not None), default=None)

    @property
    def has_grown(self) -> bool:
        """Return whether it has grown so much since it was told that people want to know."""
        told = self.last_told
        return bool(self.wish.growth_seconds and told and self.jobs >= GROWN * max(1, told.jobs))

    @property
    def news_due_at(self) -> Instant | None:
        """Return when there is news of the open incident; None where there will be none.

        Nobody is reminded of what somebody has acknowledged.
        """
        told, wish = self.last_told, self.wish
        if told is None:
            return None
        is_looked_after = self.present_answers.acknowledged is not None
        waits = [
            0 if is_looked_after else wish.remind_seconds,
            wish.growth_seconds if self.has_grown else 0,
        ]
        times = [told.at + seconds * MICROSECONDS for seconds in waits if seconds]
        return Instant(max(min(times), self.due_at or 0)) if times else None


class Standing(Struct, frozen=True):
    """All that is kept of a scope: marks of good jobs, and the causes.

    Where error rates are judged, the ``window`` of the last ended jobs takes the good ones' place.
    What fails in the same pipeline is judged by that window, too: no other mark is kept of a good
    job that the window has.
    """

    good: Marks = {}
    causes: Mapping[CauseKey, Cause] = {}
    window: Mapping[bytes, EndedMark] = {}

    @property
    def good_at(self) -> Instant | None:
        """Return when the last good job ended, by the latest of what is known of each."""
        own = {job_digest(job_id): mark for job_id, mark in self.good.items()}
        ends = [
            mark.at
            for job, mark in own.items()
            if mark.counts and (job not in self.window or self.window[job].version <= mark.version)
        ]
        ends += [
            mark.at
            for job, mark in self.window.items()
            if mark.is_good and (job not in own or own[job].version < mark.version)
        ]
        return max(ends, default=None)


def without_notices(standing: Standing, notice_ids: Collection[str]) -> Standing:
    """Return *standing* once these notices have been given away."""
    causes = {
        key: structs.replace(
            cause,
            notices=tuple(one for one in cause.notices if one.notice_id not in notice_ids),
        )
        for key, cause in standing.causes.items()
    }
    return structs.replace(standing, causes=causes)


def asked_by(cause: Cause, rule: AlertRule) -> Cause:
    """Return *cause* as the rule has it that asks for it last."""
    return structs.replace(
        cause,
        after=rule.after,
        grace_seconds=rule.grace_seconds,
        wish=rule.wish,
        to=rule.to or (),
    )


class Activity(NamedTuple):
    """Since when a cause is active; or if it is not any more, why."""

    began_at: Instant
    because: ClosedBecause


def moved(
    scope: IncidentScope, key: CauseKey, cause: Cause, activity: Activity, now: Instant
) -> Cause:
    """Return *cause* in the state that its ``jobs`` put it in *now*: opened, closed or waiting.

    In quiet hours nothing opens and nothing closes, as nobody may be told.
    """
    jobs, quiet_end = cause.jobs, quiet_until(cause.wish.quiet, now)
    if cause.incident is not None and jobs:
        cause = structs.replace(cause, incident=counted(cause, jobs))
        is_over = cause.due_at is not None and now >= cause.due_at
        return structs.replace(cause, due_at=None) if is_over else cause
    if not jobs:
        if cause.incident is not None and quiet_end is not None:
            return structs.replace(cause, due_at=quiet_end)
        return _closed(cause, activity.because, now)
    due_at = cause.due_at
    if due_at is None:
        due_at = Instant(now + cause.grace_seconds * MICROSECONDS)
    due_at = due_at if quiet_end is None else max(due_at, quiet_end)
    if jobs < cause.after or now < due_at:
        return structs.replace(cause, due_at=due_at)
    incident_id = _id_of(scope, key, cause.incidents, now)
    incident = Incident(incident_id, now, activity.began_at, told=0, jobs=jobs, to=cause.to)
    cause = structs.replace(cause, due_at=None, incidents=cause.incidents + 1)
    return with_notice(cause, INCIDENT_OPENED, incident, now)


def _closed(cause: Cause, because: ClosedBecause, now: Instant) -> Cause:
    """Return *cause* as it is when nothing fails by it any more."""
    if cause.incident is None:
        return structs.replace(cause, due_at=None)
    closed = structs.replace(cause.incident, closed_at=now, closed_because=because)
    told = with_notice(cause, INCIDENT_CLOSED, closed, now)
    return structs.replace(told, incident=None, due_at=None, last_told=None)


def counted(cause: Cause, jobs: int) -> Incident | None:
    """Return the incident of *cause* when *jobs* are active, and when none is any more."""
    incident = cause.incident
    if incident is None or incident.jobs == jobs:
        return incident
    if not jobs:
        marks = cause.marks.values()
        had = sum(mark.counts and mark.at >= incident.began_at for mark in marks)
        jobs = max(incident.jobs, cause.beyond + had)
    return structs.replace(incident, jobs=jobs)


def with_notice(  # noqa: PLR0913 - what a notice is made of
    cause: Cause,
    kind: str,
    incident: Incident,
    now: Instant,
    reason: str | None = None,
    *,
    act: IncidentAct | None = None,
) -> Cause:
    """Return *cause* with one more notice to give, about its *incident* as it has become.

    A change has a *reason*; *act* is what somebody did, where that is why.
    """
    incident = structs.replace(incident, told=incident.told + 1)
    answers = cause.answers if cause.answers.incident_id == incident.incident_id else None
    is_muted = answers is not None and answers.is_muted
    # A close is news to others than who has resolved it, but not in their quiet hours.
    is_own = act is not None and (
        kind == INCIDENT_CHANGED or quiet_until(cause.wish.quiet, now) is not None
    )
    name = f"{reason}-{incident.told}" if reason else kind.removeprefix("incident_")
    notice = IncidentNotice(
        notice_id=f"{incident.incident_id}.{name}",
        kind=kind,
        incident=incident,
        jobs=cause.jobs,
        last_job_id=cause.last_job_id,
        error=cause.error,
        number=incident.told,
        at=now,
        reason=reason,
        act=act,
        silent=is_own or is_muted,
        answers=answers,
    )
    return structs.replace(cause, incident=incident, notices=(*cause.notices, notice))


def _id_of(scope: IncidentScope, key: CauseKey, number: int, now: Instant) -> str:
    """Return the id of the incident that a cause becomes at *now*, after *number* others.

    No two are the same: clocks may stand still, and a cause that has expired counts anew.
    """
    parts = (*scope, *key, str(number), instants.text(now))
    named = "\n".join("" if part is None else part for part in parts)
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
