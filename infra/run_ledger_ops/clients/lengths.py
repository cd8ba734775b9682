"""Lengths of time in the clients' file, such as ``90s``, ``10m``, ``2h`` or ``7d``."""

import re

_LENGTH = re.compile(r"([0-9]{1,8})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def seconds_in(text: str) -> int | None:
    """Return a length in seconds, None for a text that is none."""
    match = _LENGTH.fullmatch(text)
    return int(match[1]) * _SECONDS[match[2]] if match else None
