"""When a run event occurred: RFC 3339, or a number since 1970, as some producers send it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant

from .facets import UnusableEvent

_NUMBER = re.compile(r"[0-9]{9,20}(?:\.[0-9]{1,20})?\Z")
_ZONE_NAME = re.compile(r"\[[A-Za-z0-9_+/:-]{1,64}\]\Z")  # after the offset, as Java writes it
_LEAST = 10**8  # seconds: 1973; a smaller number is no time
_UNITS = ((10**11, 10**6), (10**14, 10**3), (10**17, 1))  # below, how many microseconds
_PER_NANOSECOND = Decimal("0.001")
_ALLOWED = "a time as 2026-11-22T14:15:00Z, or a number of seconds or milliseconds since 1970"


def event_time(value: Any) -> str:
    """Return the time *value* in the contract's form; raise UnusableEvent where it is none.

    A time without a zone is taken as UTC. The size of a number tells its unit: seconds,
    milliseconds, microseconds or nanoseconds.
    """
    try:
        instant = _of_number(value) if _is_number(value) else _of_text(value)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or not instants.EARLIEST <= instant <= instants.LATEST:
        raise UnusableEvent(f"eventTime is {value!r:.80}; allowed: {_ALLOWED}")
    return instants.text(instant)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.match(value.strip()) is not None
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _of_number(value: float | str) -> Instant | None:
    if isinstance(value, int) and not 0 < value < 10**20:
        return None
    number = Decimal(value.strip() if isinstance(value, str) else repr(value))
    if not number.is_finite() or number < _LEAST:
        return None
    factor = next((unit for limit, unit in _UNITS if number < limit), _PER_NANOSECOND)
    return Instant(int(number * factor))


def _of_text(value: Any) -> Instant | None:
    if not isinstance(value, str):
        return None
    moment = datetime.fromisoformat(_ZONE_NAME.sub("", value.strip()).upper())
    return instants.from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
