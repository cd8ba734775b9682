"""Reads values out of run events, which may hold anything at any place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from run_ledger.domain.contract.vocabulary import MAX_COUNT


class UnusableEvent(ValueError):
    """A run event from which no job event can be made; the message says what is wrong with it."""


def without_run(event: Mapping[str, Any]) -> str | None:
    """Return what an event is about that is about no run: ``dataset`` or ``job``.

    None of one about a run, and of an object that is no event at all.
    """
    if "run" in event or "eventType" in event:
        return None
    return next((kind for kind in ("dataset", "job") if isinstance(event.get(kind), Mapping)), None)


def members(holder: Any, *path: str) -> Mapping[str, Any]:
    """Return the object at *path*; an empty one where there is none."""
    found = at(holder, *path)
    return found if isinstance(found, Mapping) else {}


def items(holder: Any, *path: str) -> list[Any]:
    """Return the list at *path*; an empty one where there is none."""
    found = at(holder, *path)
    return found if isinstance(found, list) else []


def at(holder: Any, *path: str) -> Any:
    """Return the value at *path*, such as ``("run", "runId")``; None where there is none."""
    for name in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(name)
    return holder


def text(holder: Any, *path: str) -> str:
    """Return the text at *path*; an empty one where there is none, or nothing but white space."""
    found = at(holder, *path)
    return found if isinstance(found, str) and found.strip() else ""


def count(value: Any) -> int | None:
    """Return *value* as a count that the ledger takes; None where it is none."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return value if is_count else None
