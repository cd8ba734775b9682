"""Which shard of its rows a writer adds to."""

from __future__ import annotations

import random

from run_ledger.domain.state.rollups import Row
from run_ledger.store.posting.shards import MOST_OVERFLOWS, RowShards

ROW, OTHER = Row("all", "2026-11-22"), Row("days", "2026-11-22")


def test_all_rows_have_the_writer_s_shard() -> None:
    """Until it moves."""
    shards = RowShards(1_000, random.Random(1))
    before = shards.of(ROW)
    assert shards.of(OTHER) == before
    shards.move()
    assert shards.of(ROW) == shards.of(OTHER) != before


def test_a_full_item_is_followed_by_the_next() -> None:
    """Of this row and this shard alone, and only so often."""
    shards = RowShards(1, random.Random(1))
    assert shards.note_full(ROW)
    assert (shards.of(ROW), shards.of(OTHER)) == ("0.1", "0")
    for _ in range(MOST_OVERFLOWS - 1):
        assert shards.note_full(ROW)
    assert shards.of(ROW) == f"0.{MOST_OVERFLOWS}"
    assert not shards.note_full(ROW)


def test_what_is_remembered_of_full_items_is_bounded() -> None:
    """A writer that has forgotten one learns it again."""
    shards = RowShards(1, random.Random(1))
    for number in range(3_000):
        shards.note_full(Row("all", str(number)))
    assert shards.of(Row("all", "0")) == "0"
    assert shards.of(Row("all", "2999")) == "0.1"
