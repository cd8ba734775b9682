"""Queries on the stand-in of DynamoDB: a client that can read ranges of keys as well.

It understands the reader's requests: a key condition on a partition and perhaps on the sort key,
indexes, filters, limits, start keys, either direction. An answer ends after ``page_bytes``, as
DynamoDB's does after 1 MB. An index holds only the attributes that it projects, and an answer only
those that were asked for: a test that needs another attribute fails.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.sizing import rules
from tests.support.dynamo.stand_in import Answer, Call, Client, Dynamo, Place, Script
from tests.support.readers.ledgers import schemas

PAGE_BYTES = 1024 * 1024
_CONDITION = re.compile(
    r"(?P<hash>[#\w]+) = (?P<value>:\w+)"
    r"(?: AND (?:(?P<range>[#\w]+) (?:(?P<sign><=|>=|<|>|=) (?P<than>:\w+)"
    r"|BETWEEN (?P<low>:\w+) AND (?P<high>:\w+))"
    r"|begins_with\((?P<named>[#\w]+), (?P<begin>:\w+)\)))?"
)
_SIGNS: Mapping[str, Callable[[str, str], bool]] = {
    "<": str.__lt__,
    ">": str.__gt__,
    "<=": str.__le__,
    ">=": str.__ge__,
    "=": str.__eq__,
}
_NUMBER_SIGNS: Mapping[str, Callable[[int, int], bool]] = {"<": int.__lt__, ">=": int.__ge__}
_FILTER = re.compile(
    r"(?P<name>[#\w]+) = (?P<value>:\w+)"
    r"|(?P<one>[#\w]+) IN \((?P<several>[:\w, ]+)\)"
    r"|begins_with\((?P<text>[#\w]+), (?P<begin>:\w+)\)"
    r"|\((?P<end>[#\w]+) (?P<sign>=|<|>=) (?P<than>:\w+) OR attribute_not_exists\((?P=end)\)\)"
)
Item = Mapping[str, Any]


class KeyRange(NamedTuple):
    """Which rows a request asks for: a partition and the ends of its sort keys, None where open."""

    partition: str
    low: str | None
    high: str | None


def key_range(request: Mapping[str, Any]) -> KeyRange:
    """Return the range of keys that *request* asks for, whether it takes in its ends or not."""
    shown = _CONDITION.fullmatch(request["KeyConditionExpression"])
    assert shown, request["KeyConditionExpression"]
    values = request["ExpressionAttributeValues"]

    def value(placeholder: str | None) -> str | None:
        return values[placeholder]["S"] if placeholder else None

    low, high = value(shown["low"]), value(shown["high"])
    if shown["sign"] in ("<", "<="):
        high = value(shown["than"])
    elif shown["sign"]:
        low = value(shown["than"])
    return KeyRange(value(shown["value"]) or "", low, high)


class Querying(Client):
    """A client of the stand-in that has queries, too."""

    def __init__(
        self, store: Dynamo, script: Script | None = None, page_bytes: int = PAGE_BYTES
    ) -> None:
        """Make a client of *store* whose answers hold so many bytes."""
        super().__init__(store, script)
        self.page_bytes = page_bytes
        self.indexed: list[Item] | None = None
        """What indexes were made of, where they are late; None where they are not."""
        self._seen = 0
        self._places: defaultdict[tuple[str, str], list[Place]] = defaultdict(list)
        self._indexes: dict[tuple[str, str], tuple[int, defaultdict[str, list[Item]]]] = {}

    def query(self, **request: Any) -> Answer:
        """Return the items of a range of keys."""
        schema = schemas()[request["TableName"]]
        names = schema.indexes[request["IndexName"]] if "IndexName" in request else schema.key
        in_range = _in_range(request, names)
        keys = tuple(dict.fromkeys((names[-1], *schema.key, *names)))
        matches = _filtered(request, names)
        found = [item for item in self._rows(request, names[0]) if in_range(item)]
        found.sort(key=lambda item: _key(item, keys))
        is_upward = request.get("ScanIndexForward", True)
        if not is_upward:
            found.reverse()
        if "ExclusiveStartKey" in request:
            at = _key(request["ExclusiveStartKey"], keys)
            beyond: Callable[..., bool] = tuple.__gt__ if is_upward else tuple.__lt__
            found = [item for item in found if beyond(_key(item, keys), at)]
        taken = self._page(found, request.get("Limit"))
        answer: Answer = {"Items": [_projected(item, request) for item in taken if matches(item)]}
        answer |= {"Count": len(answer["Items"]), "ScannedCount": len(taken)}
        if taken and (len(taken) < len(found) or len(taken) == request.get("Limit")):
            answer["LastEvaluatedKey"] = {name: taken[-1][name] for name in sorted(keys)}
        return answer

    def _rows(self, request: Mapping[str, Any], hash_name: str) -> Sequence[Item]:
        """Return the items of the partition that is asked for, of the table or of an index."""
        partition = key_range(request).partition
        if "IndexName" not in request:
            return self._partition(request["TableName"], partition)
        return self._entries(request["TableName"], request["IndexName"], hash_name)[partition]

    def _partition(self, table: str, partition: str) -> list[Item]:
        """Return a partition's items. Keys never go, so that only new ones are to be looked for."""
        with self._store._lock:
            versions = self._store._versions
            if len(versions) < self._seen:
                self._seen = 0
                self._places.clear()
            for place in islice(versions, self._seen, None):
                self._places[place[0], place[1][0]].append(place)
            self._seen = len(versions)
            latest = (versions[place][-1] for place in self._places[table, partition])
            return [item for item in latest if item is not None]

    def _entries(self, table: str, name: str, hash_name: str) -> dict[str, list[Item]]:
        """Return an index's entries by partition, made anew when anything has changed."""
        commits, entries = self._indexes.get((table, name), (-1, defaultdict(list)))
        if commits == self._store.commits and self.indexed is None:
            return entries
        (index,) = (one for one in rules()[table].indexes if one.name == name)
        with self._store._lock:
            commits, entries = self._store.commits, defaultdict(list)
            items: Sequence[Item] = (
                self._store.items(table) if self.indexed is None else self.indexed
            )
        for entry in map(index.entry, items):
            if entry is not None:
                entries[entry[hash_name]["S"]].append(entry)
        self._indexes[table, name] = commits, entries
        return entries

    def _page(self, found: list[Any], limit: int | None) -> list[Any]:
        """Return as many items as one answer holds, and at least one."""
        taken: list[Any] = []
        size = 0
        for item in found[:limit]:
            size += item_bytes(item)
            taken.append(item)
            if size >= self.page_bytes:
                break
        return taken


