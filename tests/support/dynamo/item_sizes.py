"""How large an item is by DynamoDB's rules."""

from __future__ import annotations

from tests.support.dynamo.expressions import Item, Value


def item_bytes(item: Item) -> int:
    """Return the size of *item* by DynamoDB's sizing rules."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Value) -> int:
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return (len(content.lstrip("-").strip("0")) + 1) // 2 + 1 + content.startswith("-")
    if kind == "B":
        return len(content)
    if kind == "M":
        return 3 + len(content) + item_bytes(content)
    if kind in {"L", "SS"}:
        members = content if kind == "L" else [{"S": member} for member in content]
        return 3 + len(content) + sum(_value_bytes(member) for member in members)
    return 1
