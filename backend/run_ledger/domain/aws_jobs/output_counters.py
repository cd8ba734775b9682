"""Counters from the output of an execution, by paths such as ``$.summary.rows[0].ok``.

Whoever writes the output may write anything: what is no whole number of at least 0 is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .facts import whole_number

PATH_ALLOWED = "$ and then .NAME, ['NAME'] or [NUMBER], as $.summary.ok, of at most 256 characters"
_MOST_CHARACTERS = 256
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\['([^'\x00-\x1f]+)'\]|\[([0-9]{1,6})\]")
_NOTHING = object()


class ReadCounters(NamedTuple):
    """The counters that an output has, and the names of those that it does not have rightly."""

    found: dict[str, int]
    left_out: list[str]


def steps_of(path: str) -> tuple[str | int, ...] | None:
    """Return the names and places that a path goes by; None where it is no path."""
    if not path.startswith("$") or not 1 < len(path) <= _MOST_CHARACTERS:
        return None
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            return None
        steps.append(int(step[3]) if step[3] else step[1] or step[2])
        at = step.end()
    return tuple(steps)


def read_counters(output: str | None, paths: Mapping[str, str]) -> ReadCounters:
    """Return what stands in *output*, a JSON text, at *paths* by the names of counters."""
    if not paths:
        return ReadCounters({}, [])
    try:
        document = json.loads(output or "")
    except (ValueError, RecursionError):
        return ReadCounters({}, sorted(paths))
    values = {name: whole_number(_at(document, steps_of(path))) for name, path in paths.items()}
    return ReadCounters(
        {name: value for name, value in sorted(values.items()) if value is not None},
        sorted(name for name, value in values.items() if value is None),
    )


def _at(document: Any, steps: tuple[str | int, ...] | None) -> object:
    for step in steps or ():
        is_there = (
            isinstance(document, list) and isinstance(step, int) and step < len(document)
        ) or (isinstance(document, dict) and step in document)
        if not is_there:
            return _NOTHING
        document = document[step]
    return document
