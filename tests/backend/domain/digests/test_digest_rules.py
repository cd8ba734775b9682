"""Which days a digest is about, and when it is due, where clocks change and where they don't."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from run_ledger.domain.digests.digest_rules import (
    SENT_UNTIL,
    DigestRule,
    due_period,
    period_before,
    period_with,
    sending_time,
)
from run_ledger.domain.instants import HOUR, MICROSECONDS, Instant, from_datetime, parse

MINUTE = 60 * MICROSECONDS


def due(at: str, now: str, every: str = "daily") -> tuple[date, date] | None:
    """Return the first and last day of the digest that is due."""
    period = due_period(DigestRule(every, at), parse(now))  # type: ignore[arg-type]
    return None if period is None else (period.first, period.last)


def test_a_daily_digest_is_due_from_its_time_on_for_half_a_day() -> None:
    """It is about the day before, of the zone."""
    assert due("07:30 Europe/Berlin", "2026-11-23T06:29:59Z") is None
    assert due("07:30 Europe/Berlin", "2026-11-23T06:30:00Z") == (date(2026, 11, 22),) * 2
    assert due("07:30 Europe/Berlin", "2026-11-23T18:29:59Z") == (date(2026, 11, 22),) * 2
    assert due("07:30 Europe/Berlin", "2026-11-23T18:30:00Z") is None


def test_a_late_time_is_still_due_after_midnight() -> None:
    """What was due at 23:00 is about the same day then."""
    assert due("23:00 UTC", "2026-11-24T05:00:00Z") == (date(2026, 11, 22),) * 2


def test_a_weekly_digest_is_due_on_mondays() -> None:
    """It is about Monday to Sunday."""
    week = (date(2026, 11, 16), date(2026, 11, 22))
    assert due("08:00 UTC", "2026-11-23T08:00:00Z", "weekly") == week
    assert due("23:30 UTC", "2026-11-24T01:00:00Z", "weekly") == week
    assert due("08:00 UTC", "2026-11-24T08:00:00Z", "weekly") is None


@pytest.mark.parametrize(
    ("now", "is_due"),
    [
        ("2027-03-28T00:59:00Z", False),  # 01:59, and then it is 03:00
        ("2027-03-28T01:30:00Z", True),  # 03:30, which 02:30 is there
        ("2026-10-25T00:29:00Z", False),
        ("2026-10-25T00:30:00Z", True),  # 02:30 for the first time
    ],
)
def test_a_time_that_clocks_leave_out_or_show_twice_comes_once(now: str, *, is_due: bool) -> None:
    """It is later by what clocks leave out, and the first of two."""
    assert (due("02:30 Europe/Berlin", now) is not None) == is_due


ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")


@given(
    st.sampled_from(ZONES),
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    st.sampled_from(("daily", "weekly")),
)
@example("Europe/Berlin", time(2, 30), date(2027, 3, 28), "daily")
@example("Europe/Berlin", time(2, 30), date(2026, 10, 25), "daily")
@settings(max_examples=25, deadline=None)
def test_every_period_comes_due_once(tz: str, clock: time, begin: date, every: str) -> None:
    """Asked every ten minutes for 15 days, each period is due without a gap, one after the other.

    They follow each other as the calendar has them.
    """
    rule = DigestRule(every, f"{clock:%H:%M} {tz}")  # type: ignore[arg-type]
    zone = ZoneInfo(tz)
    start = from_datetime(datetime.combine(begin, time(), zone))
    found = []
    for minutes in range(0, 15 * 24 * 60, 10):
        now = Instant(start + minutes * MINUTE)
        period = due_period(rule, now)
        if period is not None and (not found or found[-1][1] != period):
            found.append((now, period))
    periods = [period for _, period in found]
    assert len(set(periods)) == len(periods)
    for one, following in pairwise(periods):
        assert one.end == following.first
        assert following.previous() == one
    length = timedelta(days=1 if every == "daily" else 7)
    assert all(one.end - one.first == length for one in periods)
    assert len(periods) >= (14 if every == "daily" else 2)
    # Nothing is told before its days are over.
    for now, period in found:
        assert now >= from_datetime(datetime.combine(period.end, time(), zone)) - HOUR


def test_any_day_can_be_asked_for() -> None:
    """A day stands for itself, or for its week."""
    assert period_with(DigestRule("daily"), date(2026, 11, 22)).key == "daily#2026-11-22"
    week = period_with(DigestRule("weekly", "08:00 Asia/Kolkata"), date(2026, 11, 22))
    assert (week.key, week.last, week.tz) == (
        "weekly#2026-11-16",
        date(2026, 11, 22),
        "Asia/Kolkata",
    )
    with pytest.raises(ValueError, match="0001-01-01"):
        period_with(DigestRule("weekly"), date(1, 1, 1))


def test_the_latest_period_is_over() -> None:
    """Yesterday, or the last whole week."""
    now = parse("2026-11-22T23:30:00Z")  # the 23rd in Berlin
    assert period_before(DigestRule("daily", "08:00 UTC"), now).first == date(2026, 11, 21)
    assert period_before(DigestRule("daily", "08:00 Europe/Berlin"), now).first == date(
        2026, 11, 22
    )
    assert period_before(DigestRule("weekly"), now).key == "weekly#2026-11-09"
    assert SENT_UNTIL == 12 * HOUR


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8:00 UTC",
        "24:00 UTC",
        "08:60 UTC",
        "08:00",
        "08:00 Nowhere/City",
        "08:00 UTC ",
        "08:00 ../../etc/passwd",
        "٠٨:00 UTC",
    ],
)
def test_what_names_no_time_is_refused(text: str) -> None:
    """A clock's time and a known zone are needed."""
    with pytest.raises(ValueError, match=re.escape(text[-9:]) or "^$"):
        sending_time(text)
