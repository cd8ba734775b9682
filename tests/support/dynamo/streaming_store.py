"""The stand-in of DynamoDB for long replays: fast, with the stream of a table.

It keeps only what is, finds partitions and index entries without looking at all items, can delete,
and tells of each call that changed anything. What it does to an item is what `Dynamo` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.support.dynamo.expressions import Expressions
from tests.support.dynamo.querying import ScriptedQuerying, key_range
from tests.support.dynamo.sizing import Index, rules
from tests.support.dynamo.stand_in import Answer, Dynamo, Key, Write, client_error
from tests.support.readers.ledgers import schemas

Item = Mapping[str, Any]
Told = Callable[[Sequence[Write]], None]
"""Hears of the writes that one call has committed, in their order."""


class _IndexEntries:
    """The entries of one index, brought up to date when they are asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.changed: dict[Key, Item | None] = {}
        self._entries: dict[str, dict[Key, Item]] = {}
        self._partition_of: dict[Key, str] = {}

    def of(self, partition: str) -> list[Item]:
        """Return the entries of a partition."""
        for key, item in self.changed.items():
            before = self._partition_of.pop(key, None)
            if before is not None:
                del self._entries[before][key]
            entry = self._index.entry(item)
            if entry is not None:
                after = entry[self._index.keys[0]]["S"]
                self._entries.setdefault(after, {})[key] = entry
                self._partition_of[key] = after
        self.changed.clear()
        return list(self._entries.get(partition, {}).values())


class StreamingDynamo(Dynamo):
    """The tables of a stage, for one thread and without lag."""

    def __init__(self, told: Told = lambda _: None) -> None:
        """Begin with empty tables, and tell *told* of what each call commits."""
        super().__init__(schemas())
        self.told = told
        self._partitions: dict[tuple[str, str], dict[Key, None]] = {}
        self._indexes = {
            table: {one.name: _IndexEntries(one) for one in of_table.indexes}
            for table, of_table in rules().items()
        }

    def perform(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """Do what *request* asks for, deletions too."""
        if operation == "DeleteItem":
            with self._lock:
                return self._delete(request)
        return super().perform(operation, request)

    def partition(self, table: str, partition: str) -> list[Item]:
        """Return the items of a table's partition."""
        keys = self._partitions.get((table, partition), {})
        found = (self._versions[table, key][-1] for key in keys)
        return [item for item in found if item is not None]

    def entries(self, table: str, index: str, partition: str) -> list[Item]:
        """Return the entries of a partition of an index."""
        return self._indexes[table][index].of(partition)

    def _commit(self, writes: Sequence[Write]) -> None:
        done = [write for write in writes if write.new is not None]
        for write in done:
            table, key = write.table, write.key
            if (table, key) not in self._versions:
                self._partitions.setdefault((table, key[0]), {})[key] = None
            self._versions[table, key] = [write.new]
            for index in self._indexes[table].values():
                index.changed[key] = write.new
        self.commits += 1
        self.told(done)

    def _delete(self, request: Mapping[str, Any]) -> Answer:
        write = self._begin(request, request["Key"], Expressions(request))
        if write.code != "None":
            raise client_error("ConditionalCheckFailedException", write.message, "DeleteItem")
        self._forget(write.table, write.key)
        return {}

    def _forget(self, table: str, key: Key) -> None:
        if self._versions.pop((table, key), None) is None:
            return
        del self._partitions[table, key[0]][key]
        for index in self._indexes[table].values():
            index.changed[key] = None
        self.commits += 1


class StreamingClient(ScriptedQuerying):
    """A client of a `StreamingDynamo`, each of whose calls goes through the script."""

    _store: StreamingDynamo

    def delete_item(self, **request: Any) -> Answer:
        """Delete one item, whether it is there or not, if its condition holds."""
        return self._call("DeleteItem", request)

    def _rows(self, request: Mapping[str, Any], hash_name: str) -> Sequence[Item]:
        del hash_name
        table, partition = request["TableName"], key_range(request).partition
        if "IndexName" in request:
            return self._store.entries(table, request["IndexName"], partition)
        return self._store.partition(table, partition)
