"""Lengths of time as people write them, such as ``90s``, ``10m``, ``2h`` or ``7d``."""

from __future__ import annotations

import re

LENGTH_PATTERN = r"([0-9]{1,8})([smhd])"
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LENGTH = re.compile(LENGTH_PATTERN)


def seconds_in(text: str) -> int | None:
    """Return a length in seconds, None for a text that is none."""
    match = _LENGTH.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None


def length_text(seconds: int) -> str:
    """Return a length in the largest exact unit; a day is ``24h``."""
    if seconds == 0:
        return "0s"
    units = [unit for unit in ("d", "h", "m", "s") if unit != "d" or seconds > _SECONDS["d"]]
    unit = next(unit for unit in units if seconds % _SECONDS[unit] == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def lengths_allowed(least: int, most: int) -> str:
    """Return which lengths are allowed from *least* to *most* seconds, in words."""
    low, high = length_text(least), length_text(most)
    return f"a length such as 90s, 10m, 2h or 7d, from {low} to {high}"
