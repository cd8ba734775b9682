"""People's acts on incidents, from the bytes of an ``incident_update`` event.

Acts have a source of their own, ``run-ledger/act/CLIENT``: whoever may put events with it may act
for that client, and say who acts. So what may report can't act. Incidents of staff have another,
which is no client's.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import UNSET, Struct

from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant

from .events import (
    check_size,
    check_version,
    digest_of,
    instant_of,
    read_envelope,
    time_of,
)
from .leniency import entity_named, without_nulls
from .violations import UNREADABLE, invalid_detail
from .vocabulary import STAFF_AS_OWNER, Actor, IncidentUpdate

INCIDENT_UPDATE = "incident_update"
_PREFIX = "run-ledger/act/"
# No client has an id with a slash.
_OF_STAFF = f"{_PREFIX}for/staff"
_DIGEST_BYTES = 16
_OPTIONAL = frozenset(IncidentUpdate.__struct_fields__[-len(IncidentUpdate.__struct_defaults__) :])
_updates = msgspec.json.Decoder(IncidentUpdate)


class ActEvent(Struct, frozen=True):
    """One accepted act; what its detail leaves out is filled in from the envelope.

    ``digest``, 32 hexadecimal digits, tells a repeat from another act with the same id: it covers
    the content and the id of who acts, and not that person's name. ``until`` is None for an act
    that has none.
    """

    event_id: str
    occurred_at: Instant
    until: Instant | None
    update: IncidentUpdate
    by: Actor
    digest: str
    detail: bytes


def act_source(client_id: str) -> str:
    """Return the source that may act on the incidents of one client, or of `STAFF_AS_OWNER`."""
    return _OF_STAFF if client_id == STAFF_AS_OWNER else f"{_PREFIX}{client_id}"


def decode_act(envelope: bytes | str) -> ActEvent:
    """Return the act in *envelope*, the JSON text of an EventBridge event.

    Raises InvalidEvent, which names the field, what it held and what is allowed.
    """
    try:
        return _decode(envelope)
    except InvalidEvent as invalid:
        invalid.about = entity_named(envelope)
        raise


def _decode(envelope: bytes | str) -> ActEvent:
    outer = read_envelope(envelope)
    if outer.detail_type != INCIDENT_UPDATE:
        raise InvalidEvent(
            "unknown_detail_type",
            field="detail-type",
            got=shown(outer.detail_type),
            allowed=INCIDENT_UPDATE,
        )
    detail = bytes(outer.detail)
    check_size(detail)
    read = without_nulls(detail, _OPTIONAL)
    try:
        update = _updates.decode(read)
    except UNREADABLE as error:
        raise invalid_detail(IncidentUpdate, read, error) from error
    check_version(update)
    occurred_at = time_of(outer, update)
    _check_members(update, read)
    _check_source(outer.source, update.client_id)
    # The source holds an identifier of at most 128 characters.
    by = Actor("source", outer.source) if update.by is UNSET else update.by
    return ActEvent(
        event_id=outer.id if update.event_id is UNSET else update.event_id,
        occurred_at=occurred_at,
        until=_until(update, read, occurred_at),
        update=update,
        by=by,
        digest=_digest(read, by),
        detail=detail,
    )


def _check_members(update: IncidentUpdate, detail: bytes) -> None:
    """Raise InvalidEvent where members don't go with the act."""
    has_text = update.text is not UNSET and bool(update.text.strip())
    if update.act in ("mute", "note") and not has_text:
        raise invalid_detail(IncidentUpdate, detail, None, field="text")
    has_until, grows = update.until is not UNSET, update.until_grows is True
    is_mute = update.act == "mute"
    if has_until and not is_mute:
        raise invalid_detail(IncidentUpdate, detail, None, field="until")
    if (is_mute and has_until == grows) or (not is_mute and update.until_grows is not UNSET):
        raise invalid_detail(IncidentUpdate, detail, None, field="until_grows")


def _check_source(source: str, client_id: str) -> None:
    """Raise InvalidEvent unless *source* may act for the client."""
    if source != act_source(client_id):
        raise InvalidEvent(
            "source_mismatch",
            field="detail.client_id",
            got=shown(client_id),
            allowed=f"the client of the event's source, {_PREFIX}CLIENT, or * with {_OF_STAFF}; "
            f"it is {shown(source)}",
        )


def _until(update: IncidentUpdate, detail: bytes, occurred_at: Instant) -> Instant | None:
    if update.until is UNSET:
        return None
    until = instant_of("until", update.until)
    if until <= occurred_at:
        raise invalid_detail(IncidentUpdate, detail, None, field="until")
    return until


def _digest(detail: bytes, by: Actor) -> str:
    """Return the digest of what was said, and of who said it."""
    digest_of(detail)  # Refuses what is too deep.
    content = {**msgspec.json.decode(detail), "by": by.id}
    encoded = msgspec.json.encode(content, order="deterministic")
    return hashlib.blake2b(encoded, digest_size=_DIGEST_BYTES).hexdigest()
