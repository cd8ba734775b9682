"""Ends of jobs become incidents: opened once, closed when the cause is gone, silent if healed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.incidents.alert_rules import (
    AlertRule,
    IncidentScope,
    JobEnd,
    Ruling,
    rulings_on,
)
from run_ledger.domain.incidents.causes import (
    MOST_ACTIVE_CAUSES,
    MOST_KEPT_CAUSES,
    MOST_MARKS,
    OTHER,
    Cause,
    CauseKey,
    IncidentNotice,
    Standing,
    without_notices,
)
from run_ledger.domain.incidents.failing_jobs import judged
from run_ledger.domain.instants import MICROSECONDS, Instant

SCOPE = IncidentScope("acme", "nightly", None, "ended")
AT_ONCE = AlertRule("failed", grace_seconds=0)
KEY = CauseKey("failed", "f")
MINUTE = 60 * MICROSECONDS


def ruling(  # noqa: PLR0913 - a line of a story
    job: str,
    result: str,
    at: int,
    *,
    version: int = 1,
    fingerprint: str = "f",
    rule: AlertRule = AT_ONCE,
) -> Ruling:
    """Return what an end is by one rule."""
    fails = result in ("failed", "timed_out")
    end = JobEnd(
        job,
        version,
        "acme",
        "p",
        "nightly",
        result,
        Instant(at),
        fingerprint if fails else None,
        ("KeyError", "no such key") if fails else None,
    )
    return rulings_on([rule], end)[SCOPE]


def after(
    rulings: Iterable[Ruling], standing: Standing | None = None, *, now: int = 10_000
) -> Standing:
    """Return what becomes of a standing."""
    return judged(SCOPE, standing or Standing(), rulings, Instant(now))


def notices(standing: Standing) -> list[tuple[str, str | None]]:
    """Return the kinds of all notices, and why something closed."""
    found: list[IncidentNotice] = [
        one for cause in standing.causes.values() for one in cause.notices
    ]
    return [(one.kind.removeprefix("incident_"), one.incident.closed_because) for one in found]


def test_a_story() -> None:
    """It fails, is told once, fails again, runs well, is told, and is another incident next."""
    first = after([ruling("a", "failed", 1)])
    second = after([ruling("b", "failed", 2)], first)
    assert notices(second) == [("opened", None)]
    assert second.causes[KEY].jobs == 2
    healed = after([ruling("c", "succeeded", 3)], second)
    assert notices(healed) == [("opened", None), ("closed", "healed")]
    again = after([ruling("d", "failed", 4)], healed, now=20_000)
    kinds = [kind for kind, _ in notices(again)]
    assert kinds == ["opened", "closed", "opened"]
    ids = [one.incident.incident_id for one in again.causes[KEY].notices]
    assert ids[0] == ids[1] != ids[2]
    assert len({one.notice_id for one in again.causes[KEY].notices}) == 3


def test_notices_of_an_incident_are_numbered_and_say_how_often() -> None:
    """Whatever came in one batch: a closed incident says how many jobs had failed by it."""
    first = after([ruling("a", "failed", 1)], now=50)
    more = after([ruling(name, "failed", 2) for name in "bcd"], first, now=60)
    ends = [ruling("e", "failed", 3), ruling("f", "succeeded", 4), ruling("g", "failed", 5)]
    healed = after([*ends, ruling("h", "succeeded", 6)], more, now=70)
    opened, closed = healed.causes[KEY].notices
    assert (opened.number, opened.at, opened.incident.jobs) == (1, 50, 1)
    assert (closed.number, closed.at, closed.incident.jobs, closed.jobs) == (2, 70, 6, 0)
    withdrawn = after([ruling(name, "cancelled", 9, version=2) for name in "abcd"], more)
    assert withdrawn.causes[KEY].notices[1].incident.jobs == 4
    reopened = after([ruling("i", "failed", 7)], healed, now=80)
    assert (reopened.causes[KEY].notices[2].number, reopened.causes[KEY].jobs) == (1, 1)


def test_what_heals_within_its_grace_is_never_told() -> None:
    """And what outlasts it is told once, when it is over."""
    rule = AlertRule("failed", grace_seconds=60)
    waiting = after([ruling("a", "failed", 1, rule=rule)], now=0)
    assert notices(after([], waiting, now=MINUTE - 1)) == []
    told = after([], waiting, now=MINUTE)
    assert notices(after([], told, now=2 * MINUTE)) == [("opened", None)]
    healed = after([ruling("a", "succeeded", 2, version=2, rule=rule)], waiting, now=MINUTE - 1)
    assert notices(after([], healed, now=9 * MINUTE)) == []
    assert healed.causes[KEY].is_quiet


def test_a_late_success_is_judged_by_when_it_happened() -> None:
    """One that came before the last failure ends nothing, and a failure before it opens nothing."""
    open_ = after([ruling("a", "failed", 5)])
    assert notices(after([ruling("b", "succeeded", 4)], open_)) == [("opened", None)]
    fine = after([ruling("b", "succeeded", 5)])
    assert notices(after([ruling("a", "failed", 4)], fine)) == []


def test_told_after_so_many_jobs() -> None:
    """One job that fails again and again is one of them."""
    rule = AlertRule("failed", after=3, grace_seconds=0)
    standing = Standing()
    for version in range(1, 9):
        standing = after([ruling("a", "failed", version, version=version, rule=rule)], standing)
    standing = after([ruling("b", "failed", 9, rule=rule)], standing)
    assert notices(standing) == []
    assert standing.causes[KEY].falls_due_at is None
    standing = after([ruling("c", "failed", 10, rule=rule)], standing)
    assert notices(standing) == [("opened", None)]


def test_a_correction_takes_a_failure_back() -> None:
    """Whether it was told or not; and a success that was none ends nothing."""
    cancelled = ruling("a", "cancelled", 2, version=2)
    assert notices(after([cancelled], after([ruling("a", "failed", 1)]))) == [
        ("opened", None),
        ("closed", "withdrawn"),
    ]
    rule = AlertRule("failed", grace_seconds=60)
    waiting = after([ruling("a", "failed", 1, rule=rule)], now=0)
    assert notices(after([cancelled], after([], waiting, now=1), now=9 * MINUTE)) == []
    wrong = after([ruling("a", "failed", 5), ruling("b", "succeeded", 6)])
    assert notices(wrong) == []
    right = after([ruling("b", "failed", 6, version=2)], wrong)
    assert notices(right) == [("opened", None)]
    assert right.causes[KEY].jobs == 2


def test_an_old_version_changes_nothing() -> None:
    """A replay of what a job was before brings nothing back."""
    story = [
        ruling("a", "failed", 1),
        ruling("a", "failed", 2, version=2, fingerprint="g"),
        ruling("a", "cancelled", 3, version=3),
    ]
    ended = after(story)
    assert after(story, ended) == ended
    assert after(story[:1], ended) == ended


def test_ten_thousand_failures_are_one_incident() -> None:
    """With as many marks as ever, and all of them counted; a replay counts none again."""
    many = [ruling(f"job-{n}", "failed", n) for n in range(1, 10_001)]
    standing = Standing()
    for start in range(0, len(many), 100):
        standing = after(many[start : start + 100], standing)
        standing = after(many[start : start + 100], standing)
    cause = standing.causes[KEY]
    assert (len(cause.marks), cause.jobs) == (MOST_MARKS, 10_000)
    assert notices(standing) == [("opened", None)]
    healed = after([ruling("well", "succeeded", 10_001)], standing)
    assert healed.causes[KEY].jobs == 0
    assert notices(healed)[1:] == [("closed", "healed")]


def test_causes_are_kept_apart_up_to_a_limit() -> None:
    """Five hundred are five hundred incidents; beyond a thousand, the rest is one."""
    many = [
        ruling(f"job-{n}", "failed", n, fingerprint=f"f{n}")
        for n in range(1, MOST_ACTIVE_CAUSES + 201)
    ]
    assert len(notices(after(many[:500]))) == 500
    everything = after(many)
    assert len(everything.causes) == MOST_ACTIVE_CAUSES + 1
    other = everything.causes[CauseKey("failed", OTHER)]
    assert other.jobs == 200
    assert all(
        not cause.jobs
        for cause in after([ruling("w", "partial", 10**6)], everything).causes.values()
    )


def test_what_is_kept_of_a_pipeline_is_bounded_though_all_of_it_heals() -> None:
    """A producer may give each failure a fingerprint of its own, and succeed in between."""
    many = {CauseKey("failed", f"f{n}"): Cause() for n in range(MOST_KEPT_CAUSES)}
    ends = [ruling(f"job-{n}", "failed", n, fingerprint=f"g{n}") for n in range(1, 4)]
    standing = after(ends, Standing(causes=many))
    assert len(standing.causes) == MOST_KEPT_CAUSES + 1
    assert standing.causes[CauseKey("failed", OTHER)].jobs == 3, "it is told all the same"
    known = after([ruling("again", "failed", 9, fingerprint="f7")], standing)
    assert known.causes[CauseKey("failed", "f7")].jobs == 1


def test_a_notice_that_was_given_is_gone() -> None:
    """And only that."""
    told = after([ruling("a", "failed", 1), ruling("b", "failed", 1, fingerprint="g")])
    (given, *_) = told.causes[KEY].notices
    left = without_notices(told, {given.notice_id})
    assert notices(left) == [("opened", None)]
    assert after([], left) == left


ends = st.tuples(
    st.sampled_from("abcdefgh"),
    st.sampled_from(["failed", "failed", "timed_out", "succeeded", "partial", "cancelled"]),
    st.integers(1, 9),
    st.sampled_from("fg"),
)


def recounted(history: Sequence[tuple[str, str, int, str]]) -> dict[str, int]:
    """Return how many jobs fail by each cause, from how each job ended last."""
    last = {job: (result, at, cause) for job, result, at, cause in history}
    good_at = max(
        (at for result, at, _ in last.values() if result in ("succeeded", "partial")), default=0
    )
    failing = [cause for result, at, cause in last.values() if result == "failed" and at > good_at]
    return {cause: failing.count(cause) for cause in set(failing)}


@given(st.lists(ends, max_size=25), st.randoms(use_true_random=False))
def test_any_order_leads_to_the_same(
    history: list[tuple[str, str, int, str]], dice: object
) -> None:
    """Of different jobs, and in any batches with repeats: open is what a recount says."""
    versions = {job: 0 for job, *_ in history}
    rulings = []
    for job, result, at, cause in history:
        versions[job] += 1
        rulings.append(ruling(job, result, at, version=versions[job], fingerprint=cause))
    by_job: dict[str, list[Ruling]] = {}
    for one in rulings:
        by_job.setdefault(one.end.job_id, []).append(one)
    mixed: list[Ruling] = []
    while any(by_job.values()):
        job = dice.choice([name for name, left in by_job.items() if left])  # type: ignore[attr-defined]
        mixed.append(by_job[job].pop(0))
    standing = Standing()
    for number, one in enumerate(mixed):
        standing = after([*mixed[max(0, number - 3) : number], one], standing, now=number)
    failing = {key.fingerprint: cause.jobs for key, cause in standing.causes.items() if cause.jobs}
    assert failing == recounted(history)
    for cause in standing.causes.values():
        told = [notice.kind for notice in cause.notices]
        assert told[::2] == ["incident_opened"] * len(told[::2])
        assert told[1::2] == ["incident_closed"] * len(told[1::2])
        assert (cause.incident is not None) == (len(told) % 2 == 1) == bool(cause.jobs)
        assert len({notice.notice_id for notice in cause.notices}) == len(told)
