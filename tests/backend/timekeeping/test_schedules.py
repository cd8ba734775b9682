"""When a schedule asks for a run, compared with a walk through all minutes by the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger import schedules
from run_ledger.domain import instants
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.instants import Instant
from run_ledger.schedules import ScheduleError, check_cron, slots, zone

MINUTE = timedelta(minutes=1)
DAYS = timedelta(days=3)
# A day before clocks change, by hand from the time zone database: both ways, by an hour or half of
# one, over midnight, by a whole day; and ends of months.
BEGINNINGS = (
    ("Europe/Berlin", "2026-03-28T00:00Z"),
    ("Europe/Berlin", "2026-10-24T00:00Z"),
    ("America/New_York", "2026-03-07T00:00Z"),
    ("America/New_York", "2026-10-31T00:00Z"),
    ("Australia/Lord_Howe", "2026-10-02T12:00Z"),
    ("Australia/Lord_Howe", "2026-04-03T12:00Z"),
    ("America/Santiago", "2026-09-05T00:00Z"),
    ("Pacific/Apia", "2011-12-29T00:00Z"),
    ("UTC", "2028-02-27T00:00Z"),
    ("Asia/Kolkata", "2027-02-27T00:00Z"),
)
LINES = st.tuples(
    st.sampled_from(("0", "30", "15,45", "59", "*/20", "*", "5-40/7")),
    st.sampled_from(("*", "2", "1-3", "*/2", "0", "23", "2,3", "0-23")),
    st.sampled_from(("*", "29", "31", "1", "*/2", "28-31")),
    st.sampled_from(("*", "2", "3,10", "*/3")),
    st.sampled_from(("*", "0", "1-5", "7")),
).map(" ".join)


@given(st.sampled_from(BEGINNINGS), LINES, st.integers(0, 1_500))
def test_a_line_of_cron_is_what_clocks_show(where: tuple[str, str], line: str, wait: int) -> None:
    """It asks for a run at each minute that matches; a fixed time once, though clocks change."""
    name, text = where
    begin = datetime.fromisoformat(text) + wait * MINUTE
    one = Expectation("nightly", cron=line, timezone=name)
    try:
        check_cron(line)
    except ScheduleError:
        return  # such as the 31st of February
    until = instants.from_datetime(begin + DAYS)
    found = list(takewhile(lambda at: at <= until, slots(one, instants.from_datetime(begin))))
    assert found == [instants.from_datetime(at) for at in _walked(line, ZoneInfo(name), begin)]


@given(st.sampled_from(BEGINNINGS), st.integers(60, 90_000))
def test_every_is_a_length_whatever_clocks_show(where: tuple[str, str], seconds: int) -> None:
    """So many seconds after the last, also where clocks change between them."""
    after = instants.parse(where[1])
    one = Expectation("hourly", every_seconds=seconds)
    found = list(islice(slots(one, after), 5))
    assert found == [Instant(after + number * seconds * 1_000_000) for number in range(1, 6)]


_BY_HAND = """
30 2 * * *    Europe/Berlin        2026-03-28T12:00Z 2026-03-29T01:00 2026-03-30T00:30
30 2 * * *    Europe/Berlin        2026-10-24T12:00Z 2026-10-25T00:30 2026-10-26T01:30
30 1 * * *    America/New_York     2026-10-31T12:00Z 2026-11-01T05:30 2026-11-02T06:30
15 2 * * *    Australia/Lord_Howe  2026-10-03T10:00Z 2026-10-03T15:30 2026-10-04T15:15
*/30 * * * *  Australia/Lord_Howe  2026-10-03T15:00Z 2026-10-03T15:30 2026-10-03T16:00
*/10 5 * * *  Australia/Lord_Howe  2026-10-03T12:00Z 2026-10-03T18:00 2026-10-03T18:10
0 0 29 2 *    UTC                  2026-03-01T00:00Z 2028-02-29T00:00 2032-02-29T00:00
0 12 L * *    UTC                  2027-01-31T12:00Z 2027-02-28T12:00 2027-03-31T12:00
0 9 31 * *    UTC                  2027-01-31T09:00Z 2027-03-31T09:00 2027-05-31T09:00
"""


@pytest.mark.parametrize("row", _BY_HAND.strip().splitlines())
def test_days_that_are_not_like_others(row: str) -> None:
    """Worked out by hand: hours that are skipped or come twice, and ends of months."""
    line, zone, after, *expected = _parts(row)
    one = Expectation("nightly", cron=line, timezone=zone)
    found = islice(slots(one, instants.parse(after)), 2)
    assert [instants.text(at)[:16] for at in found] == expected


@pytest.mark.parametrize(
    ("after", "most"), [("2026-11-24T12:00:30Z", 3), ("2026-10-24T12:00:30Z", 3_000)]
)
def test_a_run_each_minute_is_found_without_a_walk(
    after: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each sweep asks for the next one, of any number of pipelines; only a set-back needs more."""
    looked_at = []

    def counted(line: str, wall: datetime) -> Iterator[datetime]:
        for time in calendar_times(line, wall):
            looked_at.append(time)
            yield time

    calendar_times = schedules._calendar_times
    monkeypatch.setattr(schedules, "_calendar_times", counted)
    one = Expectation("busy", cron="* * * * *", timezone="Europe/Berlin")
    assert next(slots(one, instants.parse(after))) == instants.parse(after) + 30_000_000
    assert len(looked_at) <= most


