"""Ends of jobs into the marks of causes: what fails, and since when.

Any order of ends, and any repeat, leads to the same: see `causes`.

Good jobs that the window of an error rate has, of the same pipeline, need no mark of their own. So
a good end is written once, whatever asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import structs

from run_ledger.domain.instants import Instant

from .alert_rules import AlertRule, IncidentScope, JobEnd, Ruling
from .causes import (
    MOST_ACTIVE_CAUSES,
    MOST_KEPT_CAUSES,
    MOST_MARKS,
    OTHER,
    Activity,
    Cause,
    CauseKey,
    ClosedBecause,
    Standing,
    asked_by,
    counted,
    moved,
)
from .marks.job_marks import (
    MOST_GOOD_BEYOND,
    EndedMark,
    Mark,
    job_digest,
)


def judged(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* after *rulings*, as it is at *now*: opened, closed, with notices to tell.

    Without rulings it only takes note of the time.
    """
    good, causes = dict(standing.good), dict(standing.causes)
    for kind, end, rule, _ in rulings:
        _note_good(good, standing.window, end, is_good=kind == "good")
        own = None
        if rule is not None:
            own = _key_of(Standing(good, causes, standing.window), rule.what, end)
            causes.setdefault(own, Cause())
        good_at = Standing(good, window=standing.window).good_at
        for key, cause in causes.items():
            if key == own or end.job_id in cause.marks:
                causes[key] = _noted(cause, end, rule if key == own else None, good_at)
    good_at = Standing(good, window=standing.window).good_at
    settled = {key: _settled(scope, key, cause, good_at, now) for key, cause in causes.items()}
    return Standing(good, settled, standing.window)


def _note_good(
    good: dict[str, Mark], window: Mapping[bytes, EndedMark], end: JobEnd, *, is_good: bool
) -> None:
    """Put into *good* what *end* says, unless *window* says so already, or has enough later ones.

    What it says of a job that has a mark of its own is put there, too: the window forgets sooner.
    """
    seen, mark = window.get(job_digest(end.job_id)), Mark(end.version, end.at, is_good)
    if end.job_id not in good:
        if seen is not None and seen.version >= end.version:
            return
        if is_good and sum(one.is_good and one.at > end.at for one in window.values()) >= (
            MOST_GOOD_BEYOND
        ):
            return
        if seen is not None and seen.is_good and not is_good:
            # What the window says is over, and nothing will tell it so.
            good[end.job_id] = mark
            return
    _note(good, end.job_id, mark, None)


def _key_of(standing: Standing, what: str, end: JobEnd) -> CauseKey:
    """Return the cause that a failure belongs to: its own, or `OTHER` where there are too many."""
    key, causes, good_at = CauseKey(what, end.fingerprint or ""), standing.causes, standing.good_at
    if key in causes:
        return key
    other = CauseKey(what, OTHER)
    if other in causes and end.job_id in causes[other].marks:
        return other
    if len(causes) >= MOST_KEPT_CAUSES:
        return other
    active = sum(not one.is_quiet or bool(one.active_since(good_at)) for one in causes.values())
    return other if active >= MOST_ACTIVE_CAUSES else key


def _noted(cause: Cause, end: JobEnd, rule: AlertRule | None, good_at: Instant | None) -> Cause:
    """Return *cause* with the mark of *end*, which counts where a *rule* asks for it."""
    marks = dict(cause.marks)
    mark = Mark(end.version, end.at, rule is not None)
    is_new, beyond = _note(marks, end.job_id, mark, cause.since(good_at))
    if not is_new:
        return cause
    cause = structs.replace(cause, marks=marks, beyond=cause.beyond + beyond)
    if rule is None:
        return cause
    if not end.is_job and not cause.is_after_resolve(end.at):
        # A run is missed or late when its grace is over, not at the time that it is asked for at:
        # so what was resolved before goes back to the slots that were known by then.
        cause = structs.replace(cause, resolved_at=Instant(end.at - 1))
    last_job_id = end.job_id if end.is_job else ""
    return structs.replace(asked_by(cause, rule), error=end.error, last_job_id=last_job_id)


def _note(
    marks: dict[str, Mark], job_id: str, mark: Mark, good_at: Instant | None
) -> tuple[bool, int]:
    """Put *mark* into *marks* if it says something new.

    Returns whether it did, and how many active marks had to go for it. A job without a mark needs
    none to say that it does not count.
    """
    known = marks.get(job_id)
    if known is None and not mark.counts:
        return False, 0
    if known is not None and known.version >= mark.version:
        return False, 0
    marks[job_id] = mark
    if len(marks) <= MOST_MARKS:
        return True, 0
    first = min(marks, key=lambda one: (marks[one].at, one))
    gone = marks.pop(first)
    if first == job_id:
        return False, 0
    is_active = gone.counts and (good_at is None or gone.at > good_at)
    return True, int(is_active)


def _settled(
    scope: IncidentScope, key: CauseKey, cause: Cause, good_at: Instant | None, now: Instant
) -> Cause:
    """Return *cause* in the state that its marks, and the time, put it in."""
    active = cause.active_since(good_at)
    beyond = cause.beyond
    since = cause.since(good_at)
    if since is not None and any(mark.at <= since for mark in cause.marks.values()):
        beyond = 0  # What was dropped is older than what is kept.
    jobs = beyond + len(active)
    incident = counted(cause, jobs)
    cause = structs.replace(cause, beyond=beyond, jobs=jobs, incident=incident)
    is_healed = good_at is not None and any(mark.counts for mark in cause.marks.values())
    because: ClosedBecause = "healed" if is_healed else "withdrawn"
    return moved(scope, key, cause, Activity(active[0] if active else now, because), now)
