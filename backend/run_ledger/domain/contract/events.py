"""From the bytes of an EventBridge event to a validated `Event`, or an `InvalidEvent`."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from run_ledger.domain import instants
from run_ledger.domain.exceptions import InvalidEvent, shown
from run_ledger.domain.instants import Instant

from .bound_sources import check_source
from .expected_runs import check_expect
from .fingerprints import LATEST_VERSION
from .leniency import entity_named, well_formed, without_nulls
from .violations import (
    UNREADABLE,
    invalid_detail,
    invalid_envelope,
    too_deep,
    unknown_version,
    unreadable_json,
)
from .vocabulary import (
    DEFAULT_PIPELINE,
    IDENTIFIER_PATTERN,
    KNOWN_COUNTERS,
    MAX_DELTAS_PER_EVENT,
    MAX_DETAIL_BYTES,
    MAX_LEVELS,
    SCHEMA_VERSION,
    CounterChange,
    IncidentUpdate,
    JobUpdate,
    ProjectUpdate,
    ShortText,
)

JOB_UPDATE = "job_update"
PROJECT_UPDATE = "project_update"
_DIGEST_BYTES = 16
_JOB_OPTIONAL = frozenset(JobUpdate.__struct_fields__[-len(JobUpdate.__struct_defaults__) :])
_PROJECT_OPTIONAL = frozenset(
    ProjectUpdate.__struct_fields__[-len(ProjectUpdate.__struct_defaults__) :]
)


class Envelope(
    Struct, frozen=True, rename={"detail_type": "detail-type", "replay_name": "replay-name"}
):
    """The EventBridge event around a detail; only a replay of an archive has ``replay_name``."""

    id: ShortText
    detail_type: str
    source: str
    detail: Raw
    time: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    replay_name: Any = UNSET


class _UncheckedJobUpdate(JobUpdate, frozen=True, kw_only=True, omit_defaults=True):
    """A job's update whose ids and names of counters may have any characters.

    Matching patterns takes longer than all the rest of decoding, and most ids and names of a batch
    are the same: see `_quickly_read`.
    """

    job_id: ShortText
    project_id: ShortText
    client_id: ShortText
    pipeline: ShortText = DEFAULT_PIPELINE
    delta: (
        Annotated[dict[str, CounterChange], Meta(max_length=MAX_DELTAS_PER_EVENT)] | UnsetType
    ) = UNSET


class Event(Struct, frozen=True):
    """One accepted event; what its detail leaves out is filled in from the envelope.

    ``digest`` tells a repeat from another event with the same id: it covers the content of the
    detail, so neither white space nor the envelope's id and time change it, nor whether an optional
    field is null or absent. ``sent_at`` is the envelope's time, when the bus took the event in.
    ``fingerprint_version`` says by which rule an error without a fingerprint gets one.
    ``is_replayed`` says that a replay of the bus's archive brought the event.
    """

    kind: Literal["job", "project"]
    entity_id: str
    event_id: str
    occurred_at: Instant
    update: JobUpdate | ProjectUpdate
    digest: bytes
    detail: bytes
    source: str
    envelope_id: str
    sent_at: datetime | None
    fingerprint_version: int = LATEST_VERSION
    is_replayed: bool = False

    @property
    def has_own_id(self) -> bool:
        """Return whether the producer chose ``event_id``; otherwise it is the envelope's id."""
        return self.update.event_id is not UNSET

    @property
    def has_own_time(self) -> bool:
        """Return whether the detail has ``occurred_at``; otherwise it is the envelope's time."""
        return self.update.occurred_at is not UNSET

    @property
    def likeness(self) -> str:
        """Return what equal events of one job or project share: content, time and source.

        An event without an id of its own is known by it when it is replayed, as AWS does not
        promise that a replay keeps the envelope's id. The time is whole seconds where the detail
        has none. It is 32 hexadecimal digits.
        """
        return likeness(self.digest, self.occurred_at, self.source)

    @property
    def order(self) -> tuple[int, Instant, str]:
        """Return what the events of a job or project are ordered by; a project has one attempt."""
        attempt = self.update.attempt if isinstance(self.update, JobUpdate) else 1
        return (attempt, self.occurred_at, self.event_id)

    @property
    def lacks_fingerprint(self) -> bool:
        """Return whether the event has an error whose fingerprint is made here."""
        error = self.update.error if isinstance(self.update, JobUpdate) else UNSET
        return error is not UNSET and error.fingerprint is UNSET


