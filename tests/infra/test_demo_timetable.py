"""When the demo lets things happen: reproducibly, in the past and from now on."""

import hashlib
from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import takewhile

import pytest
from tests.support.simulation import (
    FIRST_DAY,
    HOUR,
    NOW,
    RATE,
    by_job,
    ids,
    only_jobs,
    past,
    root_of,
    streamed,
)

from run_ledger_ops.demo.events import DemoEvent
from run_ledger_ops.demo.projects import opened_projects
from run_ledger_ops.demo.timetable import (
    LONGEST_FAMILY,
    Window,
    past_families,
    stream,
    unfinished_events,
)


@pytest.fixture(scope="module")
def long_stream() -> list[DemoEvent]:
    """Give six hours of the stream."""
    return streamed(6 * HOUR)


@pytest.fixture(scope="module")
def long_past() -> list[DemoEvent]:
    """Give three weeks of the past."""
    return past(first_day=date(2026, 2, 12))


def test_the_same_seed_and_time_give_the_same_events() -> None:
    """Simulating a stretch of time again gives it again, to the byte."""
    assert past() == past()
    assert streamed(HOUR) == streamed(HOUR)


def test_another_seed_is_another_world() -> None:
    """No event id is shared between seeds, or one would be rejected as the other's."""
    assert not set(ids(past(seed=1))) & set(ids(past(seed=2)))
    ours, theirs = streamed(HOUR, seed=1), streamed(HOUR, seed=2)
    assert not set(ids(only_jobs(ours))) & set(ids(only_jobs(theirs)))


def test_the_generation_is_raised_when_the_outcome_changes() -> None:
    """A ledger that heard the old outcome rejects a new one under the same ids.

    If this fails because the simulation was changed on purpose, raise `GENERATION` and take over
    the digest.
    """
    told = [*past(), *opened_projects(NOW - timedelta(days=28), NOW), *streamed(HOUR)]
    digest = hashlib.sha256("\n".join(event.entry("bus")["Detail"] for event in told).encode())
    assert digest.hexdigest()[:16] == "7861d1e34ba83ed2"


@pytest.mark.parametrize("seed", range(6))
def test_the_past_is_modest(seed: int) -> None:
    """Six days and today are some hundred jobs and at most 4,000 events, projects included."""
    events = past(seed)
    assert 400 < len(by_job(events)) < 1_000
    assert len(events) + len(opened_projects(NOW - timedelta(days=6), NOW)) < 4_000


def test_the_past_is_over() -> None:
    """Nothing of the past is yet to come, and it begins with the first day asked for."""
    events = past()
    assert max(event.at for event in events) <= NOW
    assert min(event.at for event in events).date() == FIRST_DAY


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


def test_the_stream_is_in_order_and_begins_now(long_stream: list[DemoEvent]) -> None:
    """The stream's times never fall, and nothing in it is older than its beginning."""
    times = [event.at for event in long_stream]
    assert times == sorted(times)
    assert times[0] >= NOW


@pytest.mark.parametrize(("rate", "hours"), [(0.5, 24), (2.0, 10), (10.0, 2)])
def test_the_stream_keeps_its_pace(rate: float, hours: int) -> None:
    """About as many jobs begin in a minute as were asked for."""
    until = NOW + hours * HOUR
    events = takewhile(lambda event: event.at < until, stream(NOW, 1, rate))
    assert len(by_job(events)) / (hours * 60) == pytest.approx(rate, rel=0.15)


def test_no_family_of_the_stream_outlasts_the_longest(long_stream: list[DemoEvent]) -> None:
    """Unfinished families are looked for no further back than this."""
    roots = defaultdict(list)
    for event in only_jobs(long_stream):
        roots[root_of(event)].append(event.at)
    assert max(max(times) - min(times) for times in roots.values()) < LONGEST_FAMILY


@pytest.mark.parametrize("minutes", [0.5, 7.3, 61])
def test_a_stream_that_was_cut_can_be_taken_up(minutes: float) -> None:
    """What was told before the cut and what is unfinished at it make up the uncut families."""
    cut = NOW + timedelta(minutes=minutes)
    told = only_jobs(streamed(cut - NOW))
    begun = by_job(told)
    whole = only_jobs(streamed(cut - NOW + LONGEST_FAMILY))
    rest = list(unfinished_events([Window(NOW, cut, 1, RATE)], cut))
    assert not set(ids(told)) & set(ids(rest))
    told_in_all = {event.detail["event_id"]: event for event in told + rest}
    for event in whole:
        if event.detail["job_id"] in begun:
            assert told_in_all[event.detail["event_id"]] == event
    assert {root_of(event) for event in rest} <= {root_of(event) for event in told}


def test_a_stream_goes_on_with_what_is_unfinished() -> None:
    """Unfinished events come in their place among the new ones."""
    unfinished = list(unfinished_events([Window(NOW - HOUR, NOW, 1, RATE)], NOW))
    assert unfinished
    events = stream(NOW, 1, RATE, unfinished)
    seen = list(takewhile(lambda event: event.at < NOW + LONGEST_FAMILY, events))
    assert set(ids(unfinished)) <= set(ids(seen))
    assert [event.at for event in seen] == sorted(event.at for event in seen)
