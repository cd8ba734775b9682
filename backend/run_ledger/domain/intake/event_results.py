"""The answer about each event of a request."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidEvent


class EventErrorDocument(Struct, frozen=True):
    """Why an event was not taken, in the words of a rejection."""

    reason: str
    field: str
    message: str


class EventResultDocument(Struct, frozen=True):
    """What became of one event.

    ``accepted``: the bus has it. ``rejected``: it will never be taken as it is. ``retry``: the bus
    did not take it for the moment; send it again, with this ``event_id``.
    """

    event_id: str | None
    status: Literal["accepted", "rejected", "retry"]
    error: EventErrorDocument | None


class ResultsDocument(Struct, frozen=True):
    """The results of a request's events, in their order."""

    results: list[EventResultDocument]


def accepted(event_id: str) -> EventResultDocument:
    """Return the result of an event that the bus has taken."""
    return EventResultDocument(event_id, "accepted", None)


def rejected(event_id: str | None, invalid: InvalidEvent) -> EventResultDocument:
    """Return the result of an event that breaks the contract or the caller's bounds."""
    error = EventErrorDocument(invalid.reason, invalid.field, str(invalid))
    return EventResultDocument(event_id, "rejected", error)


def refused_by_bus(event_id: str, code: str) -> EventResultDocument:
    """Return the result of an event that the bus refuses for good, with AWS's *code*."""
    error = EventErrorDocument("refused_by_bus", "event", f"the bus refuses it: {code}")
    return EventResultDocument(event_id, "rejected", error)


def to_retry(event_id: str) -> EventResultDocument:
    """Return the result of an event that the bus did not take for the moment."""
    error = EventErrorDocument(
        "unavailable", "event", "the bus did not take it for the moment: send it again"
    )
    return EventResultDocument(event_id, "retry", error)