@pytest.mark.parametrize(
    "line",
    ["", "* * * *", "* * * * * *", "60 * * * *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "@daily",
     "0 0 * * 1L2", "L * * * *", "0 24 * * *", "1-0 * * * *", "*/0 * * * *", "0 0 ? * *",
     "٣ * * * *", "0 0 * 2 MON#6", "0 0 0 * *", "L/5-3 * * * *", "0 " * 99],
)  # fmt: skip
def test_a_line_that_asks_for_nothing_is_refused(line: str) -> None:
    """And says what is allowed."""
    with pytest.raises(ScheduleError, match="allowed"):
        check_cron(line)


@given(st.text("0123456789*/,-#L WMON", max_size=30))
def test_whatever_is_taken_asks_for_a_run(line: str) -> None:
    """Other lines are refused, and none does anything else."""
    try:
        check_cron(line)
    except ScheduleError:
        return
    one = Expectation("nightly", cron=line)
    assert next(slots(one, instants.parse("2026-11-22T00:00Z")))


@pytest.mark.parametrize(
    "name",
    [
        *("", "Europe/Atlantis", "../../etc/passwd", "/etc/localtime", "x" * 300, "a\0b"),
        *("localtime", "right/Europe/Berlin"),
    ],
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    """No file but those of the time zone database is one, whatever else this machine has."""
    with pytest.raises(ScheduleError, match="allowed"):
        zone(name)


def _parts(row: str) -> list[str]:
    *fields, zone, after, first, second = row.split()
    return [" ".join(fields), zone, after, first, second]


def _walked(line: str, clocks: ZoneInfo, begin: datetime) -> Iterator[datetime]:
    """Yield when *line* asks for a run in three days after *begin*, minute by minute."""
    minute, hour = line.split()[:2]
    is_fixed = not minute.startswith("*") and not hour.startswith("*")
    at = begin - timedelta(days=2)
    last = at.astimezone(clocks).replace(tzinfo=None) - MINUTE
    seen = set()
    while at <= begin + DAYS:
        wall = at.astimezone(clocks).replace(tzinfo=None, fold=0)
        times = [wall]
        if is_fixed:
            # All that clocks went over without showing it, and nothing a second time.
            skipped = max(0, (wall - last) // MINUTE - 1)
            times += [last + number * MINUTE for number in range(1, skipped + 1)]
            times = [time for time in times if time not in seen]
            seen.update(times)
        if at > begin and any(_matches(line, time) for time in times):
            yield at
        last = max(last, wall) if is_fixed else wall
        at = (at.astimezone(UTC) + MINUTE).astimezone(UTC)


def _matches(line: str, time: datetime) -> bool:
    minute, hour, day, month, weekday = line.split()
    of_day = _holds(day, time.day, 1)
    of_week = _holds(weekday, time.isoweekday() % 7, 0) or _holds(weekday, time.isoweekday(), 0)
    is_narrow = not day.startswith("*") and not weekday.startswith("*")
    return (
        _holds(minute, time.minute, 0)
        and _holds(hour, time.hour, 0)
        and _holds(month, time.month, 1)
        and ((of_day or of_week) if is_narrow else (of_day and of_week))
    )


def _holds(field: str, value: int, least: int) -> bool:
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*":
            first, last = least, 99
        else:
            first, last = int(low), int(high or low)
        if first <= value <= last and (value - first) % int(step or 1) == 0:
            return True
    return False
