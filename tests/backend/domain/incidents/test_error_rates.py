"""Error rates: of the last jobs that ended, as they ended last, in whatever order one hears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.incidents.error_rates import SPARE_MARKS, rate_key
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.judging import acted, judged_scope
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.incidents.window_items import window_in, window_item

SCOPE = IncidentScope("acme", "nightly", None, "rate")
RULE = AlertRule("error_rate", grace_seconds=0, above_percent=50, last=4)
KEY = rate_key(RULE)
End = tuple[str, str, int]


def ruling(end: End, *rules: AlertRule, version: int = 1) -> Ruling:
    """Return what an end is: a job's id, its result, and when it ended."""
    job_id, result, at = end
    ended = JobEnd(job_id, version, "acme", "p", "nightly", result, Instant(at))
    return rulings_on(rules or (RULE,), ended)[SCOPE]


def after(
    rulings: Iterable[Ruling], standing: Standing | None = None, *, now: int = 10_000
) -> Standing:
    """Return what becomes of a standing."""
    return judged_scope(SCOPE, standing or Standing(), rulings, Instant(now))


def story(results: str, start: int = 1) -> list[Ruling]:
    """Return jobs that end one after the other: f fails, t times out, c is cancelled."""
    names = {"f": "failed", "t": "timed_out", "s": "succeeded", "c": "cancelled", "p": "partial"}
    return [ruling((f"job-{at}", names[one], at)) for at, one in enumerate(results, start)]


def notices(standing: Standing) -> list[str]:
    """Return the kinds of all notices."""
    kinds = [one.kind for cause in standing.causes.values() for one in cause.notices]
    return [kind.removeprefix("incident_") for kind in kinds]


def test_it_opens_above_and_closes_at_or_below() -> None:
    """Not before as many jobs have ended as the rule asks for."""
    assert notices(after(story("fff"))) == []
    assert notices(after(story("ffss"))) == []
    opened = after(story("sftf"))
    assert notices(opened) == ["opened"]
    (notice,) = opened.causes[KEY].notices
    assert (notice.jobs, notice.last_job_id, notice.incident.began_at) == (3, "job-4", 2)
    assert notices(after(story("s", 5), opened)) == ["opened"], "three of four"
    closed = after(story("ss", 5), opened)
    assert notices(closed) == ["opened", "closed"]
    assert closed.causes[KEY].notices[1].incident.closed_because == "healed"
    assert notices(after(story("fff", 7), closed)) == ["opened", "closed", "opened"]


def test_cancelled_jobs_are_neither_here_nor_there() -> None:
    """Also where a job is cancelled only after it had counted."""
    assert notices(after(story("fcfcfcs"))) == ["opened"]
    opened = after(story("sfff"))
    cancelled = [ruling((f"job-{n}", "cancelled", n), version=2) for n in (2, 3)]
    assert notices(after(cancelled, opened)) == ["opened", "closed"], "too few are left to judge"


def test_a_late_end_finds_its_place() -> None:
    """By when it ended, so that one of long ago changes nothing."""
    standing = after(story("ssfff", 10))
    assert notices(standing) == ["opened"]
    assert notices(after([ruling(("old", "succeeded", 3))], standing)) == ["opened"]
    between = [ruling((f"late-{n}", "succeeded", 13)) for n in range(2)]
    assert notices(after(between, standing)) == ["opened", "closed"]


def test_it_has_a_grace_and_is_not_told_if_it_falls_in_time() -> None:
    """What waits and what is open is not written at every end."""
    rule = structs.replace(RULE, grace_seconds=60)
    first = after([ruling((f"a{n}", "failed", n), rule) for n in range(4)], now=0)
    more = after([ruling(("b", "failed", 9), rule)], first, now=5)
    assert more.causes == first.causes
    assert notices(after([], more, now=60 * MICROSECONDS)) == ["opened"]
    fallen = after([ruling((f"c{n}", "succeeded", 10), rule) for n in range(3)], more, now=50)
    assert notices(after([], fallen, now=90 * MICROSECONDS)) == []


def test_rules_about_one_pipeline_share_its_window() -> None:
    """Each opens by itself; one that is taken away is still closed by the ends of others."""
    both = (structs.replace(RULE, above_percent=20), RULE)
    ends = [(f"job-{n}", result, n) for n, result in enumerate(["succeeded"] * 3 + ["failed"] * 2)]
    low = after([ruling(one, *both) for one in ends])
    assert notices(low) == ["opened"]
    high = after([ruling(("x", "failed", 7), *both)], low)
    assert sorted(notices(high)) == ["opened", "opened"]
    well = [ruling((f"w{n}", "succeeded", 8 + n)) for n in range(4)]
    assert sorted(notices(after(well, high))) == ["closed", "closed", "opened", "opened"]


