"""What is told while an incident is open: reminders, growth; and nothing in quiet hours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from run_ledger.domain.incidents.alert_rules import (
    AlertRule,
    IncidentScope,
    JobEnd,
    Ruling,
    rulings_on,
)
from run_ledger.domain.incidents.causes import CauseKey, IncidentNotice, Standing
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.judging import acted, judged_scope
from run_ledger.domain.instants import MICROSECONDS, Instant, parse

SCOPE = IncidentScope("acme", "nightly", None, "ended")
KEY = CauseKey("failed", "f")
MINUTE, HOUR = 60 * MICROSECONDS, 3_600 * MICROSECONDS
REMIND = AlertRule("failed", grace_seconds=0, remind_seconds=3_600)
GROWTH = AlertRule("failed", grace_seconds=0, growth_seconds=600)
QUIET = AlertRule("failed", grace_seconds=0, quiet="22:00-07:00 UTC", remind_seconds=3_600)
EVENING = parse("2026-11-18T20:00:00Z")


def ruling(rule: AlertRule, job: str, at: int, result: str = "failed") -> Ruling:
    """Return what an end is by one rule."""
    fingerprint = "f" if result == "failed" else None
    end = JobEnd(job, 1, "acme", "p", "nightly", result, Instant(at), fingerprint)
    return rulings_on([rule], end)[SCOPE]


def failures(rule: AlertRule, first: int, last: int, at: int = 0) -> list[Ruling]:
    """Return failures of jobs with numbers from *first* to *last*, which end after each other."""
    return [ruling(rule, f"job-{n}", at + n) for n in range(first, last + 1)]


def after(rulings: Iterable[Ruling], standing: Standing, now: int) -> Standing:
    """Return what becomes of a standing, which another look doesn't change."""
    found = judged_scope(SCOPE, standing, rulings, Instant(now))
    assert judged_scope(SCOPE, found, (), Instant(now)) == found
    return found


def told(standing: Standing) -> list[str]:
    """Return what all notices are about, in their order."""
    return [name(one) for one in standing.causes[KEY].notices]


def name(notice: IncidentNotice) -> str:
    """Return what a notice is about."""
    return notice.reason or notice.kind.removeprefix("incident_")


def test_it_reminds_once_an_interval_while_it_is_open() -> None:
    """Also where nobody looked for some hours; each reminder has an id of its own."""
    standing = after(failures(REMIND, 1, 3), Standing(), 0)
    assert standing.causes[KEY].falls_due_at == HOUR
    assert told(after([], standing, HOUR - 1)) == ["opened"]
    standing = after([], standing, HOUR)
    assert told(standing) == ["opened", "reminder"]
    assert told(after([], standing, 2 * HOUR - 1)) == ["opened", "reminder"]
    standing = after([], standing, 9 * HOUR)
    assert told(standing) == ["opened", "reminder", "reminder"]
    assert standing.causes[KEY].falls_due_at == 10 * HOUR
    notices = standing.causes[KEY].notices
    assert len({one.notice_id for one in notices}) == 3
    later = [(one.number, one.jobs, one.at) for one in notices[1:]]
    assert later == [
        (2, 3, HOUR),
        (3, 3, 9 * HOUR),
    ]
    healed = after([ruling(REMIND, "well", 5, "succeeded")], standing, 9 * HOUR)
    assert told(after([], healed, 99 * HOUR))[3:] == ["closed"]
    assert healed.causes[KEY].falls_due_at is None


def test_it_is_told_when_it_has_doubled_but_not_all_the_time() -> None:
    """Ten thousand failures in a minute are one notice, and one more later."""
    standing = after(failures(GROWTH, 1, 1), Standing(), 0)
    for first in range(2, 10_001, 1_000):
        standing = after(failures(GROWTH, first, min(first + 999, 10_000)), standing, first)
    assert told(standing) == ["opened"]
    assert standing.causes[KEY].falls_due_at == 10 * MINUTE
    standing = after([], standing, 10 * MINUTE)
    assert told(standing) == ["opened", "grew"]
    assert standing.causes[KEY].notices[1].jobs == 10_000
    standing = after(failures(GROWTH, 10_001, 19_999), standing, 60 * MINUTE)
    assert told(standing) == ["opened", "grew"], "not twice as many"
    assert standing.causes[KEY].falls_due_at is None
    assert told(after(failures(GROWTH, 20_000, 20_000), standing, 61 * MINUTE))[2:] == ["grew"]


