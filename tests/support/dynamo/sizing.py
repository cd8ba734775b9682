"""What writes cost in DynamoDB's write units, by the rules that AWS documents.

- An item's size is that of its attribute names and values ("DynamoDB item sizes and formats" in the
  developer guide; `item_bytes` counts it).
- A write costs a unit for each started KB of the item, the larger of before and after; within a
  transaction two ("Read and write capacity mode", "Managing complex workflows with transactions").
- A global index costs nothing where its entry stays as it is, one write where an entry comes, goes
  or changes, two where its key changes: one to delete, one to put ("Using global secondary indexes
  in DynamoDB", on provisioned throughput). Index writes follow later, so a transaction does not
  double them.

`Meter` is a script for clients of the stand-in (see `tests.support.dynamo.stand_in`) that adds up
what their calls cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.stand_in import Answer, Call, Fault
from tests.support.dynamo.tables import NAMES
from tests.support.stacks import templates

KB = 1024
# DynamoDB counts so much more for each item that it stores ("DynamoDB pricing", on data storage).
STORED_BYTES_MORE = 100
READ_BLOCK = 4 * KB

Item = Mapping[str, Any]


@dataclass(frozen=True)
class Index:
    """A global index: its keys, and which other attributes it holds."""

    name: str
    keys: tuple[str, ...]
    attributes: frozenset[str] | None
    """None where it shows everything."""

    def entry(self, item: Item | None) -> dict[str, Any] | None:
        """Return the entry of *item*, None where it has none."""
        if item is None or any(key not in item for key in self.keys):
            return None
        if self.attributes is None:
            return dict(item)
        return {name: value for name, value in item.items() if name in self.attributes}

    def write_units(self, before: Item | None, after: Item | None) -> int:
        """Return the write units of a change from item *before* to item *after*."""
        old, new = self.entry(before), self.entry(after)
        if old == new:
            return 0
        if old is None or new is None:
            return started_kb(old or new or {})
        if any(old[key] != new[key] for key in self.keys):
            return started_kb(old) + started_kb(new)
        return max(started_kb(old), started_kb(new))


@dataclass(frozen=True)
class TableRules:
    """What decides the cost of a table's writes."""

    key: tuple[str, ...]
    indexes: tuple[Index, ...]


@cache
def rules() -> dict[str, TableRules]:
    """Return the rules of the template's tables, by their names in tests."""
    resources = templates.source()["Resources"]
    return {
        name: _rules(resources[f"{kind.capitalize()}Table"]["Properties"])
        for kind, name in NAMES._asdict().items()
    }


def started_kb(item: Item) -> int:
    """Return the write units of an item of this size."""
    return max(1, -(-item_bytes(dict(item)) // KB))


def stored_bytes(items: Iterable[Item]) -> int:
    """Return what *items* take together, as DynamoDB counts what it stores."""
    return sum(item_bytes(dict(item)) + STORED_BYTES_MORE for item in items)


def table_units(before: Item | None, after: Item | None, *, transactional: bool) -> int:
    """Return what a write costs on the table itself."""
    units = max(started_kb(before or {}), started_kb(after or {}))
    return 2 * units if transactional else units


@dataclass
class Meter:
    """Adds up calls, and write units by table (`jobs`) or index (`jobs/INDEX`)."""

    calls: int = 0
    write_units: Counter[str] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)
    units_of_item: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Write units on the table, by table and partition key."""

    def script(self, call: Call) -> Fault:
        """Let every call be measured: a client's script."""
        self.calls += 1
        return self._measure

    def _measure(self, call: Call) -> Answer:
        if call.operation in ("GetItem", "BatchGetItem"):
            answer = call.perform()
            self._add_reads(call, answer)
            return answer
        if call.operation == "Query":
            answer = call.perform()
            size = sum(item_bytes(item) for item in answer["Items"])
            self.read_units[call.request["TableName"]] += max(1, -(-size // READ_BLOCK))
            return answer
        places = list(_places(call))
        before = [_item(call, *place) for place in places]
        answer = call.perform()
        for place, old in zip(places, before, strict=True):
            self._add_write(call, place, old)
        return answer

    def _add_write(self, call: Call, place: tuple[str, Any], old: Item | None) -> None:
        table, key = place
        new = _item(call, table, key)
        units = table_units(old, new, transactional=call.operation == "TransactWriteItems")
        self.write_units[table] += units
        self.units_of_item[table, key[rules()[table].key[0]]["S"]] += units
        for index in rules()[table].indexes:
            self.write_units[f"{table}/{index.name}"] += index.write_units(old, new)

    def _add_reads(self, call: Call, answer: Answer) -> None:
        """Add consistent reads: a unit for each started 4 KB, one for an item that is not there."""
        wanted = call.request.get("RequestItems") or {
            call.request["TableName"]: {"Keys": [call.request["Key"]]}
        }
        found = answer.get("Responses") or {call.request.get("TableName"): [answer.get("Item", {})]}
        for table, request in wanted.items():
            items = found.get(table, [])
            units = sum(max(1, -(-item_bytes(item) // READ_BLOCK)) for item in items)
            self.read_units[table] += units + len(request["Keys"]) - len(items)


def _places(call: Call) -> Iterator[tuple[str, Any]]:
    """Yield the table and key of each item that *call* writes."""
    if call.operation == "BatchWriteItem":
        for table, puts in call.request["RequestItems"].items():
            for put in puts:
                item = put["PutRequest"]["Item"]
                yield table, {name: item[name] for name in rules()[table].key}
        return
    actions = call.request.get("TransactItems") or [{"": call.request}]
    for action in actions:
        ((_, request),) = action.items()
        table = request["TableName"]
        whole = request.get("Key") or request["Item"]
        yield table, {name: whole[name] for name in rules()[table].key}


def _item(call: Call, table: str, key: Any) -> Item | None:
    request = {"TableName": table, "Key": key, "ConsistentRead": True}
    item: Item | None = call.store.perform("GetItem", request).get("Item")
    return item


def _rules(properties: Mapping[str, Any]) -> TableRules:
    key = _key(properties)
    return TableRules(
        key, tuple(_index(key, one) for one in properties.get("GlobalSecondaryIndexes", ()))
    )


def _index(table_key: tuple[str, ...], properties: Mapping[str, Any]) -> Index:
    keys, projection = _key(properties), properties["Projection"]
    shown = frozenset((*table_key, *keys, *projection.get("NonKeyAttributes", ())))
    is_whole = projection["ProjectionType"] == "ALL"
    return Index(properties["IndexName"], keys, None if is_whole else shown)


def _key(properties: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in properties["KeySchema"])