def test_a_rule_that_is_changed_tells_no_more_by_what_it_said() -> None:
    """Whoever finds twenty percent too noisy, and says fifty, hears of more than fifty alone."""
    noisy = structs.replace(RULE, above_percent=20)
    opened = after([ruling((f"a{n}", "failed", n), noisy) for n in range(1, 5)])
    well = [ruling((f"b{n}", "succeeded", 4 + n)) for n in range(1, 5)]
    closed = after(well, opened)
    assert notices(closed) == ["opened", "closed"]
    some = [ruling((f"c{n}", "failed", 8 + n)) for n in range(1, 3)]
    assert notices(after(some, closed)) == ["opened", "closed"], "two of four are not above 50%"


def test_what_waits_by_a_rule_that_is_gone_is_not_told_later() -> None:
    """Once a job has ended after the rule was changed."""
    noisy = structs.replace(RULE, above_percent=20, grace_seconds=60)
    waiting = after([ruling((f"a{n}", "failed", n), noisy) for n in range(1, 5)], now=0)
    calm = structs.replace(RULE, above_percent=90, grace_seconds=60)
    changed = after([ruling(("b", "succeeded", 5), calm)], waiting, now=5)
    assert notices(after([], changed, now=90 * MICROSECONDS)) == []


def test_a_rate_that_is_muted_until_it_grows_is_told_when_it_has() -> None:
    """Twice as many of the last jobs have failed, which else is no news of an open incident."""
    rule = structs.replace(RULE, above_percent=10, last=20)
    key = rate_key(rule)
    ends = [(f"a{n}", "failed" if n < 4 else "succeeded", n) for n in range(1, 21)]
    opened = after([ruling(end, rule) for end in ends])
    incident = opened.causes[key].incident
    assert incident is not None
    mute = IncidentAct("e", "mute", Instant(50), "person#1", "ann@acme.example", "known")
    muted = acted(opened.causes[key], incident.incident_id, mute, Instant(60))
    assert muted is not None
    standing = structs.replace(opened, causes={key: muted})
    for number in range(21, 29):
        standing = after([ruling((f"b{number}", "failed", number), rule)], standing)
        assert after([], standing) == standing
    told = [one.reason for one in standing.causes[key].notices if not one.silent]
    assert told == [None, "grew"]
    assert standing.causes[key].present_mute is None


def test_a_clock_that_was_never_set_counts_as_the_oldest() -> None:
    """A producer may say the year 1; its end has a place in the window all the same."""
    year_one = -62_135_596_800 * MICROSECONDS
    ends = [("never-set", "failed", year_one), *((f"a{n}", "failed", n) for n in range(1, 4))]
    standing = after([ruling(end) for end in ends])
    assert notices(standing) == ["opened"]
    assert window_in(window_item(SCOPE, standing.window, 1, Instant(9))) == standing.window
    assert notices(after([ruling(("b", "failed", 9))], standing)) == ["opened"]


def test_a_window_is_bounded_and_comes_back_from_its_item() -> None:
    """With an exact number of marks, of the latest."""
    rule = AlertRule("error_rate", last=100)
    many = [ruling((f"job-{n}", "failed", n), rule, version=10**12 + n) for n in range(1, 1_001)]
    standing = after(many)
    assert len(standing.window) == 100 + SPARE_MARKS
    assert min(mark.at for mark in standing.window.values()) == 1_001 - 100 - SPARE_MARKS
    item = window_item(SCOPE, standing.window, 1, Instant(9))
    assert window_in(item) == standing.window
    assert len(item["ended"]["B"]) == 22 * (100 + SPARE_MARKS)


_ends = st.tuples(
    st.sampled_from("abcdefghij"),
    st.sampled_from(["failed", "timed_out", "succeeded", "partial", "cancelled"]),
    st.integers(1, 10_000),
)


def recounted(history: Sequence[End]) -> bool:
    """Return whether the rate of the last four ends is above a half, counted from scratch."""
    last = {job: (at, result) for job, result, at in history}
    ended = sorted((at, result) for at, result in last.values() if result != "cancelled")[-4:]
    failed = [result for _, result in ended if result in ("failed", "timed_out")]
    return len(ended) == 4 and len(failed) / len(ended) > 0.5


@given(
    st.lists(_ends, max_size=25, unique_by=lambda end: end[2]), st.randoms(use_true_random=False)
)
def test_any_order_leads_to_the_same(history: list[End], dice: Any) -> None:
    """Of different jobs, in any batches with repeats: open is what a recount says."""
    by_job: dict[str, list[Ruling]] = {}
    for end in history:
        ends = by_job.setdefault(end[0], [])
        ends.append(ruling(end, version=len(ends) + 1))
    mixed: list[Ruling] = []
    while any(by_job.values()):
        job = dice.choice([name for name, left in by_job.items() if left])
        mixed.append(by_job[job].pop(0))
    standing = Standing()
    for number, one in enumerate(mixed):
        standing = after([*mixed[max(0, number - 3) : number], one], standing, now=number)
        assert after(mixed[: number + 1], standing, now=number) == standing
    is_open = KEY in standing.causes and standing.causes[KEY].incident is not None
    assert is_open == recounted(history)
    told = notices(standing)
    assert told == ["opened", "closed"] * (len(told) // 2) + ["opened"] * (len(told) % 2)
