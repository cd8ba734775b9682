r"""What the contract takes for something else: null for absent, half a character for U+FFFD.

Also what a refused event names, read from text that the strict decoder refuses.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from run_ledger.domain.exceptions import shown

from .vocabulary import is_identifier

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Escapes are read in order, so that an escaped backslash before a u begins none.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_HALF = re.compile("[\ud800-\udfff]")
_NULL = b"null"
_ENTITIES = {"job_id": "job", "project_id": "project", "incident_id": "incident"}
_LEVELS = 2  # of members whose null counts as absent, as in delta_by_model


def well_formed(text: bytes | str) -> bytes:
    """Return JSON *text* with U+FFFD for each half of a surrogate pair that stands alone."""
    if isinstance(text, str):
        text = _HALF.sub(_REPLACEMENT, text).encode()
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] else found[0], text)


def without_nulls(detail: bytes, optional: frozenset[str]) -> bytes:
    """Return *detail* without *optional* fields that are null, and without null members of others.

    What can't be read is returned as it is: reading it again says what is wrong.
    """
    if _NULL not in detail:
        return detail
    try:
        content = msgspec.json.decode(detail)
        if not isinstance(content, dict):
            return detail
        kept = {
            name: _without_null_members(value, _LEVELS) if name in optional else value
            for name, value in content.items()
            if value is not None or name not in optional
        }
        return msgspec.json.encode(kept)
    except (ValueError, RecursionError):
        return detail


def entity_named(envelope: bytes | str) -> str | None:
    """Return the job, project or incident that an event names, however broken the event is.

    For example ``"job nightly-7"``; None where no JSON can be read that names one.
    """
    content = _read(envelope)
    detail = content.get("detail") if isinstance(content, dict) else None
    if isinstance(detail, str):  # JSON in a text, where an object should be
        detail = _read(detail)
    if isinstance(detail, dict):
        for field, kind in _ENTITIES.items():
            name = detail.get(field)
            if name is not None:
                is_id = isinstance(name, str) and is_identifier(name)
                return f"{kind} {name if is_id else shown(name)}"
    return None


def _read(text: bytes | str) -> Any:
    """Return what Python's own reader, which refuses less, makes of *text*; None for nothing."""
    try:
        return json.loads(text, strict=False, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return None


def _without_null_members(value: Any, levels: int) -> Any:
    if not isinstance(value, dict) or not levels:
        return value
    return {
        name: _without_null_members(member, levels - 1)
        for name, member in value.items()
        if member is not None
    }
