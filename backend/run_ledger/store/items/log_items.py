"""What one batch brought to a job or project, as a row of its log in the table Entries.

::

    pk = log#job#ID#LANE | log#project#ID#LANE    see `keys.lane_of`
    sk                                            the row's number, from 1, in twelve digits
    events                                        the batch's events, whole and in order: a byte
                                                  for the version of the form, then a JSON array,
                                                  compressed with the dictionary of that version
    received_at                                   when the writer took them in, in microseconds
    expires_at                                    when DynamoDB may drop the row, in epoch seconds

A row is put only where its number isn't taken, and never changed. The item of the job or project
holds the number of its last row, which is also the item's revision: see `job_items`. A number
may have no row, as that has expired, or a row without events, as a repair of the item has taken it.

An event is ``[detail, source, envelope id]``, where needed with: the instant of the envelope, of an
event without ``occurred_at``; the version of the rule that made its error's fingerprint; and
whether a replay of the archive brought it. Its digest follows from its detail, and is not kept.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event, content_digest, likeness, told_of
from run_ledger.domain.contract.fingerprints import FIRST_VERSION, is_known
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.attributes import Attribute, Item, bytes_of

from . import keys
from .entry_items import SECONDS_PER_DAY, StoredEntry, from_entry_item

MARK_BYTES = 16
_VERSION = 1
# What usual events have in common. A row says by which version it is compressed: so a dictionary is
# never changed, only followed by another.
_DICTIONARY = (
    b'"parent_job_id":"","heartbeat_seconds":60,"log_url":"https://","tags":{"'
    b'"error":{"type":"Error","message":"","fingerprint":""},"attempt":2,"name":"'
    b'"delta_by_model":{"":{"records_skipped":1,"llm_errors":1,"cache_read_input_tokens":'
    b'"status":"queued","stage":"enrich","records_total":1000,'
    b'"status":"completed","result":"cancelled""timed_out""partial""failed""succeeded"}'
    b'"schema_version":1,"pipeline":"default","delta":{"records_ok":1,"records_failed":0,'
    b'"llm_calls":1,"input_tokens":1000,"output_tokens":100,"cost_microusd":100},'
    b'"status":"running"},"pipelines.enrichment",[[{"event_id":"","job_id":"job-","client_id":"'
    b'client-","project_id":"project-","pipeline":"","occurred_at":"2026-11-22T14:15:00.000000Z",'
)


class LoggedEvent(Struct, frozen=True, array_like=True):
    """An event as its row holds it; see the module."""

    detail: Raw
    source: str
    envelope_id: str
    sent_at: Instant | None = None
    fingerprint_version: int = FIRST_VERSION
    is_replayed: bool = False


class LogRow(Struct, frozen=True):
    """A row as read, by what a writer wants to know of it."""

    number: int
    received_at: Instant
    events: Sequence[LoggedEvent]


_events = msgspec.json.Decoder(list[LoggedEvent])
_encoder = msgspec.json.Encoder()


def log_key(kind: str, entity_id: str, number: int) -> Item:
    """Return the key of a row."""
    return {
        "pk": {"S": keys.log_partition(kind, entity_id, keys.lane_of(number))},
        "sk": {"S": keys.log_number(number)},
    }


def log_item(events: Sequence[Event], number: int, *, received_at: Instant, ttl_days: int) -> Item:
    """Return the row that records *events*, all of one job or project, under *number*."""
    first = events[0]
    return {
        **log_key(first.kind, first.entity_id, number),
        "events": {"B": _packed(_encoder.encode([_logged(event) for event in events]))},
        "received_at": {"N": str(received_at)},
        "expires_at": {"N": str(received_at // MICROSECONDS + ttl_days * SECONDS_PER_DAY)},
    }


def empty_item(
    kind: str, entity_id: str, number: int, *, received_at: Instant, expiry: int
) -> Item:
    """Return the row that takes *number* and holds no event: a repair of the item took the number.

    *expiry* is in epoch seconds.
    """
    return {
        **log_key(kind, entity_id, number),
        "events": {"B": _packed(b"[]")},
        "received_at": {"N": str(received_at)},
        "expires_at": {"N": str(expiry)},
    }


def from_log_item(item: Mapping[str, Attribute]) -> LogRow:
    """Return the row that an item holds.

    Raises KeyError or ValueError (also a `msgspec.DecodeError`) where it isn't one.
    """
    return LogRow(
        int(item["sk"]["S"]),
        Instant(int(item["received_at"]["N"])),
        _events.decode(_unpacked(bytes_of(item["events"]))),
    )


def entries_of(item: Mapping[str, Attribute]) -> list[StoredEntry]:
    """Return the entries in an item of the table Entries, in whichever layout, in order.

    An item that holds something else has none. Raises KeyError, TypeError or ValueError where the
    item can't be read.
    """
    partition = item["pk"]["S"]
    if not partition.startswith(keys.LOG):
        return [from_entry_item(item)] if partition.startswith(("job#", "project#")) else []
    kind = partition.split("#")[1]
    row = from_log_item(item)
    return [_entry(event, kind, row.received_at) for event in row.events]


def event_id_of(event: LoggedEvent) -> str:
    """Return the event's id: its own, or else that of its envelope."""
    told = told_of(event.detail)
    return event.envelope_id if told.event_id is None else told.event_id


