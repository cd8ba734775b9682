"""Error rates: the share of failed and timed out jobs among the last ones of a pipeline that ended.

A scope of the family ``rate`` keeps a *window*: a mark for each of the last jobs, by when they
ended and as they ended last. All rules about the scope share it, so that an end costs one write.
A cause is active while the window is full and the rate above what its rule says. It closes at or
below that.

Cancelled jobs don't count. So a few marks more are kept than rules ask for: as many jobs may be
cancelled later on and the rate stays exact. And the last good jobs are kept, however many have
failed since: what fails is judged by them, see `failing_jobs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import structs

from run_ledger.domain.instants import Instant

from .alert_rules import AlertRule, IncidentScope, JobEnd, Ruling
from .causes import (
    Activity,
    Cause,
    CauseKey,
    Standing,
    asked_by,
    moved,
)
from .marks.job_marks import (
    MOST_GOOD_BEYOND,
    EndedMark,
    job_digest,
)

SPARE_MARKS = 16
Window = Mapping[bytes, EndedMark]


def judged_rates(
    scope: IncidentScope, standing: Standing, rulings: Iterable[Ruling], now: Instant
) -> Standing:
    """Return *standing* of a scope of error rates after *rulings*, as it is at *now*."""
    window, causes = dict(standing.window), dict(standing.causes)
    last_end: JobEnd | None = None
    asked: frozenset[CauseKey] = frozenset()
    for kind, end, _, rates in rulings:
        for rule in rates:
            key = rate_key(rule)
            causes[key] = _by_rule(causes.get(key, Cause()), rule)
        asked = frozenset(map(rate_key, rates))
        most = max(cause.last for cause in causes.values()) + SPARE_MARKS
        at = Instant(max(0, end.at))  # A clock that was never set says the year 1.
        mark = EndedMark(end.version, at, kind != "neither", kind == "bad")
        job = job_digest(end.job_id)
        _note(window, job, mark, most)
        if window.get(job) == mark and (last_end is None or kind == "bad"):
            last_end = end
    ends = _Ends(window, last_end)
    settled = {
        key: _without_rule(cause)
        if asked and key not in asked and cause.incident is None
        else _settled(scope, key, cause, ends, now)
        for key, cause in causes.items()
    }
    known = standing.causes
    kept = {key: cause for key, cause in settled.items() if key in known or not cause.is_quiet}
    return Standing(standing.good, kept, window)


def rate_key(rule: AlertRule) -> CauseKey:
    """Return the cause of a rule: what tells the rules about one scope apart is what they ask."""
    return CauseKey(rule.what, f"{rule.above_percent}% of {rule.last}")


def _by_rule(cause: Cause, rule: AlertRule) -> Cause:
    return structs.replace(asked_by(cause, rule), above_percent=rule.above_percent, last=rule.last)


def _without_rule(cause: Cause) -> Cause:
    """Return *cause*, of which nothing was told, once nobody asks for it any more."""
    return structs.replace(cause, jobs=0, due_at=None)


def _note(window: dict[bytes, EndedMark], key: bytes, mark: EndedMark, most: int) -> None:
    """Put *mark* into *window* if it is newer, and take out the oldest above *most*.

    The last good ones stay.
    """
    known = window.get(key)
    if known is not None and known.version >= mark.version:
        return
    window[key] = mark
    by_time = sorted(window, key=lambda one: (window[one].at, one))
    good = [one for one in by_time if window[one].is_good][-MOST_GOOD_BEYOND:]
    for old in by_time[: max(0, len(window) - most)]:
        if old not in good:
            del window[old]


class _Ends(NamedTuple):
    """The window, and the last job that ended: one that has failed, if any has."""

    window: Window
    last: JobEnd | None


def _settled(scope: IncidentScope, key: CauseKey, cause: Cause, ends: _Ends, now: Instant) -> Cause:
    """Return *cause* in the state that the window, and the time, put it in.

    While it waits or is open nothing of it changes, so that its item is not written at every end;
    but where it is muted until it grows.
    """
    counted = sorted(
        (one.at, job, one.has_failed)
        for job, one in ends.window.items()
        if one.counts and (cause.resolved_at is None or one.at > cause.resolved_at)
    )
    judged = counted[-cause.last :]
    failed = [at for at, _, has_failed in judged if has_failed]
    is_full = len(judged) == cause.last
    if not is_full or 100 * len(failed) <= cause.above_percent * len(judged):
        return moved(scope, key, structs.replace(cause, jobs=0), Activity(now, "healed"), now)
    began = Activity(failed[0], "healed")
    mute = cause.present_mute
    may_grow = mute is not None and mute.until is None
    is_told = cause.incident is not None and cause.jobs and not may_grow
    if is_told or (cause.jobs and cause.due_at is not None and now < cause.due_at):
        return moved(scope, key, cause, began, now)
    cause = structs.replace(cause, jobs=len(failed))
    if ends.last is not None:
        cause = structs.replace(cause, last_job_id=ends.last.job_id)
    return moved(scope, key, cause, began, now)