class _QueryCall(Call):
    """A query of a `ScriptedQuerying`, before it is answered."""

    def __init__(self, querying: Querying, store: Dynamo, request: dict[str, Any]) -> None:
        super().__init__(store, "Query", request)
        self._querying = querying

    def perform(self, **changes: Any) -> Answer:
        return Querying.query(self._querying, **self.request | changes)


class ScriptedQuerying(Querying):
    """As `Querying`, but that queries, too, go through the script."""

    def query(self, **request: Any) -> Answer:
        """Return the items of a range of keys, or what the script makes of it."""
        call = _QueryCall(self, self._store, request)
        fault = self._script(call) if self._script else None
        return fault(call) if fault else call.perform()


def _in_range(request: Mapping[str, Any], names: tuple[str, ...]) -> Callable[[Item], bool]:
    shown = _CONDITION.fullmatch(request["KeyConditionExpression"])
    assert shown, request["KeyConditionExpression"]
    given = request.get("ExpressionAttributeNames", {})
    values = {
        name: value.get("S", "") for name, value in request["ExpressionAttributeValues"].items()
    }

    def name(group: str) -> str:
        return str(given.get(shown[group], shown[group]))

    assert name("hash") == names[0]
    partition = values[shown["value"]]
    holds: Callable[[str], bool] = lambda _: True  # noqa: E731 - the others are told apart below
    if shown["begin"]:
        assert name("named") == names[1]
        holds = lambda text: text.startswith(values[shown["begin"]])  # noqa: E731
    elif shown["range"]:
        assert name("range") == names[1]
        if shown["low"]:
            low, high = values[shown["low"]], values[shown["high"]]
            assert low <= high, "DynamoDB refuses a range that ends before it begins"
            holds = lambda text: low <= text <= high  # noqa: E731
        else:
            than = values[shown["than"]]
            holds = lambda text: _SIGNS[shown["sign"]](text, than)  # noqa: E731
    return lambda item: (
        item.get(names[0], {}).get("S") == partition
        and names[1] in item
        and holds(item[names[1]]["S"])
    )


def _filtered(request: Mapping[str, Any], names: tuple[str, ...]) -> Callable[[Item], bool]:
    """Return the request's filter, which may name anything but the key that is queried."""
    values = request["ExpressionAttributeValues"]
    given = request.get("ExpressionAttributeNames", {})
    tests: list[tuple[str, Callable[[str], bool]]] = []
    ends: list[tuple[str, Callable[[Any], bool]]] = []
    for clause in request.get("FilterExpression", "").split(" AND "):
        shown = _FILTER.fullmatch(clause)
        assert shown or not clause, clause
        if not shown:
            continue
        named = shown["name"] or shown["one"] or shown["end"] or shown["text"]
        name = given.get(named, named)
        if shown["name"]:
            tests.append((name, {values[shown["value"]]["S"]}.__contains__))
        elif shown["one"]:
            wanted = {values[value.strip()]["S"] for value in shown["several"].split(",")}
            tests.append((name, wanted.__contains__))
        elif shown["end"]:
            ends.append((name, partial(_compares, shown["sign"], values[shown["than"]])))
        else:
            tests.append((name, partial(_begins_with, values[shown["begin"]]["S"])))
    assert not {name for name, _ in tests} & set(names), "DynamoDB refuses a filter on the key"
    return lambda item: (
        all(name in item and holds(item[name]["S"]) for name, holds in tests)
        and all(name not in item or holds(item[name]) for name, holds in ends)
    )


def _compares(sign: str, than: Any, value: Any) -> bool:
    if "N" in than:
        assert "N" in value, "an attribute has one type"
        return bool(_NUMBER_SIGNS[sign](int(value["N"]), int(than["N"])))
    return _SIGNS[sign](value["S"], than["S"])


def _begins_with(begin: str, text: str) -> bool:
    return text.startswith(begin)


def _key(item: Item, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(item[name]["S"] for name in names)


def _projected(item: Item, request: Mapping[str, Any]) -> dict[str, Any]:
    named = request.get("ProjectionExpression")
    if named is None:
        return dict(item)
    given = request.get("ExpressionAttributeNames", {})
    wanted = [given.get(name.strip(), name.strip()) for name in named.split(",")]
    return {name: item[name] for name in wanted if name in item}
