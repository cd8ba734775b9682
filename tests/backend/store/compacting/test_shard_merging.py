"""What comes between a compactor's look at a row and its step is never lost and counts once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.backend.store.compacting.test_shard_merging_model import Merging

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.store.compacting.shard_merging import QUIET

LATER = QUIET // MICROSECONDS + 1


def late(row: Merging) -> None:
    """Let a writer add to a shard."""
    row.add("0", {"created": 1}, 0)


def late_elsewhere(row: Merging) -> None:
    """Let a writer add what the shard does not count yet."""
    row.add("0", {"h_7": 1}, 0)


def room(row: Merging) -> None:
    """Let a writer add up own counters that are too many, which sets no mark."""
    row.make_room("0")


@pytest.mark.parametrize("happens", [late, late_elsewhere, room])
@pytest.mark.parametrize("steps", range(3))
def test_what_happens_between_look_and_step_counts_once(
    steps: int, happens: Callable[[Any], None]
) -> None:
    """Before the merge, the confirmation, or the deletion; the row is merged in the end."""
    row = Merging()
    row.add("0", {"created": 3, "c_own_a": 1, "c_own_b": 2}, 0)
    row.add("1", {"created": 4}, 0)
    row.run([LATER] * steps)
    row.wait(LATER)
    row.look(1)
    happens(row)
    row.act(1, 99)
    row.see()
    row.teardown()
