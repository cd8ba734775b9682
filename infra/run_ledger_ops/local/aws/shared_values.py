"""Items that share what is equal in them, since ministack keeps each value as a dict of its own.

`{"S": "acme"}` takes some 250 bytes, and a thousand jobs of a client have it ten thousand times.
ministack replaces a number or a text when it changes, and never changes one in its place.
"""

import sys
from collections.abc import Callable
from typing import Any

_MOST = 20_000
_LONGEST = 64  # longer texts are seldom equal


class SharedValues:
    """Remembers values, up to a number of them, and begins anew beyond it."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def set_item(self, set_item: Callable[..., Any]) -> Callable[..., Any]:
        """Return what stores an item, with its names and values shared."""

        def set_shared(table: Any, pk: Any, sk: Any, item: dict[str, Any]) -> Any:
            shared = {sys.intern(name): self.shared(value) for name, value in item.items()}
            return set_item(table, pk, sk, shared)

        return set_shared

    def shared(self, value: dict[str, Any]) -> dict[str, Any]:
        """Return an equal value: the same one for short texts and numbers that are equal."""
        if len(value) != 1:
            return value
        [(kind, content)] = value.items()
        if kind not in {"S", "N"} or len(content) > _LONGEST:
            return value
        if len(self._known) >= self._most:
            self._known.clear()
        return self._known.setdefault((kind, content), value)
