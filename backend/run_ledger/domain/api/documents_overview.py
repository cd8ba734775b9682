"""The shape of ``/overview``.

``…_24h`` are of the hours from ``since`` on: the one that runs and the 24 before it, so nothing of
the last 24 hours is missing. Every one of these hours is in ``hours``, oldest first.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class HourDocument(Struct, frozen=True):
    """What was counted in the hour that begins at ``at``."""

    at: str
    created: int
    started: int
    ended: int
    failed: int
    timed_out: int


class FiguresDocument(Struct, frozen=True, kw_only=True):
    """What is going on now, and what went on in the last 24 hours."""

    running: int
    queued: int
    stalled: int | None
    created_24h: int
    ended_24h: int
    succeeded_24h: int
    partial_24h: int
    failed_24h: int
    cancelled_24h: int
    timed_out_24h: int
    error_rate_24h: float | None
    last_event_at: str | None
    hours: Sequence[HourDocument]


class ClientFiguresDocument(FiguresDocument, frozen=True, kw_only=True):
    """The figures of one client."""

    client_id: str
    name: str | None


class OverviewDocument(Struct, frozen=True):
    """The figures that people want first: over all that the caller may see, and by client."""

    as_of: str
    since: str
    totals: FiguresDocument
    clients: Sequence[ClientFiguresDocument]
