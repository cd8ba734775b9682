"""The arrival of a probe: the shape of the answer."""

from __future__ import annotations

from msgspec import Struct


class ProbeDocument(Struct, frozen=True):
    """A probe that has come."""

    probe_id: str
    sent_at: str | None
    received_at: str
