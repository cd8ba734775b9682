"""Queries of an index that look at what they return, not at all of a partition.

ministack sorts a whole partition of an index at each Query, and tries the key condition on each of
its items. DynamoDB keeps an index in order. So this keeps the keys of each partition that was asked
for in order, and shows ministack's own Query only those that the request can return: it judges
and answers as before. What it can't read in a request, it leaves to ministack.
"""

import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Key = tuple[Any, ...]


class _Last:
    """Greater than any value of a key."""

    def __gt__(self, other: object) -> bool:
        return True

    def __lt__(self, other: object) -> bool:
        return False


_LAST = _Last()


class _Place(NamedTuple):
    """Where an item stands in an index, and its key in the table."""

    order: Key
    base: tuple[Any, Any]


@dataclass
class _Partitions:
    """The partitions of a table's indexes that were asked for, while its members stay the same."""

    members: Any
    ordered: dict[tuple[str, Any], list[_Place]] = field(default_factory=dict)


class _Range(NamedTuple):
    """The bounds of a request's sort key, and whether they are all that its condition says."""

    low: Key | None
    high: Key | None
    is_whole: bool


class OrderedIndexes:
    """Keeps the order, and wraps the three functions of ministack's DynamoDB that matter to it."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb
        self._partitions: dict[int, _Partitions] = {}
        self._lock = threading.RLock()
        self._asked = threading.local()

    def query(self, query: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return a Query that lets its request be seen where it looks for an index's members."""

        def answer(data: Any) -> Any:
            self._asked.request = data
            try:
                return query(data)
            finally:
                self._asked.request = None

        return answer

    def changed(self, change: Callable[..., None]) -> Callable[..., None]:
        """Return a change of an item's membership that changes the order, too."""

        def change_both(table: Any, pk: Any, sk: Any, item: Any, add: bool) -> None:  # noqa: FBT001
            change(table, pk, sk, item, add)
            with self._lock:
                self._change(table, (pk, sk), item, adds=add)

        return change_both

    def members(self, members_of: Callable[[Any], Any]) -> Callable[[Any], Any]:
        """Return the members of a table's indexes: while a Query asks, those that it can return."""

        def members(table: Any) -> Any:
            everything = members_of(table)
            request = getattr(self._asked, "request", None)
            if request is None:
                return everything
            with self._lock:
                found = self._found(table, everything, request)
            return everything if found is None else found

        return members

    def _found(self, table: Any, members: Any, request: Any) -> Any:
        """Return the members that a request can return, None where it can't be told."""
        name = request.get("IndexName")
        index = self._dynamodb._index_def(table, name)  # noqa: SLF001
        hashes, ranges = self._dynamodb._index_key_lists(index)  # noqa: SLF001
        conditions = self._conditions(request)
        if len(hashes) != 1 or len(ranges) > 1 or conditions is None or name not in members:
            return None
        equal = conditions.get(hashes[0])
        if equal is None or equal[0] != "EQ":
            return None
        partition = self._dynamodb._extract_key_val(equal[1][0])  # noqa: SLF001
        places = self._places(table, members, name, partition, ranges)
        bounds = self._bounds(table, ranges, conditions)
        return {name: {partition: self._some(table, ranges, places, bounds, request)}}

    def _places(
        self, table: Any, members: Any, name: str, partition: Any, ranges: Sequence[str]
    ) -> list[_Place]:
        known = self._partitions.get(id(table))
        if known is None or known.members is not members:
            known = self._partitions[id(table)] = _Partitions(members)
        places = known.ordered.get((name, partition))
        if places is None:
            items = table["items"]
            places = sorted(
                _Place(self._order(table, ranges, items[pk][sk]), (pk, sk))
                for pk, sk in members[name].get(partition, ())
                if sk in items.get(pk, ())
            )
            known.ordered[name, partition] = places
        return places

    def _some(
        self,
        table: Any,
        ranges: Sequence[str],
        places: list[_Place],
        bounds: _Range,
        request: Any,
    ) -> list[tuple[Any, Any]]:
        """Return the keys of a page's items, and of one more, in no order that anybody needs."""
        low = 0 if bounds.low is None else bisect_left(places, (bounds.low,))
        high = len(places) if bounds.high is None else bisect_left(places, (bounds.high,))
        forward = request.get("ScanIndexForward", True)
        if start := request.get("ExclusiveStartKey"):
            cursor = self._order(table, ranges, start)
            if forward:
                low = max(low, bisect_left(places, ((*cursor, _LAST),)))
            else:
                high = min(high, bisect_left(places, (cursor,)))
        limit = request.get("Limit")
        if limit is not None and bounds.is_whole:
            page = int(limit) + 1
            low, high = (low, min(high, low + page)) if forward else (max(low, high - page), high)
        return [place.base for place in places[low : max(low, high)]]

    def _change(self, table: Any, base: tuple[Any, Any], item: Any, *, adds: bool) -> None:
        known = self._partitions.get(id(table))
        members = table.get(self._dynamodb._INDEX_MEMBERS)  # noqa: SLF001
        if known is None or known.members is not members:
            return
        for name, hashes, ranges in self._dynamodb._index_key_schemas(table):  # noqa: SLF001
            partition = self._dynamodb._index_partition(item, hashes, ranges)  # noqa: SLF001
            places = None if partition is None else known.ordered.get((name, partition))
            if places is None:
                continue
            place = _Place(self._order(table, ranges, item), base)
            at = bisect_left(places, place)
            is_there = at < len(places) and places[at] == place
            if adds and not is_there:
                insort(places, place)
            elif not adds and is_there:
                del places[at]
            elif not adds:
                del known.ordered[name, partition]

    def _order(self, table: Any, ranges: Sequence[str], item: Any) -> Key:
        names = self._dynamodb._index_order_keys(table, ranges)  # noqa: SLF001
        value = self._dynamodb._index_order_value  # noqa: SLF001
        return tuple(value(item, name, kind) for name, kind in names)

    def _bounds(
        self, table: Any, ranges: Sequence[str], conditions: dict[str, tuple[str, list[Any]]]
    ) -> _Range:
        condition = conditions.get(ranges[0]) if ranges else None
        if condition is None:
            return _Range(None, None, is_whole=True)
        operator, values = condition
        [(name, kind), *_] = self._dynamodb._index_order_keys(table, ranges)  # noqa: SLF001
        value = self._dynamodb._index_order_value  # noqa: SLF001
        least = (value({name: values[0]}, name, kind),)
        most = (value({name: values[-1]}, name, kind), _LAST)
        low = {"GT": (*least, _LAST)}.get(operator, None if operator in {"LT", "LE"} else least)
        high = {"LT": least}.get(operator, most if operator in {"EQ", "LE", "BETWEEN"} else None)
        return _Range(low, high, is_whole=operator != "begins_with")

    def _conditions(self, request: Any) -> dict[str, tuple[str, list[Any]]] | None:
        """Return the operator and the values by attribute, None for a form that isn't known."""
        text = request.get("KeyConditionExpression")
        if not text:
            return None
        tokens = self._dynamodb._tokenize(text)  # noqa: SLF001
        found = {}
        for clause in self._dynamodb._key_condition_clauses(tokens):  # noqa: SLF001
            read = _read(clause, request)
            if read is None:
                return None
            found[read[0]] = read[1:]
        return found


