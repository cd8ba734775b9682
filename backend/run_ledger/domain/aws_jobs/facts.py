"""Reading what AWS says of a job, in an event or in an answer of an API, as values of known types.

Events and answers name the same things, but write times differently: as milliseconds since 1970, as
text, or as boto3's datetimes. All are cut to milliseconds here, so that both come to the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.domain.exceptions import UnknownStateChange, shown
from run_ledger.domain.instants import EARLIEST, LATEST, Instant

Facts = Mapping[str, Any]

_MILLISECOND = 1_000


def well_formed(text: str) -> str:
    """Return *text* without halves of surrogate pairs, which UTF-8 can't write."""
    return text.encode("utf-8", "replace").decode("utf-8")


def needed_text(facts: Facts, name: str) -> str:
    """Return a text that must be there; raises UnknownStateChange where it is not."""
    found = optional_text(facts, name)
    if not found:
        raise UnknownStateChange(name, f"got {shown(facts.get(name))}; allowed: a text")
    return found


def optional_text(facts: Facts, name: str) -> str | None:
    """Return a text, None where there is none."""
    value = facts.get(name)
    return well_formed(value) if isinstance(value, str) else None


def facts_in(facts: Facts, name: str) -> Facts:
    """Return an object inside, an empty one where there is none."""
    value = facts.get(name)
    return value if isinstance(value, Mapping) else {}


def listed_facts(facts: Facts, name: str) -> list[Facts]:
    """Return the objects of a list inside."""
    value = facts.get(name)
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    return [one for one in value if isinstance(one, Mapping)] if is_list and value else []


def whole_number(value: object) -> int | None:
    """Return a whole number from 0 to 2^53; None for anything else, which True is, too."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        return None
    return value


def time_of(facts: Facts, name: str) -> Instant | None:
    """Return a time, None where there is none; raises UnknownStateChange where it is no time.

    Batch writes 0 for what has not happened yet.
    """
    value = facts.get(name)
    if value is None or value in ("", 0):
        return None
    try:
        found = _instant(value)
    except (ValueError, OverflowError):
        found = None
    if found is None or not EARLIEST <= found <= LATEST:
        raise UnknownStateChange(name, f"got {shown(value)}; allowed: a time")
    return Instant(found // _MILLISECOND * _MILLISECOND)


def needed_time(facts: Facts, name: str) -> Instant:
    """Return a time that must be there; raises UnknownStateChange where it is not."""
    found = time_of(facts, name)
    if found is None:
        raise UnknownStateChange(name, "it is missing; allowed: a time")
    return found


def _instant(value: object) -> Instant | None:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return instants.from_datetime(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Instant(value * _MILLISECOND)
    return instants.parse(value) if isinstance(value, str) else None
