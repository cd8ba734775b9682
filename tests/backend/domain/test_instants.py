"""Instants are integers; text is made of them only at the edges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies

from run_ledger.domain.instants import (
    EARLIEST,
    LATEST,
    day,
    from_datetime,
    hour,
    parse,
    text,
)

instants = st.integers(EARLIEST, LATEST) | st.sampled_from((EARLIEST, -1, 0, 1, LATEST))


@given(instants)
def test_text_and_back(instant: int) -> None:
    """Text says an instant exactly."""
    assert parse(text(instant)) == instant


@given(instants, instants)
def test_order_of_text_is_that_of_time(one: int, other: int) -> None:
    """Keys of text sort as instants do."""
    assert (text(one) < text(other)) == (one < other)


@given(strategies.any_times() | strategies.times())
def test_zones_are_only_a_way_to_write(written: str) -> None:
    """The same moment in any zone is the same instant."""
    moment = datetime.fromisoformat(written)
    assert parse(written) == from_datetime(moment) == from_datetime(moment.astimezone(UTC))
    assert datetime.fromisoformat(text(parse(written))) == moment


@pytest.mark.parametrize(
    ("written", "instant", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z"),
        ("1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z"),
        ("0001-01-01T00:00:00Z", EARLIEST, "0001-01-01T00:00:00.000000Z"),
        ("9999-12-31T23:59:59.999999Z", LATEST, "9999-12-31T23:59:59.999999Z"),
        ("2026-11-22T01:00:00+01:00", 1_795_305_600_000_000, "2026-11-22T00:00:00.000000Z"),
        ("2026-11-21T19:00:00-05:00", 1_795_305_600_000_000, "2026-11-22T00:00:00.000000Z"),
    ],
)
def test_known_instants(written: str, instant: int, expected: str) -> None:
    """Text always has the year in four digits, six decimals and Z."""
    assert parse(written) == instant
    assert text(instant) == expected


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "now",
        "2026-11-22",
        "2026-11-22T14:15:00",
        "2026-02-29T00:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_no_instants(bad: str) -> None:
    """Text that names no instant of the years 1 to 9999, or has no zone, is refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse(bad)


def test_days_and_hours_are_of_utc() -> None:
    """Midnight in UTC begins a day, whatever zone the producer is in."""
    midnight = parse("2026-11-22T00:00:00Z")
    assert (day(midnight), day(midnight - 1)) == ("2026-11-22", "2026-11-21")
    assert (hour(midnight), hour(midnight - 1)) == ("2026-11-22T00", "2026-11-21T23")
