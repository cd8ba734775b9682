"""An event as a recount reads it, and the times in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple


class Told(NamedTuple):
    """One event, with absent fields filled in as the contract says.

    An envelope may say with ``fingerprint_version`` by which rule its event was taken in.
    """

    attempt: int
    occurred_at: datetime
    event_id: str
    status: str
    detail: dict[str, Any]
    fingerprint_version: int


def said(detail: dict[str, Any]) -> dict[str, Any]:
    """Return *detail* without what is null, in it and in its objects."""
    return {
        name: said(value) if isinstance(value, dict) else value
        for name, value in detail.items()
        if value is not None
    }


def moment(written: str) -> datetime:
    """Return the time that an event has *written*, in UTC."""
    return datetime.fromisoformat(written).astimezone(UTC)


def text(when: datetime) -> str:
    """Return a time as the ledger's documents have it, with six decimals."""
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