def test_without_a_wish_nothing_is_told_while_it_is_open() -> None:
    """However long, and however much it grows."""
    rule = AlertRule("failed", grace_seconds=0)
    standing = after(failures(rule, 1, 1), Standing(), 0)
    standing = after(failures(rule, 2, 1_000), standing, HOUR)
    assert told(after([], standing, 9_999 * HOUR)) == ["opened"]


def test_in_quiet_hours_nothing_is_told_and_what_heals_never() -> None:
    """What still fails in the morning is told then, in its order."""
    night, morning = EVENING + 3 * HOUR, EVENING + 11 * HOUR
    failing = after(failures(QUIET, 1, 2, at=night), Standing(), night)
    assert told(failing) == []
    assert failing.causes[KEY].falls_due_at == morning
    healed = after([ruling(QUIET, "w", night + 5, "succeeded")], failing, night + HOUR)
    assert told(after([], healed, morning)) == []
    assert told(after([], failing, morning - 1)) == []
    opened = after([], failing, morning)
    assert told(opened) == ["opened"]
    assert opened.causes[KEY].notices[0].incident.began_at == night + 1


def test_what_was_told_in_the_evening_is_closed_in_the_morning() -> None:
    """Unless it fails again before; and nobody is reminded at night."""
    night, morning = EVENING + 3 * HOUR, EVENING + 11 * HOUR
    opened = after(failures(QUIET, 1, 1, at=EVENING), Standing(), EVENING + 90 * MINUTE)
    asleep = after([], opened, EVENING + 150 * MINUTE)
    assert told(asleep) == ["opened"]
    assert asleep.causes[KEY].falls_due_at == morning
    assert told(after([], asleep, morning)) == ["opened", "reminder"]
    healed = after([ruling(QUIET, "w", night, "succeeded")], asleep, night)
    assert told(healed) == ["opened"]
    assert healed.causes[KEY].falls_due_at == morning
    closed = after([], healed, morning)
    assert told(closed) == ["opened", "closed"]
    assert closed.causes[KEY].incident is None
    again = after(failures(QUIET, 2, 2, at=night + HOUR), healed, night + HOUR)
    assert told(after([], again, morning)) == ["opened", "reminder"]


def answered(standing: Standing, name: Any, at: int, until: int | None = None) -> Standing:
    """Return *standing* after what somebody does about its open incident."""
    cause = standing.causes[KEY]
    assert cause.incident is not None
    end = None if until is None else Instant(until)
    act = IncidentAct(f"{name}-{at}", name, Instant(at), "person#1", "kim", "x", end)
    done = acted(cause, cause.incident.incident_id, act, Instant(at))
    assert done is not None
    return structs.replace(standing, causes={KEY: done})


def test_nobody_is_reminded_of_what_somebody_has_acknowledged() -> None:
    """Nor does it fall due for that; but that it has doubled is news, and so is the next one."""
    rule = structs.replace(REMIND, growth_seconds=600)
    standing = answered(after(failures(rule, 1, 2), Standing(), 0), "acknowledge", 9 * MINUTE)
    assert standing.causes[KEY].falls_due_at is None
    standing = after([], standing, 99 * HOUR)
    assert told(standing) == ["opened", "acknowledged"]
    standing = after(failures(rule, 3, 4), standing, 99 * HOUR + 1)
    assert told(standing)[2:] == ["grew"]
    standing = after([], standing, 200 * HOUR)
    assert told(standing)[3:] == []
    standing = after([ruling(rule, "well", 5, "succeeded")], standing, 200 * HOUR)
    standing = after(failures(rule, 6, 6), standing, 201 * HOUR)
    assert told(after([], standing, 202 * HOUR))[3:] == ["closed", "opened", "reminder"]


