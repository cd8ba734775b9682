"""Who makes room for own counters, and remembers which of them will not be kept.

Once a shard of a row holds as many own counters as are kept, no name after the last of these will
ever be kept in it (see `run_ledger.domain.state.own_counters`). A writer that knows the last one
adds later names to the other counter at once. So a producer that goes on inventing names costs no
further calls.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.state.own_counters import folded
from run_ledger.domain.state.rollups import Row
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.own_names import OF_ENTITIES, OF_ROWS, Room
from run_ledger.store.items.rollup_items import key_of_shard

from .compaction import Compacted, compact
from .postings import PendingGroup
from .transactions import FullRow

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_REMEMBERED = 10_000
_TRIES = 10


class RoomMaker:
    """Makes room in items through one client."""

    def __init__(self, client: DynamoDBClient, rollups: str, pause: Callable[[int], None]) -> None:
        """Write to the table *rollups* and those of entities; *pause* gets a count of its calls."""
        self._client = client
        self._rollups = rollups
        self._pause = pause
        self._last: OrderedDict[tuple[str, str], str] = OrderedDict()

    def bounded(self, row: Row, shard: str, counts: Mapping[str, int]) -> dict[str, int]:
        """Return *counts* with what a shard of *row* will not keep as one counter."""
        key = key_of_shard(row, shard)
        return folded(counts, last=self._last.get((key["pk"]["S"], key["sk"]["S"])))

    def make_room_in_row(self, full: FullRow) -> Compacted | None:
        """Make room in a shard of a row; return None where that is not possible for now."""
        compacted = self._make_room(self._rollups, full.key, OF_ROWS)
        if compacted is not None and compacted.held.last is not None:
            self._last[full.key["pk"]["S"], full.key["sk"]["S"]] = compacted.held.last
            if len(self._last) > _REMEMBERED:
                self._last.popitem(last=False)
        return compacted

    def make_room_in_entity(self, group: PendingGroup) -> Compacted | None:
        """Make room in the item of a job or project; return None where that isn't possible now."""
        entity = group.entity
        return self._make_room(entity.table, entity.key(group.entity_id), OF_ENTITIES)

    def _make_room(self, table: str, key: Item, room: Room) -> Compacted | None:
        tries = 0

        def again() -> bool:
            nonlocal tries
            tries += 1
            self._pause(tries)
            return tries < _TRIES

        try:
            return compact(self._client, table, key, room, again)
        except (ClientError, BotoCoreError) as error:
            if fault(error) in (Fault.PASSING, Fault.REFUSED):
                return None
            raise StoreUnavailable(str(error)) from error
