"""Items from before own counters were bounded: makes room in those that hold too many.

Such an item reads as any other, as whoever reads folds what is beyond the bound. But it may be so
large that it takes no more, and that few of its kind fill an answer.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from run_ledger.domain.state.own_counters import own_attributes
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.own_names import OF_ENTITIES, OF_ROWS, Room
from run_ledger.store.posting.compaction import compact

_TRIES = 20
_LONGEST_PAUSE_SECONDS = 0.1


def make_room(reading: Reading, *, pause: Callable[[float], None] = time.sleep) -> Iterator[int]:
    """Make room in all items that hold more own counters than are kept.

    Yields after each page of a table how many items of it were changed.
    """
    tables = reading.tables
    for table, keys, room in (
        (tables.jobs, ("job_id",), OF_ENTITIES),
        (tables.projects, ("project_id",), OF_ENTITIES),
        (tables.rollups, ("pk", "sk"), OF_ROWS),
    ):
        yield from _make_room_in(reading, table, keys, room, pause)


def _make_room_in(
    reading: Reading,
    table: str,
    keys: tuple[str, ...],
    room: Room,
    pause: Callable[[float], None],
) -> Iterator[int]:
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer: Any = reading.client.scan(**request)
        crowded = [
            {name: item[name] for name in keys}
            for item in answer["Items"]
            if len(own_attributes(item)) > room.kept
        ]
        yield sum(_compact(reading, table, key, room, pause) for key in crowded)
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _compact(
    reading: Reading, table: str, key: Item, room: Room, pause: Callable[[float], None]
) -> bool:
    tries = iter(range(_TRIES))

    def again() -> bool:
        pause(random.uniform(0, _LONGEST_PAUSE_SECONDS))  # noqa: S311 - no secret
        return next(tries, None) is not None

    return compact(reading.client, table, key, room, again).moved > 0
