"""What trends of long times cost to read, by any filter, stays as small as it is promised to be.

The same rows as those of the figures `trends_read_units_30d` and `trends_read_units_400d`.
"""

from __future__ import annotations

import pytest
from tests.benchmarks.reader import trends

MOST_BY_HOUR = 100
OF_ONE = ("a client", "a pipeline of a client", "a project", "a client by model")


@pytest.fixture(autouse=True)
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask once: the time is not looked at."""
    monkeypatch.setattr(trends, "ROUNDS", 1)


@pytest.mark.parametrize("name", [*OF_ONE, "everything by model", "a pipeline of three clients"])
def test_400_days_of_a_million_jobs_by_any_filter(name: str) -> None:
    """By days of UTC, and by days of another zone."""
    assert trends.cost(f"days of {name}", trends.MANY).read_units <= trends.MOST_UNITS_400D
    assert trends.cost(f"zone of {name}", trends.MANY).read_units <= trends.MOST_UNITS_400D_OF_ZONE


@pytest.mark.parametrize("name", OF_ONE)
def test_30_days_by_hour_cost_the_same_with_a_hundred_times_as_many_jobs(name: str) -> None:
    """Rows fill up with jobs to what their days can tell apart, and no further."""
    few, many = (trends.cost(f"hours of {name}", jobs) for jobs in (trends.FEW, trends.MANY))

    assert many.read_units <= few.read_units * trends.MOST_GROWTH


def test_30_days_by_hour_with_an_event_late_on_each_day() -> None:
    """Nothing of them is packed then."""
    assert trends.cost("hours", trends.MANY, trends.LATE).read_units <= MOST_BY_HOUR
