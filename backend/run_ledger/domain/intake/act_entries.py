"""From the JSON text of a person's act in a request to an entry for the bus.

Who acts is what the door knows of the caller, whatever the event says of it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from run_ledger.domain.contract.act_events import INCIDENT_UPDATE, act_source, decode_act
from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant

from .bus_entries import BusEntry, SentEvent, envelope, read_sent
from .reporters import ReportingCaller

_WRITTEN = msgspec.json.encode(INCIDENT_UPDATE)
_encoder = msgspec.json.Encoder(order="deterministic")


def is_act(text: bytes) -> bool:
    """Return whether *text* is an event by which somebody acts, whether it is right or not."""
    try:
        detail_type = read_sent(text).detail_type
    except InvalidEvent:
        return False
    return detail_type is not UNSET and bytes(detail_type) == _WRITTEN


def act_entry(text: bytes, event_id: str, caller: ReportingCaller, now: Instant) -> BusEntry:
    """Return the entry of the act in *text*, done by *caller*; its id is *event_id* if it has none.

    Raises InvalidEvent where it breaks the contract, or the caller may not act for its client.
    """
    if caller.actor is None:
        raise InvalidEvent(
            "not_permitted",
            field="detail_type",
            got=shown(INCIDENT_UPDATE),
            allowed="job_update or project_update: what reports may not act on incidents",
        )
    sent, client_id = read_sent(text), ""
    detail = _object(sent.detail)
    if detail is not None:
        client_id = str(detail.get("client_id"))
        sent = SentEvent(sent.detail_type, _attributed(detail, event_id, caller))
    source = act_source(client_id)
    act = decode_act(envelope(sent, event_id, source, now))
    if not caller.acts.allows(act.update.client_id):
        raise InvalidEvent(
            "source_mismatch",
            field="detail.client_id",
            got=shown(client_id),
            allowed="a client on whose incidents you may act",
        )
    return BusEntry(act.event_id, source, INCIDENT_UPDATE, act.detail.decode())


def _object(detail: Raw | UnsetType) -> dict[str, Any] | None:
    """Return the object in *detail*; None for anything else, which the contract refuses."""
    try:
        content = None if detail is UNSET else msgspec.json.decode(detail)
    except UNREADABLE:
        return None
    return content if isinstance(content, dict) else None


def _attributed(detail: dict[str, Any], event_id: str, caller: ReportingCaller) -> Raw:
    """Return *detail* with who acts, and with an id."""
    own = detail.get("event_id")
    content = {
        **detail,
        "by": caller.actor,
        "event_id": event_id if own is None else own,
    }
    return Raw(_encoder.encode(content))