class StatedByDetail(Struct, frozen=True):
    """What an accepted detail itself says of its event; None where it leaves that to the bus."""

    event_id: str | None = None
    occurred_at: datetime | None = None


_envelopes = msgspec.json.Decoder(Envelope)
_told = msgspec.json.Decoder(StatedByDetail)
_job_updates = msgspec.json.Decoder(JobUpdate)
_unchecked_job_updates = msgspec.json.Decoder(_UncheckedJobUpdate)
_known_counters = frozenset(KNOWN_COUNTERS)
# Of texts of 128 characters at most.
_is_identifier = lru_cache(4096)(re.compile(IDENTIFIER_PATTERN).fullmatch)
_project_updates = msgspec.json.Decoder(ProjectUpdate)
_encoder = msgspec.json.Encoder(order="deterministic")


def decode(envelope: bytes | str, *, fingerprint_version: int = LATEST_VERSION) -> Event:
    """Return the event in *envelope*, the JSON text of an EventBridge event.

    A recount of an entry passes the *fingerprint_version* by which the entry was taken in. Raises
    InvalidEvent, which names the field, what it held and what is allowed.
    """
    try:
        return _decode(envelope, fingerprint_version)
    except InvalidEvent as invalid:
        invalid.about = entity_named(envelope)
        raise


def told_of(detail: bytes | Raw) -> StatedByDetail:
    """Return what the detail of an accepted event says of it."""
    return _told.decode(detail)


def content_digest(kind: str, detail: bytes) -> bytes:
    """Return `Event.digest` of an accepted event about a *kind* of entity, by its detail."""
    return digest_of(without_nulls(detail, _JOB_OPTIONAL if kind == "job" else _PROJECT_OPTIONAL))


def likeness(digest: bytes, occurred_at: Instant, source: str) -> str:
    """Return `Event.likeness` of an event with these."""
    content = b"%b %d %b" % (digest, occurred_at, source.encode())
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest()


def _decode(envelope: bytes | str, fingerprint_version: int) -> Event:
    outer = read_envelope(envelope)
    detail = bytes(outer.detail)
    check_size(detail)
    if outer.detail_type == JOB_UPDATE:
        read = without_nulls(detail, _JOB_OPTIONAL)
        job = _job_update(read)
        return _event(outer, detail, job, digest_of(read), fingerprint_version)
    if outer.detail_type == PROJECT_UPDATE:
        read = without_nulls(detail, _PROJECT_OPTIONAL)
        project = _project_update(read)
        return _event(outer, detail, project, digest_of(read), fingerprint_version)
    raise InvalidEvent(
        "unknown_detail_type",
        field="detail-type",
        got=shown(outer.detail_type),
        allowed=f"{JOB_UPDATE} or {PROJECT_UPDATE}",
    )


def read_envelope(text: bytes | str) -> Envelope:
    """Return the envelope in *text*, which may hold halves of characters."""
    try:
        return _envelopes.decode(text)
    except UNREADABLE as error:
        unreadable = error
    try:
        return _envelopes.decode(well_formed(text))
    except UNREADABLE:
        raise invalid_envelope(text, unreadable) from unreadable


def _job_update(detail: bytes) -> JobUpdate:
    update = _quickly_read(detail)
    if update is None:
        try:
            update = _job_updates.decode(detail)
        except UNREADABLE as error:
            raise invalid_detail(JobUpdate, detail, error) from error
    check_version(update)
    if (update.status == "completed") != (update.result is not UNSET):
        raise invalid_detail(JobUpdate, detail, None, field="result")
    if update.expect is not UNSET:
        check_expect(update)
    return update


