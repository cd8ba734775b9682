"""What compaction must have made of a day's rows: of each hour that is over, one item."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES

_OF_HOURS = re.compile(r"all|(client|project|models)#.+#\d{4}-\d\d-\d\d")
"""The partitions whose rows are compacted, or of which each row is a day."""


def uncompacted(store: Dynamo, today: str) -> Iterator[str]:
    """Yield what is left to do for a compactor, when all hours have long been over.

    Only the row over all of *today* waits, since that day is not over. A row of one item is what it
    counts, so that its sum needs no knowledge of half-done merges.
    """
    parts: Counter[tuple[str, str]] = Counter()
    for item in store.items(NAMES.rollups):
        partition, sort = item["pk"]["S"], item["sk"]["S"]
        row = (partition, sort.rpartition("#")[0])
        if _OF_HOURS.fullmatch(partition) is None or row == ("all", today):
            continue
        parts[row] += 1
        if "pending" in item:
            yield f"compaction of {row}: its last merge is not confirmed"
    for row, items in parts.items():
        if items > 1:
            yield f"compaction of {row}: it has {items} items, not one"
