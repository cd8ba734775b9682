"""When a run event occurred, in the forms that producers send."""

from __future__ import annotations

from typing import Any

import pytest

from run_ledger.emit.lineage import UnusableEvent
from run_ledger.emit.lineage.event_times import event_time


@pytest.mark.parametrize(
    ("at", "occurred_at"),
    [
        ("2020-12-28T19:52:00.001+10:00", "2020-12-28T09:52:00.001000Z"),
        ("2021-11-03T10:53:52.427343", "2021-11-03T10:53:52.427343Z"),
        ("2021-11-03 10:53:52z", "2021-11-03T10:53:52.000000Z"),
        ("2021-11-03T10:53:52.123456789Z", "2021-11-03T10:53:52.123456Z"),
        ("2021-11-03T11:53:52+01:00[Europe/Berlin]", "2021-11-03T10:53:52.000000Z"),
        (1795860000.5, "2026-11-28T10:00:00.500000Z"),
        (1795860000, "2026-11-28T10:00:00.000000Z"),
        (1795860000500, "2026-11-28T10:00:00.500000Z"),
        (1795860000500000, "2026-11-28T10:00:00.500000Z"),
        (1795860000500000000, "2026-11-28T10:00:00.500000Z"),
        ("1795860000.5", "2026-11-28T10:00:00.500000Z"),
    ],
)
def test_times_are_brought_to_utc(at: Any, occurred_at: str) -> None:
    """A time without a zone is in UTC; a number's size tells its unit."""
    assert event_time(at) == occurred_at


@pytest.mark.parametrize(
    "at",
    [
        *("yesterday", "", None, 7, 0, -1, True, [], {}, 10**30, float("nan"), float("inf"), "1e9"),
        *("0001-01-01T00:00:00+14:00", "2026-13-01T00:00:00Z", "9" * 400),
    ],
)
def test_what_is_no_time_is_refused_by_name(at: Any) -> None:
    """No event gets the present instead of a time that can't be read."""
    with pytest.raises(UnusableEvent, match=r"eventTime is .*allowed: a time as 2026-11-22T14"):
        event_time(at)
