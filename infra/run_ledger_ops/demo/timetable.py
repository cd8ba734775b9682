"""When what happens: the past days of a ledger, and the stream of events from now on.

Every day of the past and every minute of the stream has dice of its own, thrown by the seed and the
calendar. So any stretch of time can be simulated again, alone, and comes out the same.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from run_ledger_ops.demo.events import GENERATION, DemoEvent
from run_ledger_ops.demo.families import Family, family
from run_ledger_ops.demo.projects import project_events
from run_ledger_ops.demo.scales import LIVE, PAST

LONGEST_FAMILY = timedelta(hours=2)

_MINUTE = timedelta(minutes=1)
_JOBS_PER_FAMILY = 1.25
_FAMILIES_PER_WORKDAY = 100
_SATURDAY = 5
_WEEKEND_SHARE = 0.45
# How the jobs of a past day spread over its hours (UTC): working hours, and a nightly batch.
_HOURLY_WEIGHTS = (2, 3, 9, 4, 2, 2, 3, 5, 8, 10, 10, 9, 7, 9, 10, 10, 9, 7, 5, 4, 3, 3, 2, 2)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, its end left out, in which families of the stream began."""

    since: datetime
    until: datetime
    seed: int
    jobs_per_minute: float


def past_families(seed: int, first_day: date, until: datetime) -> Iterator[Family]:
    """Give the families of the days from `first_day` on that are over by `until`, latest first."""
    day = until.date()
    while day >= first_day:
        families = [member for member in _families_of_day(seed, day) if member.over_at <= until]
        yield from sorted(families, key=lambda member: member.begun_at, reverse=True)
        day -= timedelta(days=1)


def stream(
    since: datetime, seed: int, jobs_per_minute: float, unfinished: Iterable[DemoEvent] = ()
) -> Iterator[DemoEvent]:
    """Give all events of families and projects from `since` on, in the order of time, for ever.

    `unfinished` are events yet to come of families that began before.
    """
    pending = [(event.at, event.detail["event_id"], event) for event in unfinished]
    heapq.heapify(pending)
    minute = projects_until = since.replace(second=0, microsecond=0)
    while True:
        begun = _families_of_minute(seed, jobs_per_minute, minute)
        events = [event for member in begun if member.begun_at >= since for event in member.events]
        if minute >= projects_until:
            begin, projects_until = max(since, minute), minute + timedelta(days=1)
            events += project_events(begin, projects_until)
        for event in events:
            heapq.heappush(pending, (event.at, event.detail["event_id"], event))
        minute += _MINUTE
        while pending and pending[0][0] < minute:
            yield heapq.heappop(pending)[2]


def unfinished_events(windows: Iterable[Window], posted_until: datetime) -> Iterator[DemoEvent]:
    """Give what families that began in these windows have still to report."""
    for window in windows:
        since = max(window.since, posted_until - LONGEST_FAMILY)
        minute = since.replace(second=0, microsecond=0)
        while minute < window.until:
            for member in _families_of_minute(window.seed, window.jobs_per_minute, minute):
                if since <= member.begun_at < window.until:
                    yield from (event for event in member.events if event.at >= posted_until)
            minute += _MINUTE


def _families_of_day(seed: int, day: date) -> Iterator[Family]:
    key = f"{GENERATION}/{seed}/{day.isoformat()}"
    dice = Random(key)  # noqa: S311 reproducible is what it has to be
    share = _WEEKEND_SHARE if day.weekday() >= _SATURDAY else 1.0
    midnight = datetime.combine(day, time(tzinfo=UTC))
    for index in range(int(_FAMILIES_PER_WORKDAY * share * dice.uniform(0.85, 1.15))):
        (hour,) = dice.choices(range(24), _HOURLY_WEIGHTS)
        begun_at = midnight + timedelta(hours=hour, milliseconds=dice.randrange(3_600_000))
        yield family(f"{key}/{index}", begun_at, PAST)


def _families_of_minute(seed: int, jobs_per_minute: float, minute: datetime) -> Iterator[Family]:
    key = f"{GENERATION}/{seed}/{jobs_per_minute}/{minute:%Y-%m-%dT%H:%M}"
    dice = Random(key)  # noqa: S311 reproducible is what it has to be
    # Steadier than chance would have it, so that whoever looks never waits long for a new job.
    for index in range(int(jobs_per_minute / _JOBS_PER_FAMILY + dice.random())):
        begun_at = minute + timedelta(milliseconds=dice.randrange(60_000))
        yield family(f"{key}/{index}", begun_at, LIVE)
