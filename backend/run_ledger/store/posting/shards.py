"""Which shard of its rows a writer adds to, and what it knows of the samples there."""

from __future__ import annotations

import random
from collections import OrderedDict

from run_ledger.domain.state.rollups import Row
from run_ledger.store.items.sample_items import SampleEnds

MOST_OVERFLOWS = 9
"""How many items of one shard may be full, each followed by the next, before a posting fails."""
_MOST_ROWS = 1_000


class RowShards:
    """The writer's shard of all rows, and for rows whose item there is full, the next item.

    A row is the sum of its items, however many they are. So where DynamoDB refuses to let an item
    grow, an item beside it takes what comes, and the totals stay exact.
    """

    def __init__(self, count: int, dice: random.Random) -> None:
        """Choose one of *count* shards."""
        self._count = count
        self._dice = dice
        self._shard = dice.randrange(count)
        self._overflows: OrderedDict[tuple[Row, int], int] = OrderedDict()
        self._ends: OrderedDict[tuple[Row, str], SampleEnds] = OrderedDict()

    def move(self) -> None:
        """Choose a shard anew, as another writer is at work on this one, or it is throttled."""
        self._shard = self._dice.randrange(self._count)

    def of(self, row: Row) -> str:
        """Return the shard of *row* to add to: ``"3"``, or ``"3.1"`` where that item is full."""
        overflow = self._overflows.get((row, self._shard), 0) if self._overflows else 0
        return f"{self._shard}.{overflow}" if overflow else str(self._shard)

    def note_full(self, row: Row) -> bool:
        """Note that the item of *row* takes no more; return False where there is no next one."""
        place = (row, self._shard)
        overflow = self._overflows.get(place, 0) + 1
        if overflow > MOST_OVERFLOWS:
            return False
        self._overflows[place] = overflow
        self._overflows.move_to_end(place)
        if len(self._overflows) > _MOST_ROWS:
            self._overflows.popitem(last=False)
        return True

    def ends_of(self, row: Row) -> SampleEnds | None:
        """Return what is known of the samples in the writer's shard of *row*, if anything."""
        return self._ends.get((row, self.of(row)))

    def note_ends(self, row: Row, ends: SampleEnds) -> None:
        """Note what is known of the samples in the writer's shard of *row*."""
        place = (row, self.of(row))
        self._ends[place] = ends
        self._ends.move_to_end(place)
        if len(self._ends) > _MOST_ROWS:
            self._ends.popitem(last=False)