def test_what_is_acknowledged_in_the_evening_reminds_nobody_in_the_morning() -> None:
    """Though a reminder had waited for the end of the quiet hours."""
    opened = after(failures(QUIET, 1, 1, at=EVENING), Standing(), EVENING + 90 * MINUTE)
    asleep = after([], opened, EVENING + 150 * MINUTE)
    standing = answered(asleep, "acknowledge", EVENING + 151 * MINUTE)
    assert standing.causes[KEY].falls_due_at is None
    assert told(after([], standing, EVENING + 11 * HOUR)) == ["opened", "acknowledged"]


def test_a_muted_incident_reminds_nobody_until_the_mute_is_over() -> None:
    """Its end is told, and the next reminder comes an interval after that."""
    standing = after(failures(REMIND, 1, 1), Standing(), 0)
    standing = answered(standing, "mute", 30 * MINUTE, until=5 * HOUR)
    assert standing.causes[KEY].falls_due_at == 5 * HOUR
    assert told(after([], standing, 5 * HOUR - 1)) == ["opened", "muted"]
    standing = after([], standing, 5 * HOUR)
    assert told(standing)[2:] == ["mute_ended"]
    assert standing.causes[KEY].falls_due_at == 6 * HOUR
    assert told(after([], standing, 6 * HOUR - 1))[3:] == []
    assert told(after([], standing, 6 * HOUR))[3:] == ["reminder"]


def test_what_is_muted_until_it_grows_reminds_nobody_until_then() -> None:
    """Also where it grows in a muted night; and what is unmuted is due as if it never was."""
    opened = after(failures(REMIND, 1, 2), Standing(), 0)
    muted = answered(opened, "mute", MINUTE)
    assert muted.causes[KEY].falls_due_at is None
    assert told(after([], muted, 99 * HOUR)) == ["opened", "muted"]
    grown = after(failures(REMIND, 3, 4), muted, 9 * HOUR)
    assert told(grown)[2:] == ["grew"]
    assert grown.causes[KEY].falls_due_at == 10 * HOUR
    unmuted = answered(muted, "unmute", 2 * MINUTE)
    assert unmuted.causes[KEY].falls_due_at == HOUR
    assert told(after([], unmuted, HOUR))[2:] == ["unmuted", "reminder"]


_steps = st.lists(
    st.tuples(st.integers(0, 5 * 60), st.sampled_from(["fail", "well", "look"])), max_size=30
)


@given(_steps)
def test_a_recount_of_days_and_nights(steps: Sequence[tuple[int, str]]) -> None:
    """Whatever happens when: nothing at night, reminders an hour apart, open and closed in turns.

    In the morning after, it is open if the last job failed.
    """
    rule = AlertRule(
        "failed",
        grace_seconds=600,
        remind_seconds=3_600,
        growth_seconds=1_200,
        quiet="22:00-07:00 UTC",
    )
    standing, now, last = Standing(), int(EVENING), "look"
    for number, (minutes, step) in enumerate(steps):
        now += minutes * MINUTE
        rulings = []
        if step != "look":
            last = step
            result = "failed" if step == "fail" else "succeeded"
            rulings = [ruling(rule, f"job-{number}", now + number, result)]
        standing = after(rulings, standing, now)
    for hours in range(1, 30):
        standing = after([], standing, now + hours * HOUR)
    if KEY not in standing.causes:
        assert last != "fail"
        return
    notices = standing.causes[KEY].notices
    for notice in notices:
        assert 7 <= notice.at // HOUR % 24 < 22, "nobody is told at night"
    assert (standing.causes[KEY].incident is not None) == (last == "fail")
    turns = [name(one) for one in notices if one.reason is None]
    assert turns == ["opened", "closed"] * (len(turns) // 2) + ["opened"] * (len(turns) % 2)
    for earlier, later in pairwise(notices):
        least = {"reminder": HOUR, "grew": 20 * MINUTE}.get(later.reason or "", 0)
        assert later.at - earlier.at >= least
