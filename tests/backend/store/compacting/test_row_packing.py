"""What comes amid a walk that packs, or says that all is packed, is read at every moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.backend.store.compacting.test_row_packing_model import Packing
from tests.support.dynamo.tables import NAMES

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.store.compacting.shard_merging import QUIET
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.items.packed_items import packed_days

LATER = QUIET // MICROSECONDS + 1
CALLS = 13
"""A walk over the day makes so many calls at most."""
DAY, SEEN_AT = "2026-11-01", 1_793_500_000_000_000
AMID: dict[str, Sequence[Any]] = {
    "a repair": ("mend", "07", {"created": 1}),
    "a late count": ("add", "1", "07", {"created": 1}, 0),
    "what was taken in before": ("add", "1", "07", {"created": 1}, 900),
    "another walk": ("walk",),
    "a kill": ("kill",),
}


@pytest.mark.parametrize("walk", range(3))
@pytest.mark.parametrize("happens", AMID)
def test_what_happens_amid_a_walk_is_read_at_once(happens: str, walk: int) -> None:
    """Before whichever call: of the walk that packs, the one that says so, or a later one."""
    for call in range(1, CALLS):
        day = Packing()
        day.add("0", "07", {"created": 3}, 0)
        for number in range(3):
            day.wait(LATER)
            day.walk({call: AMID[happens]} if number == walk else {})
            day.see()
        day.teardown()


def test_a_mark_shows_while_its_shard_is_merged() -> None:
    """A reader may see the shard as it is after the merge, and the merged item as before it."""
    shard = {"pk": "all", "sk": f"{DAY}#1", "gen": "2", "was_seen": str(SEEN_AT)}
    merged = {"pk": "all", "sk": f"{DAY}#merged", "gen": "1", "seen": str(SEEN_AT - 9)}
    noted = {"pk": "all", "sk": f"{DAY}#packed", "right": str(SEEN_AT), "repaired": ""}

    (one,) = packed_days(map(to_item, (shard, merged, noted))).values()

    assert (one.seen_at, one.is_current) == (SEEN_AT, False)


def test_what_another_version_notes_after_a_repair_says_nothing_of_our_rows() -> None:
    """Before or after an update it packs into rows of its own, and ours are as they were."""
    ours = {"right": str(SEEN_AT), "repaired": "first"}
    theirs = {"done": str(SEEN_AT + MICROSECONDS), "mended": "second"}
    noted = {"pk": "all", "sk": f"{DAY}#packed"}
    repaired = {"pk": "all", "sk": f"{DAY}#audit", "mended": "second"}

    (both,) = packed_days(map(to_item, (repaired, noted | ours | theirs))).values()
    (other,) = packed_days(map(to_item, (repaired, noted | theirs))).values()

    assert (both.right_with, both.is_current, other.is_current) == ("first", False, False)


def test_a_walk_leaves_what_an_earlier_version_noted() -> None:
    """That still goes by it, after a rollback, and by packed rows that are not ours."""
    day = Packing()
    day.add("0", "07", {"created": 3}, 0)
    noted = {"pk": "all", "sk": f"{DAY}#packed", "done": str(SEEN_AT), "mended": "first"}
    day.client.put_item(TableName=NAMES.rollups, Item=to_item(noted))
    day.mend("07", {"created": 1})
    for _ in range(3):
        day.wait(LATER)
        day.walk({})
    item = day.items()["all", f"{DAY}#packed"]
    assert day.is_current(day.items().values())
    assert item["mended"]["S"] == "first"
