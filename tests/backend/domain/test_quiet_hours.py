"""Quiet hours: on the clocks of a zone, once in each night, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.instants import MICROSECONDS, Instant, parse, text
from run_ledger.domain.quiet_hours import quiet_hours, quiet_until


def until(quiet: str, at: str) -> str | None:
    """Return when the quiet ends that a time lies in."""
    end = quiet_until(quiet, parse(at))
    return None if end is None else text(end)[:16]


@pytest.mark.parametrize(
    ("quiet", "at", "end"),
    [
        ("22:00-07:00 UTC", "2026-11-18T21:59:59Z", None),
        ("22:00-07:00 UTC", "2026-11-18T22:00:00Z", "2026-11-19T07:00"),
        ("22:00-07:00 UTC", "2026-11-19T06:59:59Z", "2026-11-19T07:00"),
        ("22:00-07:00 UTC", "2026-11-19T07:00:00Z", None),
        ("12:00-13:30 Asia/Kolkata", "2026-11-19T06:30:00Z", "2026-11-19T08:00"),
        ("22:00-07:00 Europe/Berlin", "2026-11-18T21:30:00Z", "2026-11-19T06:00"),
        ("weekends UTC", "2026-11-20T23:59:59Z", None),
        ("weekends UTC", "2026-11-21T00:00:00Z", "2026-11-23T00:00"),
        ("22:00-07:00 weekends UTC", "2026-11-20T22:00:00Z", "2026-11-23T07:00"),
        ("22:00-07:00 weekends UTC", "2026-11-22T12:00:00Z", "2026-11-23T07:00"),
        ("at night", "2026-11-22T03:00:00Z", None),
    ],
)
def test_when_they_end(quiet: str, at: str, end: str | None) -> None:
    """From their beginning on, up to their end; those that touch each other are one."""
    assert until(quiet, at) == end


@pytest.mark.parametrize(
    ("quiet", "at", "end"),
    [
        # In Berlin, clocks go from 02:00 to 03:00 on 2026-03-29, at 01:00 UTC.
        ("22:00-07:00 Europe/Berlin", "2026-03-28T21:00:00Z", "2026-03-29T05:00"),
        ("22:00-02:30 Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30"),
        ("22:00-02:30 Europe/Berlin", "2026-03-29T01:30:00Z", None),
        # There clocks go back from 03:00 to 02:00 on 2026-10-25, at 01:00 UTC.
        ("22:00-07:00 Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T06:00"),
        ("22:00-02:30 Europe/Berlin", "2026-10-25T00:29:00Z", "2026-10-25T00:30"),
        ("22:00-02:30 Europe/Berlin", "2026-10-25T01:10:00Z", None),
        ("02:30-04:00 Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T03:00"),
        ("02:10-02:20 Europe/Berlin", "2026-10-25T01:15:00Z", None),
    ],
)
def test_where_clocks_change(quiet: str, at: str, end: str | None) -> None:
    """A time that is shown twice is meant the first time; one that is left out comes later."""
    assert until(quiet, at) == end


@pytest.mark.parametrize(
    "quiet", ["", "UTC", "22:00-07:00", "22:00-22:00 UTC", "7:00-8:00 UTC", "weekends Mars/Base"]
)
def test_what_names_no_hours(quiet: str) -> None:
    """Is refused, and keeps nobody from being told."""
    with pytest.raises(ValueError, match=r"^.*$"):
        quiet_hours(quiet)
    assert quiet_until(quiet, parse("2026-11-22T03:00:00Z")) is None


_begin = datetime(2026, 4, 6, tzinfo=UTC)


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Asia/Tokyo"]),
    st.integers(0, 23),
    st.integers(0, 23),
    st.booleans(),
    st.integers(0, 60 * 24 * 60),
)
def test_a_recount_by_the_minute(
    zone: str, begins: int, ends: int, weekends: bool, minute: int
) -> None:
    """Where clocks stay as they are, each minute is quiet if they and the calendar say so."""
    if begins == ends:
        return

    def is_quiet(moment: datetime) -> bool:
        there = moment.astimezone(ZoneInfo(zone))
        if weekends and there.isoweekday() in (6, 7):
            return True
        hour = there.hour
        if begins < ends:
            return begins <= hour < ends
        return hour >= begins or hour < ends

    moment = _begin + timedelta(minutes=minute)
    words = f"{begins:02}:00-{ends:02}:00 {'weekends ' if weekends else ''}{zone}"
    now = Instant(int(moment.timestamp()) * MICROSECONDS)
    end = quiet_until(words, now)
    if not is_quiet(moment):
        assert end is None
        return
    while is_quiet(moment):
        moment += timedelta(minutes=15 - moment.minute % 15)
    assert end == int(moment.timestamp()) * MICROSECONDS
