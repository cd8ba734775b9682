"""When the demo lets things happen in its past: reproducibly."""

import hashlib
from collections import Counter
from datetime import date, timedelta

import pytest
from tests.support.events.simulation import FIRST_DAY, HOUR, NOW, by_job, ids, past, projects

from run_ledger_ops.demo.past.timetable import past_families
from run_ledger_ops.demo.reporting.demo_events import DemoEvent


@pytest.fixture(scope="module")
def long_past() -> list[DemoEvent]:
    """Give three weeks of the past."""
    return past(first_day=date(2026, 2, 12))


def test_the_same_seed_and_time_give_the_same_events() -> None:
    """Simulating a stretch of time again gives it again, to the byte."""
    assert past() == past()


def test_another_seed_is_another_world() -> None:
    """No event id is shared between seeds, or one would be rejected as the other's."""
    assert not set(ids(past(seed=1))) & set(ids(past(seed=2)))


def test_the_generation_is_raised_when_the_outcome_changes() -> None:
    """A ledger that heard the old outcome rejects a new one under the same ids.

    If this fails because the simulation was changed on purpose, raise `GENERATION` and take over
    the digest.
    """
    told = [*past(), *projects(NOW - timedelta(days=28), NOW)]
    digest = hashlib.sha256("\n".join(event.entry("bus")["Detail"] for event in told).encode())
    assert digest.hexdigest()[:16] == "4dfe489a5313d0d8"


@pytest.mark.parametrize("seed", range(6))
def test_the_past_is_modest(seed: int) -> None:
    """Thirty days are some thousand jobs and at most 20,000 events, projects included."""
    since = NOW - timedelta(days=30)
    events = past(seed, first_day=since.date())
    assert 3_000 < len(by_job(events)) < 5_000
    assert len(events) + len(projects(since, NOW)) < 20_000


def test_the_past_is_over() -> None:
    """Nothing of the past is yet to come; before the first day asked for, there are deliveries."""
    events = past()
    assert max(event.at for event in events) <= NOW
    assert any(event.at.date() == FIRST_DAY for event in events)
    earlier = [event.detail for event in events if event.at.date() < FIRST_DAY]
    due = {
        one.detail["project_id"]
        for one in projects(NOW - 144 * HOUR, NOW)
        if "due_at" in one.detail
    }
    assert {detail["project_id"] for detail in earlier} <= due


def test_no_job_runs_for_days() -> None:
    """Whatever began more than a day ago has ended, if only since a person cancelled it."""
    jobs = by_job(past(first_day=date(2026, 2, 12)))
    old = [events for events in jobs.values() if NOW - events[0].at > 30 * HOUR]
    assert len(old) > 1_500
    assert all("result" in events[-1].detail for events in old)


def test_the_past_comes_latest_first() -> None:
    """The families come in the order in which a list shows them."""
    begun = [member.begun_at for member in past_families(1, FIRST_DAY, NOW)]
    assert begun == sorted(begun, reverse=True)


def test_the_past_follows_the_clock_and_the_week(long_past: list[DemoEvent]) -> None:
    """Working hours are busier than evenings, working days busier than the weekend."""
    begun = [events[0].at for job_id, events in by_job(long_past).items() if "." not in job_id]
    hours = Counter(at.hour for at in begun)
    assert sum(hours[hour] for hour in range(9, 17)) > 3 * sum(
        hours[hour] for hour in (19, 20, 21, 22, 23)
    )
    days = Counter(at.date() for at in begun)
    assert days[date(2026, 3, 3)] > 1.5 * days[date(2026, 3, 1)]


def test_telling_the_past_again_later_repeats_it() -> None:
    """What was told is told again word for word; only what has ended since is new."""
    before = {event.detail["event_id"]: event for event in past()}
    after = {event.detail["event_id"]: event for event in past(now=NOW + 30 * HOUR)}
    assert before.items() <= after.items()
    assert len(after) > len(before)
