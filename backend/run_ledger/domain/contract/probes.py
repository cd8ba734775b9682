"""A probe: an event that goes the whole way to the ledger, and counts nowhere.

A producer sends it to see whether what it reports arrives. It has a detail type of its own, and in
its detail an id that nobody can guess, by which its arrival is asked for::

    {"detail-type": "probe", "detail": {"probe_id": "3f0c…"}, …}
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from run_ledger.domain import instants
from run_ledger.domain.instants import Instant

from .violations import UNREADABLE

PROBE = "probe"
_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Probe(Struct, frozen=True):
    """A probe that has come."""

    probe_id: str | None
    """None where it has none of the right form: then nobody can ask for it."""
    sent_at: Instant | None
    """When the bus took it in; None where the envelope doesn't say so."""


class _Envelope(Struct, frozen=True, rename={"detail_type": "detail-type"}):
    detail_type: str
    detail: Any = None
    time: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET


_envelopes = msgspec.json.Decoder(_Envelope)


def is_probe_id(text: object) -> bool:
    """Return whether *text* can be a probe's id: 16 to 64 letters, digits, ``_`` and ``-``."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def read_probe(envelope: bytes | str) -> Probe | None:
    """Return the probe in *envelope*, the JSON text of an EventBridge event; None if it is none."""
    try:
        outer = _envelopes.decode(envelope)
    except UNREADABLE:
        return None
    if outer.detail_type != PROBE:
        return None
    probe_id = outer.detail.get("probe_id") if isinstance(outer.detail, dict) else None
    sent_at = None if isinstance(outer.time, UnsetType) else instants.from_datetime(outer.time)
    if sent_at is not None and not instants.EARLIEST <= sent_at <= instants.LATEST:
        sent_at = None
    return Probe(probe_id if is_probe_id(probe_id) else None, sent_at)
