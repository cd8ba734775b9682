"""From the JSON text of an event in a request to an entry for the bus, or an InvalidEvent.

An event is judged by the contract's own decoder, as the writer judges it later. An entry's source
binds it to the client that it names: the writer compares the two again (see `bound_sources`).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from run_ledger.domain import instants
from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.contract.bound_sources import bound_source
from run_ledger.domain.contract.events import JOB_UPDATE, PROJECT_UPDATE, decode
from run_ledger.domain.contract.violations import UNREADABLE, unreadable_json
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant

_UNBOUND = "run-ledger/intake"
_DETAIL_TYPES = {"job": JOB_UPDATE, "project": PROJECT_UPDATE}
_MOST_ID_CHARACTERS = 128


class SentEvent(Struct, frozen=True):
    """An event as a request holds it; what was not sent stays absent."""

    detail_type: Raw | UnsetType = UNSET
    detail: Raw | UnsetType = UNSET


class _Identified(Struct, frozen=True):
    event_id: str | None = None


_sent = msgspec.json.Decoder(SentEvent)
_identified = msgspec.json.Decoder(_Identified)


class BusEntry(NamedTuple):
    """What the bus is given of one event; *detail* is its JSON text."""

    event_id: str
    source: str
    detail_type: str
    detail: str

    @property
    def size(self) -> int:
        """Return how many bytes of a call the bus counts for it."""
        return len(self.source) + len(self.detail_type) + len(self.detail.encode())


def event_id_of(digest: str, number: int) -> str:
    """Return the id of an event without one of its own: that of its place in its body.

    So the same body sent again has the same ids, and counts once.
    """
    return f"body-{digest}-{number}"


def bus_entry(text: bytes, event_id: str, scope: ClientScope, now: Instant) -> BusEntry:
    """Return the entry of the event in *text*, ``{"detail_type": …, "detail": {…}}``.

    Its id is *event_id* if it names none. Raises InvalidEvent where it breaks the contract, with
    what the writer would say of it, or where it is about a client beyond *scope*.
    """
    sent = read_sent(text)
    event = decode(envelope(sent, event_id, _UNBOUND, now))
    client_id = event.update.client_id
    if not scope.allows(client_id):
        raise InvalidEvent(
            "source_mismatch",
            field="detail.client_id",
            got=shown(client_id),
            allowed="a client that this caller may report for",
        )
    source = bound_source(client_id)
    detail = event.detail if event.has_own_id else _with_id(event.detail, event_id)
    # What the writer will get, whole: it takes this, or refuses it here.
    decode(envelope(SentEvent(sent.detail_type, Raw(detail)), event_id, source, now))
    return BusEntry(event.event_id, source, _DETAIL_TYPES[event.kind], detail.decode())


def stated_id(text: bytes) -> str | None:
    """Return the ``event_id`` that a refused event states, None where it states none."""
    try:
        detail = read_sent(text).detail
        event_id = None if detail is UNSET else _identified.decode(detail).event_id
    except (InvalidEvent, *UNREADABLE):
        return None
    is_id = event_id is not None and len(event_id) <= _MOST_ID_CHARACTERS
    return event_id if is_id else None


def read_sent(text: bytes) -> SentEvent:
    """Return the parts of an event; raises InvalidEvent."""
    try:
        return _sent.decode(text)
    except msgspec.ValidationError as error:
        raise InvalidEvent(
            "invalid_field",
            field="event",
            got=shown(msgspec.json.decode(text)),
            allowed="a JSON object with detail_type and detail",
        ) from error
    except UNREADABLE as error:
        raise unreadable_json("event", error) from error


def envelope(sent: SentEvent, event_id: str, source: str, now: Instant) -> bytes:
    """Return the event as the bus would pass it on; what was not sent stays absent."""
    members = [
        b'"id":' + msgspec.json.encode(event_id),
        b'"source":' + msgspec.json.encode(source),
        b'"time":' + msgspec.json.encode(instants.text(now)),
    ]
    if sent.detail_type is not UNSET:
        members.append(b'"detail-type":' + bytes(sent.detail_type))
    if sent.detail is not UNSET:
        members.append(b'"detail":' + bytes(sent.detail))
    return b"{" + b",".join(members) + b"}"


def _with_id(detail: bytes, event_id: str) -> bytes:
    """Return *detail*, an object with members, with an id; of two ``event_id`` the last counts."""
    return detail.rstrip()[:-1] + b',"event_id":' + msgspec.json.encode(event_id) + b"}"
