"""Plain values to and from DynamoDB's AttributeValue, exactly: integers stay integers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Attribute = dict[str, Any]
Item = dict[str, Attribute]


def to_attribute(value: Any) -> Attribute:
    """Return *value* (str, int, bool, bytes, None, list, mapping of these) as AttributeValue."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if value is None:
        return {"NULL": True}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, Mapping):
        return {"M": {str(name): to_attribute(member) for name, member in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(member) for member in value]}
    raise TypeError(f"no attribute holds a {type(value).__name__}")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """Return the plain value of an AttributeValue as `to_attribute` makes them."""
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind in ("S", "BOOL"):
        return value
    if kind == "B":
        return bytes(value)
    if kind == "NULL":
        return None
    if kind == "M":
        return {name: from_attribute(member) for name, member in value.items()}
    if kind == "L":
        return [from_attribute(member) for member in value]
    raise TypeError(f"no plain value for an attribute of kind {kind}")


def to_item(values: Mapping[str, Any]) -> Item:
    """Return a DynamoDB item that holds *values*."""
    return {name: to_attribute(value) for name, value in values.items()}


def from_item(item: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the plain values of a DynamoDB item."""
    return {name: from_attribute(attribute) for name, attribute in item.items()}
