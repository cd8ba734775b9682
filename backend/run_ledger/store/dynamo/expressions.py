"""Update and condition expressions, built with placeholders for every name and value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .attributes import Attribute, Item, to_attribute


class UpdateBuilder:
    """Collects the clauses of one ``Update`` action."""

    def __init__(self) -> None:
        """Start with nothing to set, add or check."""
        self._names: dict[str, str] = {}
        self._values: dict[str, Attribute] = {}
        self._set: list[str] = []
        self._remove: list[str] = []
        self._add: list[str] = []
        self._conditions: list[str] = []

    def set(self, values: Mapping[str, Any]) -> None:
        """Set top-level attributes."""
        for name, value in values.items():
            self._set.append(f"{self._name(name)} = {self._value(value)}")

    def set_once(self, name: str, value: Any) -> None:
        """Set a top-level attribute that is not there yet."""
        self._set.append(
            f"{self._name(name)} = if_not_exists({self._name(name)}, {self._value(value)})"
        )

    def remove(self, *names: str) -> None:
        """Remove top-level attributes."""
        self._remove.extend(self._name(name) for name in names)

    def add(self, changes: Mapping[str, int]) -> None:
        """Add to numeric top-level attributes; a missing one starts at zero."""
        for name, change in changes.items():
            self._add.append(f"{self._name(name)} {self._value(change)}")

    def require_absent(self, key: str) -> None:
        """Let the write happen only where there is no item yet."""
        self._conditions.append(f"attribute_not_exists({self._name(key)})")

    def require_present(self, key: str) -> None:
        """Let the write happen only where there is an item already."""
        self._conditions.append(f"attribute_exists({self._name(key)})")

    def require(self, path: tuple[str, ...], operator: str, value: Any) -> None:
        """Let the write happen only where the attribute at *path* compares so with *value*."""
        where = ".".join(self._name(part) for part in path)
        self._conditions.append(f"{where} {operator} {self._value(value)}")

    def action(self, table: str, key: Item) -> dict[str, Any]:
        """Return the ``TransactWriteItems`` action."""
        clauses = [
            f"{word} {', '.join(parts)}"
            for word, parts in (("SET", self._set), ("REMOVE", self._remove), ("ADD", self._add))
            if parts
        ]
        update: dict[str, Any] = {
            "TableName": table,
            "Key": key,
            "UpdateExpression": " ".join(clauses),
            "ExpressionAttributeNames": {short: name for name, short in self._names.items()},
        }
        if self._values:
            update["ExpressionAttributeValues"] = self._values
        if self._conditions:
            update["ConditionExpression"] = " AND ".join(self._conditions)
        return {"Update": update}

    def _name(self, name: str) -> str:
        return self._names.setdefault(name, f"#{len(self._names)}")

    def _value(self, value: Any) -> str:
        short = f":{len(self._values)}"
        self._values[short] = to_attribute(value)
        return short
