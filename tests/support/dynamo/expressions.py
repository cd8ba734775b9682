"""The part of DynamoDB's expression language that the ledger uses, parsed and evaluated.

Conditions are comparisons (``= <> < <= > >=``) of a path or its ``size``, ``attribute_exists`` and
``attribute_not_exists`` joined by ``AND``; in parentheses, by ``OR``. Updates are
``SET path = :value``, ``SET path = if_not_exists(path, :value)`` of the same path,
``REMOVE path``, ``ADD name :number``, and ``ADD`` and ``DELETE`` of a set of strings. Paths may
lead into maps. Anything else raises `InvalidExpression`. So does a placeholder that is not defined,
or one that is not used, since DynamoDB refuses both.
"""

from __future__ import annotations

import operator
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Path = tuple[str, ...]

MAX_EXPRESSION_BYTES = 4096
_MAX_OPERATORS = 300
_TOKEN = re.compile(r"\s*(?:(?P<token>[#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),.])|(?P<other>\S))")
_PLACEHOLDER = re.compile(r"[#:][A-Za-z0-9_]+")
_NUMBERS = Context(prec=38, Emax=125, Emin=-130, traps=[Inexact, InvalidOperation, Overflow])
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class InvalidExpression(Exception):
    """An expression that DynamoDB refuses with a ValidationException for any item."""


class InvalidUpdate(Exception):
    """An update that can't be applied to the item as it is."""


def plain(value: Value) -> Any:
    """Return a comparable form of *value*: two are equal if DynamoDB takes them as equal."""
    ((kind, content),) = value.items()
    if kind == "N":
        return kind, Decimal(content)
    if kind == "B":
        return kind, bytes(content)
    if kind == "SS":
        return kind, frozenset(content)
    if kind == "L":
        return kind, tuple(plain(member) for member in content)
    if kind == "M":
        return kind, frozenset((name, plain(member)) for name, member in content.items())
    return kind, content


def number(text: str) -> str:
    """Return the number in *text* as DynamoDB returns it.

    Raises InvalidUpdate if DynamoDB can't hold it.
    """
    try:
        return f"{_NUMBERS.create_decimal(text).normalize(_NUMBERS):f}"
    except DecimalException as error:
        raise InvalidUpdate(f"no number of 38 digits: {text}") from error


class Expressions:
    """The names and values that the expressions of one request share."""

    def __init__(self, request: Mapping[str, Any]) -> None:
        """Parse what *request* says; InvalidExpression where DynamoDB would refuse it."""
        self._names: Mapping[str, str] = request.get("ExpressionAttributeNames", {})
        self._values: Mapping[str, Value] = request.get("ExpressionAttributeValues", {})
        texts = [request.get("ConditionExpression"), request.get("UpdateExpression")]
        self._refuse_unused(" ".join(text for text in texts if text is not None))
        condition, update = texts
        self.condition = _Parser(condition, self._name, self._value).condition()
        self.update = _Parser(update, self._name, self._value).update()

    def _refuse_unused(self, text: str) -> None:
        unused = {*self._names, *self._values} - set(_PLACEHOLDER.findall(text))
        if unused:
            raise InvalidExpression(f"unused in expressions: {sorted(unused)}")

    def _name(self, token: str) -> str:
        if not token.startswith("#"):
            return token
        if token not in self._names:
            raise InvalidExpression(f"name {token} is not defined")
        return self._names[token]

    def _value(self, token: str) -> Value:
        if token not in self._values:
            raise InvalidExpression(f"value {token} is not defined")
        return self._values[token]


Condition = Callable[[Item], bool]


