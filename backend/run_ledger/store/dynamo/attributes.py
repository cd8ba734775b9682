"""Conversion of plain values to DynamoDB's AttributeValue and back; integers stay exact."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Attribute = dict[str, Any]
Item = dict[str, Attribute]
UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)
"""What reading an item raises that holds something else than its table says."""


def to_attribute(value: Any) -> Attribute:
    """Return *value* (str, int, bool, bytes, None, list, tuple, dict of these) as AttributeValue.

    A frozenset of str becomes a set of strings, which must not be empty. Raises TypeError for
    anything else, floats above all: they would not come back as they were.
    """
    make = _MAKERS.get(type(value))
    if make is None:
        raise TypeError(f"no attribute holds a {type(value).__name__}")
    return make(value)


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """Return the plain value of an AttributeValue as `to_attribute` makes them."""
    ((kind, value),) = attribute.items()
    # Nearly all attributes are texts, and a page of a list has thousands.
    return value if kind == "S" else _READERS[kind](value)


def bytes_of(attribute: Attribute) -> bytes:
    """Return the bytes that an AttributeValue holds; raises KeyError where it holds none."""
    return _bytes(attribute["B"])


def _bytes(value: bytes | str) -> bytes:
    """Return *value* as bytes: `direct_json` leaves bytes as the base64 text that DynamoDB sent."""
    return value if isinstance(value, bytes) else base64.b64decode(value, validate=True)


def _list(values: Sequence[Any]) -> Attribute:
    return {"L": [to_attribute(value) for value in values]}


def to_item(values: Mapping[str, Any]) -> Item:
    """Return a DynamoDB item that holds *values*."""
    return {name: to_attribute(value) for name, value in values.items()}


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plain values of a DynamoDB item."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}


_MAKERS: dict[type, Callable[[Any], Attribute]] = {
    str: lambda value: {"S": value},
    int: lambda value: {"N": str(value)},
    bool: lambda value: {"BOOL": value},
    bytes: lambda value: {"B": value},
    type(None): lambda _: {"NULL": True},
    dict: lambda value: {"M": to_item(value)},
    list: _list,
    tuple: _list,
    frozenset: lambda value: {"SS": sorted(value)},
}
_READERS: dict[str, Callable[[Any], Any]] = {
    "N": int,
    "BOOL": bool,
    "B": _bytes,
    "NULL": lambda _: None,
    "M": from_item,
    "L": lambda value: [from_attribute(member) for member in value],
    "SS": frozenset,
}
