"""A running job has stalled when it was silent for longer than its heartbeat."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.state.job import is_silent
from run_ledger.store.items.job_items import SLOT_SECONDS, sign_of_row, slot_of

SECOND = 1_000_000
NOW = 1_795_000_000 * SECOND

heartbeats = st.none() | st.integers(1, 2_000) | st.integers(1, 2**53)


@given(
    silence=st.integers(-SLOT_SECONDS * SECOND, 3_000 * SECOND) | st.integers(0, NOW),
    heartbeat=heartbeats,
)
def test_a_row_is_never_wrong(silence: int, heartbeat: int | None) -> None:
    """What it says for certain is what the item says, whenever the job was last seen."""
    stalled = is_silent(NOW - silence, heartbeat, NOW)
    sign = sign_of_row(slot_of(NOW - silence), heartbeat, NOW)
    assert sign == "unclear" or (sign == "stalled") is stalled


@given(silence=st.integers(0, NOW), heartbeat=heartbeats)
def test_only_rows_near_the_edge_are_unclear(silence: int, heartbeat: int | None) -> None:
    """A job whose silence is a slot away from its heartbeat is told without its item."""
    edge = (heartbeat or 900) * SECOND
    if abs(silence - edge) >= SLOT_SECONDS * SECOND:
        assert sign_of_row(slot_of(NOW - silence), heartbeat, NOW) != "unclear"


@pytest.mark.parametrize(
    ("seconds_ago", "heartbeat", "sign"),
    [
        (0, None, "alive"),
        (599, None, "alive"),
        (1_200, None, "stalled"),
        (0, 3_600, "alive"),
        (0, 1, "unclear"),
        (86_400, 86_400, "unclear"),
    ],
)
def test_signs(seconds_ago: int, heartbeat: int | None, sign: str) -> None:
    """Without a heartbeat, fifteen minutes count; the edge itself is unclear."""
    start_of_slot = NOW - NOW % (SLOT_SECONDS * SECOND)
    now = start_of_slot + 200 * SECOND
    assert sign_of_row(slot_of(now - seconds_ago * SECOND), heartbeat, now) == sign
