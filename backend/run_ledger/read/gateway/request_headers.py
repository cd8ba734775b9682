"""The headers of a request, from the event in which API Gateway hands it on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def header(event: Mapping[str, Any], wanted: str) -> str:
    """Return all values of the header *wanted*, a name in lower case, joined by commas.

    It is empty where the request has none; names in *event* may be in upper or lower case.
    """
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    values = [value for name, these in several.items() if name.lower() == wanted for value in these]
    if not values:
        single: Mapping[str, str] = event.get("headers") or {}
        values = [value for name, value in single.items() if name.lower() == wanted]
    return ", ".join(values)
