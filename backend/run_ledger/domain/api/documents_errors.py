"""The shape of ``/errors``."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct


class ErrorDocument(Struct, frozen=True):
    """Failures that share a fingerprint: their exact number, and samples of the latest."""

    fingerprint: str
    type: str | None
    message: str | None
    count: int
    first_seen_at: str
    last_seen_at: str
    clients: Sequence[str]
    job_ids: Sequence[str]
