"""When what happens in the simulated past.

Every day has dice of its own, thrown by the seed and the calendar. So any stretch of the past can
be simulated again, alone, and comes out the same.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from run_ledger_ops.demo.past.families import Family, family
from run_ledger_ops.demo.past.made_up_projects import begun_before, whole_fortnights
from run_ledger_ops.demo.reporting.demo_events import GENERATION

_FAMILIES_PER_WORKDAY = 110
_SATURDAY = 5
_WEEKEND_SHARE = 0.45
# How the jobs of a past day spread over its hours (UTC): working hours, and a nightly batch.
_HOURLY_WEIGHTS = (2, 3, 9, 4, 2, 2, 3, 5, 8, 10, 10, 9, 7, 9, 10, 10, 9, 7, 5, 4, 3, 3, 2, 2)


def past_families(seed: int, first_day: date, until: datetime) -> Iterator[Family]:
    """Give the families of the days from `first_day` on that are over by `until`, latest first.

    Then come those of earlier days that belong to deliveries which go on after `first_day`: else
    a delivery would be told without the jobs of its first days.
    """
    first = datetime.combine(first_day, time(tzinfo=UTC))
    earliest, _ = whole_fortnights(first, first)
    for day in _days_back(until.date(), earliest.date()):
        families = [member for member in _families_of_day(seed, day) if member.over_at <= until]
        if day < first_day:
            families = [one for one in families if begun_before(one.project_id, first)]
        yield from sorted(families, key=lambda member: member.begun_at, reverse=True)


def jobs_done(seed: int, since: datetime, until: datetime) -> Counter[str]:
    """Count the jobs of each project that are done in the end, for all deliveries of that time.

    A job is done that succeeded, or at least in part.
    """
    earliest, latest = whole_fortnights(since, until)
    done: Counter[str] = Counter()
    for day in _days_back(latest.date(), earliest.date()):
        for one in _families_of_day(seed, day):
            done[one.project_id] += one.jobs_done
    return done


def _days_back(last: date, first: date) -> Iterator[date]:
    for days in range((last - first).days + 1):
        yield last - timedelta(days=days)


def _families_of_day(seed: int, day: date) -> Iterator[Family]:
    key = f"{GENERATION}/{seed}/{day.isoformat()}"
    dice = Random(key)  # noqa: S311 reproducible is what it has to be
    share = _WEEKEND_SHARE if day.weekday() >= _SATURDAY else 1.0
    midnight = datetime.combine(day, time(tzinfo=UTC))
    for index in range(int(_FAMILIES_PER_WORKDAY * share * dice.uniform(0.85, 1.15))):
        (hour,) = dice.choices(range(24), _HOURLY_WEIGHTS)
        begun_at = midnight + timedelta(hours=hour, milliseconds=dice.randrange(3_600_000))
        yield family(f"{key}/{index}", begun_at, f"{day.toordinal() % 10_000}-{index + 1:03}")
