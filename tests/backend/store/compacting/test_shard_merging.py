"""What comes between a compactor's look at a row and its step is never lost and counts once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.backend.store.compacting.test_shard_merging_model import Merging

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.instants import MICROSECONDS
from run_ledger.domain.state.rollups import Row
from run_ledger.store.compacting.shard_merging import QUIET
from run_ledger.store.dynamo.batches import portions

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


@pytest.mark.parametrize("happens", ["nothing", "late", "room"])
@pytest.mark.parametrize("partition", ["all", "models#acme#2026-11-01"])
def test_shards_with_more_counts_than_a_condition_names_are_merged(
    partition: str, happens: str
) -> None:
    """A busy day's durations, or many models: 300 counts in each shard, and something between."""
    row = Merging()
    row.row = Row(partition, "2026-11-01" if partition == "all" else "07#crawl#web")
    names = [f"h_{number}" for number in range(300)]
    if partition != "all":
        models = [f"model-{number}" for number in range(30)]
        names = [f"b_{name} {model}" for name in KNOWN_COUNTERS for model in models]
    for some in portions(names, 60):
        row.add("0", dict.fromkeys(some, 3), 0)
        row.add("1", dict.fromkeys(some, 5), 0)
    row.add("0", {"c_own_a": 1, "c_own_b": 2}, 0)
    row.wait(LATER)
    row.look(1)
    if happens == "late":
        row.add("0", {max(names): 1}, 0)
    elif happens == "room":
        room(row)
    row.act(1, 99)
    row.see()
    row.teardown()
    assert len(row.items()) == 1