class Update:
    """A parsed update expression."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self.sets: list[tuple[Path, Value]] = []
        self.defaults: list[tuple[Path, Value]] = []
        self.removes: list[Path] = []
        self.adds: list[tuple[Path, Value]] = []
        self.deletes: list[tuple[Path, Value]] = []

    @property
    def paths(self) -> list[Path]:
        """Return what the update writes to."""
        valued = (*self.sets, *self.defaults, *self.adds, *self.deletes)
        return [*(path for path, _ in valued), *self.removes]

    def apply(self, item: Item) -> None:
        """Change *item* in place; raises InvalidUpdate if its attributes have the wrong types."""
        for path, value in self.sets:
            _inside(item, path)[path[-1]] = value
        for path, value in self.defaults:
            _inside(item, path).setdefault(path[-1], value)
        for path in self.removes:
            _inside(item, path).pop(path[-1], None)
        for path, value in self.adds:
            where = _inside(item, path)
            if "SS" in value:
                members = {*where.get(path[-1], {"SS": []})["SS"], *value["SS"]}
                where[path[-1]] = {"SS": sorted(members)}
                continue
            known = where.get(path[-1], {"N": "0"})
            if "N" not in known or "N" not in value:
                raise InvalidUpdate("an operand in the update expression is no number")
            where[path[-1]] = {"N": _sum(known["N"], value["N"])}
        for path, value in self.deletes:
            where = _inside(item, path)
            left = {*where.pop(path[-1], {"SS": []})["SS"]} - {*value["SS"]}
            # A set is never empty.
            where |= {path[-1]: {"SS": sorted(left)}} if left else {}


def _sum(one: str, other: str) -> str:
    try:
        return number(str(_NUMBERS.add(Decimal(one), Decimal(other))))
    except DecimalException as error:
        raise InvalidUpdate("a sum of more than 38 digits") from error


def _inside(item: Item, path: Path) -> Item:
    """Return the map that the last part of *path* names a member of."""
    where = item
    for name in path[:-1]:
        inner = where.get(name, {}).get("M")
        if inner is None:
            raise InvalidUpdate(f"the document path {path} is invalid for update")
        where = inner
    return where


def _at(item: Item, path: Path) -> Value | None:
    where: Any = {"M": item}
    for name in path:
        where = where.get("M", {}).get(name)
        if where is None:
            return None
    return dict(where)


def _size_at(item: Item, path: Path) -> Value | None:
    """Return the number of members of the set at *path*; the stand-in knows no other sizes."""
    known = _at(item, path)
    return None if known is None else {"N": str(len(known["SS"]))}


def _compare(known: Value | None, sign: str, given: Value) -> bool:
    if sign == "<>":
        return known is None or plain(known) != plain(given)
    if known is None:
        return False
    (kind, one), (other_kind, other) = plain(known), plain(given)
    if sign == "=":
        return bool(kind == other_kind and one == other)
    if kind != other_kind or kind not in "SNB":
        return False
    if kind == "S":  # strings are ordered by their UTF-8
        one, other = one.encode(), other.encode()
    return _COMPARISONS[sign](one, other)


class _Parser:
    """A recursive descent over the tokens of one expression."""

    def __init__(
        self,
        text: str | None,
        name: Callable[[str], str],
        value: Callable[[str], Value],
    ) -> None:
        self._absent = text is None
        self._tokens = deque(_tokens(text)) if text is not None else deque()
        self._name = name
        self._value = value

    def condition(self) -> Condition:
        if self._absent:
            return lambda _: True
        terms = [self._term()]
        while self._tokens:
            self._expect("AND")
            terms.append(self._term())
        return lambda item: all(term(item) for term in terms)

    def update(self) -> Update:
        update = Update()
        seen: set[str] = set()
        while self._tokens:
            word = self._take()
            if word in seen or word not in {"SET", "REMOVE", "ADD", "DELETE"}:
                raise InvalidExpression(f"syntax error at {word!r}")
            seen.add(word)
            self._clause(word, update)
            while self._tokens and self._tokens[0] == ",":
                self._take()
                self._clause(word, update)
        if not self._absent and not seen:
            raise InvalidExpression("the expression is empty")
        _refuse_overlap(update.paths)
        return update

    def _term(self) -> Condition:
        if self._tokens and self._tokens[0] == "(":
            return self._alternatives()
        if self._tokens and self._tokens[0] in {"attribute_exists", "attribute_not_exists"}:
            wanted = self._take() == "attribute_exists"
            self._expect("(")
            path = self._path()
            self._expect(")")
            return lambda item: (_at(item, path) is not None) == wanted
        sizing = bool(self._tokens) and self._tokens[0] == "size"
        if sizing:
            self._take()
            self._expect("(")
        path = self._path()
        if sizing:
            self._expect(")")
        sign = self._take()
        if sign not in {"=", "<>", *_COMPARISONS}:
            raise InvalidExpression(f"syntax error at {sign!r}")
        given = self._value(self._take())
        read = _size_at if sizing else _at
        return lambda item: _compare(read(item, path), sign, given)

    def _alternatives(self) -> Condition:
        self._expect("(")
        terms = [self._term()]
        while self._tokens and self._tokens[0] == "OR":
            self._take()
            terms.append(self._term())
        self._expect(")")
        return lambda item: any(term(item) for term in terms)

    def _clause(self, word: str, update: Update) -> None:
        path = self._path()
        if word == "REMOVE":
            update.removes.append(path)
        elif word in {"ADD", "DELETE"}:
            value = self._value(self._take())
            if not value.get("SS", "is no set") or (word == "DELETE" and "SS" not in value):
                raise InvalidExpression(f"{word} takes a set that is not empty")
            (update.adds if word == "ADD" else update.deletes).append((path, value))
        else:
            self._expect("=")
            if self._tokens and self._tokens[0] == "if_not_exists":
                update.defaults.append((path, self._default(path)))
            else:
                update.sets.append((path, self._value(self._take())))

    def _default(self, path: Path) -> Value:
        self._take()
        self._expect("(")
        if self._path() != path:
            raise InvalidExpression("the stand-in knows no default from another path")
        self._expect(",")
        value = self._value(self._take())
        self._expect(")")
        return value

    def _path(self) -> Path:
        parts = [self._name(self._take())]
        while self._tokens and self._tokens[0] == ".":
            self._take()
            parts.append(self._name(self._take()))
        return tuple(parts)

    def _take(self) -> str:
        if not self._tokens:
            raise InvalidExpression("the expression ends too early")
        return self._tokens.popleft()

    def _expect(self, token: str) -> None:
        found = self._take()
        if found != token:
            raise InvalidExpression(f"syntax error at {found!r}, {token!r} expected")


def _tokens(text: str) -> Iterator[str]:
    if len(text.encode()) > MAX_EXPRESSION_BYTES:
        raise InvalidExpression(f"expression size has exceeded {MAX_EXPRESSION_BYTES} bytes")
    operators = 0
    for match in _TOKEN.finditer(text):
        token = match["token"]
        if token is None:
            raise InvalidExpression(f"syntax error at {match['other']!r}")
        operators += token in {"=", "<>", "AND", "OR", *_COMPARISONS}
        yield token
    if operators > _MAX_OPERATORS:
        raise InvalidExpression(f"more than {_MAX_OPERATORS} operators")


def _refuse_overlap(paths: list[Path]) -> None:
    whole = set(paths)
    parts = {path[:length] for path in paths for length in range(1, len(path))}
    if len(whole) < len(paths) or whole & parts:
        raise InvalidExpression("two document paths overlap with each other")


def copied(item: Item) -> Item:
    """Return *item* as DynamoDB gives it back; it shares nothing with the one given."""
    return {name: _kept(value) for name, value in item.items()}


def _kept(value: Value) -> Value:
    ((kind, content),) = value.items()
    if kind == "N":
        return {"N": number(content)}
    if kind == "M":
        return {"M": copied(content)}
    if kind == "L":
        return {"L": [_kept(member) for member in content]}
    if kind == "SS":
        return {"SS": sorted(content)}
    if kind not in {"S", "B", "BOOL", "NULL"}:
        raise InvalidExpression(f"no such type here: {kind}")
    return value


def key_range_of(
    request: Mapping[str, Any], names: tuple[str, ...]
) -> Callable[[tuple[str, ...]], bool]:
    """Return whether a key lies in the range of sort keys that a query asks for."""
    given = request["ExpressionAttributeNames"]
    assert (given["#0"], given["#1"]) == names
    values = request["ExpressionAttributeValues"]
    partition, *ends = (values[f":{number}"]["S"] for number in range(len(values)))
    condition = request["KeyConditionExpression"]
    if condition == "#0 = :0 AND #1 < :1":
        return lambda key: key[0] == partition and key[1] < ends[0]
    assert condition == "#0 = :0 AND #1 BETWEEN :1 AND :2"
    return lambda key: key[0] == partition and ends[0] <= key[1] <= ends[1]
