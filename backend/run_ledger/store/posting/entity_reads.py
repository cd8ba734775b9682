"""Reading the jobs and projects of a batch, without anybody's waiting for another's item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.attributes import UNREADABLE, Item
from run_ledger.store.dynamo.batches import KeysLeftOut, portions, read_items
from run_ledger.store.dynamo.faults import Fault, code_of, fault, is_throttle

from .postings import PendingGroup
from .room_makers import RoomMaker
from .waits import Waits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class Loader:
    """Reads through one client; what can't be read for now waits by its own key."""

    def __init__(self, client: DynamoDBClient, rooms: RoomMaker, waits: Waits) -> None:
        """Read with *client*; *rooms* makes room where an item has none, *waits* is told."""
        self._client = client
        self._rooms = rooms
        self._waits = waits

    def load(self, groups: Sequence[PendingGroup]) -> int:
        """Read the entity of each group into it, if it can be read; return the number of calls.

        Raises StoreUnavailable where no later call can succeed.
        """
        some_at_a_time = portions(groups)
        for some in some_at_a_time:
            is_throttled = True
            try:
                _read(self._client, some)
                self._make_room([group for group in some if group.is_crowded])
            except (ClientError, BotoCoreError) as error:
                if fault(error) is not Fault.PASSING:
                    raise StoreUnavailable(str(error)) from error
                # Only of a single key it is known that it is this one which is throttled.
                is_throttled = is_throttle(code_of(error)) and len(some) == 1
            self._waits.note_success(group.reading for group in some if group.is_loaded)
            unread = [one.reading for one in some if not one.is_loaded and one.unreadable is None]
            self._waits.note_failure(unread, is_throttled=is_throttled)
        return len(some_at_a_time)

    def _make_room(self, groups: Sequence[PendingGroup]) -> None:
        """Make room for own counters in the entities of *groups*, and read them again.

        Where that is not possible for now, the entity counts as not read: a posting to it might be
        refused again and again, with all that share its transaction.
        """
        roomy = [one for one in groups if self._rooms.make_room_in_entity(one) is not None]
        for group in groups:
            group.forget()
        if roomy:
            _read(self._client, roomy)


def _read(client: DynamoDBClient, groups: Sequence[PendingGroup]) -> None:
    """Read each group's entity into the group, except entities that DynamoDB leaves out.

    Reads are strongly consistent: a posting requires the revision read here, and an old one would
    only cost a transaction that is cancelled. What is left out is not waited for here, so that
    nobody waits for it but its own group. *groups* are as many as one call takes.
    """
    wanted: dict[str, list[Item]] = {}
    for group in groups:
        wanted.setdefault(group.entity.table, []).append(group.entity.key(group.entity_id))
    try:
        found = read_items(client, wanted, seconds=0)
        left_out: Mapping[str, Sequence[Item]] = {}
    except KeysLeftOut as error:
        found, left_out = error.found, error.keys
    key_names = {group.entity.table: group.entity.key_name for group in groups}

    def by_key(places: Mapping[str, Sequence[Item]]) -> dict[tuple[str, str], Item]:
        return {
            (table, item[key_names[table]]["S"]): item
            for table, items in places.items()
            for item in items
        }

    stored, missing = by_key(found), by_key(left_out)
    for group in groups:
        place = (group.entity.table, group.entity_id)
        if place not in missing:
            item = stored.get(place)
            try:
                group.memory.stored = group.entity.load(item) if item is not None else None
            except UNREADABLE as error:
                group.note_unreadable(error)
            else:
                group.is_loaded = True