def _read(clause: list[tuple[str, str]], request: Any) -> tuple[str, str, list[Any]] | None:
    """Return the attribute, the operator and the values of `a = :b`, BETWEEN or begins_with."""
    kinds = [kind for kind, _ in clause]
    names = list(_names(clause, request))
    values = [
        request["ExpressionAttributeValues"].get(text)
        for kind, text in clause
        if kind == "VALUE_REF"
    ]
    if len(names) != 1 or not values or None in values or clause[0][1] == "(":
        return None
    if len(clause) == 3 and kinds[2] == "VALUE_REF":  # noqa: PLR2004 - name, operator, value
        is_known = kinds[1] in {"EQ", "LT", "LE", "GT", "GE"}
        return (names[0], kinds[1], values) if is_known else None
    words = [text for _, text in clause]
    if len(words) == 5 and words[1].upper() == "BETWEEN":  # noqa: PLR2004 - name, words and values
        return names[0], "BETWEEN", values
    if words[0].lower() == "begins_with":
        return names[0], "begins_with", values
    return None


def _names(clause: list[tuple[str, str]], request: Any) -> Iterator[str]:
    for kind, text in clause:
        if kind == "NAME_REF":
            yield request["ExpressionAttributeNames"].get(text, text)
        elif kind == "IDENT" and text.upper() not in {"AND", "BETWEEN", "BEGINS_WITH"}:
            yield text