def _quickly_read(detail: bytes) -> JobUpdate | None:
    """Return the update in *detail*, or None where only the whole contract tells.

    That is so where something is wrong, or where a delta has names that the contract doesn't list.
    """
    try:
        update = _unchecked_job_updates.decode(detail)
    except UNREADABLE:
        return None
    is_plain = (
        _is_identifier(update.job_id) is not None
        and _is_identifier(update.project_id) is not None
        and _is_identifier(update.client_id) is not None
        and _is_identifier(update.pipeline) is not None
        and (update.delta is UNSET or update.delta.keys() <= _known_counters)
    )
    return update if is_plain else None


def _project_update(detail: bytes) -> ProjectUpdate:
    try:
        update = _project_updates.decode(detail)
    except UNREADABLE as error:
        raise invalid_detail(ProjectUpdate, detail, error) from error
    check_version(update)
    if update.due_at is not UNSET:
        instant_of("due_at", update.due_at)
    return update


def _event(
    outer: Envelope,
    detail: bytes,
    update: JobUpdate | ProjectUpdate,
    digest: bytes,
    fingerprint_version: int,
) -> Event:
    """Return the event; what its detail leaves out is filled in from the envelope."""
    check_source(outer.source, update.client_id)
    return Event(
        kind="job" if isinstance(update, JobUpdate) else "project",
        entity_id=update.job_id if isinstance(update, JobUpdate) else update.project_id,
        event_id=outer.id if update.event_id is UNSET else update.event_id,
        occurred_at=time_of(outer, update),
        update=update,
        digest=digest,
        detail=detail,
        source=outer.source,
        envelope_id=outer.id,
        sent_at=None if outer.time is UNSET else outer.time,
        fingerprint_version=fingerprint_version,
        is_replayed=isinstance(outer.replay_name, str),
    )


def check_size(detail: bytes) -> None:
    """Raise InvalidEvent for a detail that is too large."""
    if len(detail) > MAX_DETAIL_BYTES:
        raise InvalidEvent(
            "too_large",
            field="detail",
            got=f"{len(detail)} bytes",
            allowed=f"at most {MAX_DETAIL_BYTES} bytes",
        )


def check_version(update: JobUpdate | ProjectUpdate | IncidentUpdate) -> None:
    """Raise InvalidEvent for a version of the contract that is not known."""
    if update.schema_version != SCHEMA_VERSION:
        raise unknown_version(update.schema_version)


def time_of(outer: Envelope, update: JobUpdate | ProjectUpdate | IncidentUpdate) -> Instant:
    """Return when an event occurred, by its detail or its envelope; raises InvalidEvent."""
    if update.occurred_at is not UNSET:
        return instant_of("occurred_at", update.occurred_at)
    if outer.time is UNSET:
        raise InvalidEvent(
            "invalid_field",
            field="time",
            got=None,
            allowed="an RFC 3339 time with a zone, unless the detail has occurred_at",
        )
    return instant_of("time", outer.time)


def instant_of(field: str, moment: datetime) -> Instant:
    """Return the instant that a *field* names; raises InvalidEvent beyond the years 1 to 9999."""
    instant = instants.from_datetime(moment)
    if not instants.EARLIEST <= instant <= instants.LATEST:
        raise InvalidEvent(
            "invalid_field",
            field=field if field == "time" else f"detail.{field}",
            got=shown(moment.isoformat()),
            allowed="a time in the years 1 to 9999 in UTC",
        )
    return instant


def digest_of(detail: bytes) -> bytes:
    """Return a digest of what JSON holds, however it is written; raises InvalidEvent."""
    try:
        content = msgspec.json.decode(detail)
        canonical = _encoder.encode(content)
    except UNREADABLE as error:
        raise unreadable_json("detail", error) from error
    # Few events have as many brackets as levels are allowed; only those are walked through.
    if detail.count(b"{") + detail.count(b"[") > MAX_LEVELS and _is_deep(content):
        raise too_deep("detail")
    return hashlib.blake2b(canonical, digest_size=_DIGEST_BYTES).digest()


def _is_deep(content: Any) -> bool:
    level = [content]
    for _ in range(MAX_LEVELS):
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for members in inner for one in members if isinstance(one, (dict, list))]
    return bool(level)