def digest_of(event: LoggedEvent, kind: str) -> bytes:
    """Return the digest of the event's content, as `Event.digest`."""
    return content_digest(kind, bytes(event.detail))


def marks(event: Event) -> list[bytes]:
    """Return what an event is found by in its log: its id, without an own one its likeness, too."""
    if event.has_own_id:
        return [mark(event.event_id)]
    equals = _mark_of_likeness(event.likeness, is_replayed=event.is_replayed)
    return [mark(event.event_id), equals]


def marks_wanted(event: Event) -> list[bytes]:
    """Return by which marks a log may have an event already; its row says whether it does.

    Equal events without an id of their own are one event where a replay brought one of them.
    """
    found = [mark(event.event_id)]
    if not event.has_own_id:
        found.append(_mark_of_likeness(event.likeness, is_replayed=True))
        if event.is_replayed:
            found.append(_mark_of_likeness(event.likeness, is_replayed=False))
    return found


def marks_in(row: LogRow, kind: str) -> list[bytes]:
    """Return all marks of the events in a row."""
    found = []
    for event in row.events:
        told = told_of(event.detail)
        if told.event_id is not None:
            found.append(mark(told.event_id))
        else:
            equals = _mark_of_likeness(_likeness(event, kind), is_replayed=event.is_replayed)
            found += (mark(event.envelope_id), equals)
    return found


def is_alike(one: LoggedEvent, event: Event) -> bool:
    """Return whether *one* has no id of its own and the same likeness as *event*."""
    if told_of(one.detail).event_id is not None:
        return False
    return _likeness(one, event.kind) == event.likeness


def _mark_of_likeness(likeness: str, *, is_replayed: bool) -> bytes:
    """Return a mark that is never that of an id."""
    person = b"replayed" if is_replayed else b"likeness"
    return hashlib.blake2b(likeness.encode(), digest_size=MARK_BYTES, person=person).digest()


def _likeness(event: LoggedEvent, kind: str) -> str:
    return likeness(digest_of(event, kind), _occurred_at(event), event.source)


@lru_cache(1024)  # an event is looked up before it is posted, and remembered afterwards
def mark(event_id: str) -> bytes:
    """Return the mark of an event's id."""
    return hashlib.blake2b(event_id.encode(), digest_size=MARK_BYTES).digest()


def _logged(event: Event) -> list[Any]:
    logged: list[Any] = [Raw(event.detail), event.source, event.envelope_id]
    own_time = event.has_own_time
    version = event.fingerprint_version if event.lacks_fingerprint else FIRST_VERSION
    if event.is_replayed:
        logged += [None if own_time else event.occurred_at, version, True]
    elif version != FIRST_VERSION:
        logged += [None if own_time else event.occurred_at, version]
    elif not own_time:
        logged.append(event.occurred_at)
    return logged


def _entry(event: LoggedEvent, kind: str, received_at: Instant) -> StoredEntry:
    detail = bytes(event.detail)
    if not is_known(event.fingerprint_version):
        raise ValueError(f"fingerprint rule {event.fingerprint_version} is not known here")
    return StoredEntry(
        event_id=event_id_of(event),
        detail_type=f"{kind}_update",
        source=event.source,
        envelope_id=event.envelope_id,
        detail=msgspec.json.decode(detail),
        occurred_at=_occurred_at(event),
        received_at=received_at,
        fingerprint_version=event.fingerprint_version,
        is_replayed=event.is_replayed,
    )


def _occurred_at(event: LoggedEvent) -> Instant:
    if event.sent_at is not None:
        return event.sent_at
    moment = told_of(event.detail).occurred_at
    if moment is None:
        raise ValueError("an event says when it occurred, or its row does")
    return instants.from_datetime(moment)


def _packed(text: bytes) -> bytes:
    compressor = zlib.compressobj(level=6, wbits=-15, zdict=_DICTIONARY)
    return bytes((_VERSION,)) + compressor.compress(text) + compressor.flush()


def _unpacked(packed: bytes) -> bytes:
    if packed[:1] != bytes((_VERSION,)):
        raise ValueError("a later version than this one wrote the row")
    try:
        return zlib.decompressobj(wbits=-15, zdict=_DICTIONARY).decompress(packed[1:])
    except zlib.error as error:
        raise ValueError(str(error)) from error
