"""A request's body: unpacked within limits, and taken apart into the JSON text of each event."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from run_ledger.domain.contract.violations import UNREADABLE
from run_ledger.domain.exceptions import BodyTooLarge, InvalidBody, UnknownBodyType, shown

MOST_EVENTS = 100
MOST_SENT_BYTES = 4_000_000
"""As a body is sent. Lambda takes 6 MB a request, in which a body is written in base64."""
MOST_BYTES = 8_000_000
"""Unpacked: a hundred events of the greatest size fit in."""

JSON = "application/json"
NDJSON = "application/x-ndjson"
PROTOBUF = "application/x-protobuf"
_GZIP_WINDOW = zlib.MAX_WBITS | 16
_PLAIN = frozenset({"", "identity"})
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]*)', re.IGNORECASE)
_LINE = re.compile(rb"[^\n]+")
_DIGEST_BYTES = 16


class _Events(Struct, frozen=True):
    """The body of a request in JSON."""

    events: Annotated[list[Raw], Meta(max_length=MOST_EVENTS)]


_bodies = msgspec.json.Decoder(_Events)


class Body(Struct, frozen=True):
    """The JSON text of each event of a body, and a digest of the whole body, unpacked.

    The digest, 32 hexadecimal digits, is the same whether a body is sent packed or not.
    """

    events: list[bytes]
    digest: str


def read_body(sent: bytes, media_type: str, coding: str) -> Body:
    """Return the events of a body as it was *sent*; the texts of an NDJSON line may be no JSON.

    *media_type* and *coding* are the headers Content-Type and Content-Encoding. Raises InvalidBody,
    BodyTooLarge or UnknownBodyType.
    """
    kind, body = opened(sent, media_type, coding, (JSON, NDJSON))
    events = _events(body) if kind == JSON else _lines(body)
    return Body(events, hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest())


def read_json(sent: bytes, media_type: str, coding: str) -> Any:
    """Return what the JSON of a body holds; the rest is as of `read_body`."""
    _, body = opened(sent, media_type, coding, (JSON,))
    try:
        return msgspec.json.decode(body)
    except UNREADABLE as error:
        raise _no_json(error) from error


def opened(sent: bytes, media_type: str, coding: str, kinds: Sequence[str]) -> tuple[str, bytes]:
    """Return the kind of a body, one of *kinds*, and the body as it is unpacked.

    The rest is as of `read_body`.
    """
    if len(sent) > MOST_SENT_BYTES:
        raise BodyTooLarge(f"The body has {len(sent)} bytes; allowed: at most {MOST_SENT_BYTES}.")
    kind = kind_of(media_type)
    charset = _CHARSET.search(media_type)
    if kind not in kinds or (charset and charset[1].lower() not in {"utf-8", "utf8"}):
        allowed = " or ".join(kinds)
        raise UnknownBodyType(
            f"Content-Type: got {shown(media_type)}; allowed: {allowed}, in UTF-8"
        )
    return kind, _unpacked(sent, coding.strip().lower())


def kind_of(media_type: str) -> str:
    """Return a media type without its parameters, such as ``application/json``."""
    return media_type.partition(";")[0].strip().lower()


def _unpacked(sent: bytes, coding: str) -> bytes:
    if coding in _PLAIN:
        return sent
    if coding != "gzip":
        raise UnknownBodyType(f"Content-Encoding: got {shown(coding)}; allowed: gzip, or none")
    unpacking = zlib.decompressobj(_GZIP_WINDOW)
    try:
        body = unpacking.decompress(sent, MOST_BYTES + 1)
    except zlib.error as error:
        raise InvalidBody(f"The body is not gzip as Content-Encoding says: {error}.") from error
    if len(body) > MOST_BYTES:
        raise BodyTooLarge(f"The body unpacks to more than the allowed {MOST_BYTES} bytes.")
    if not unpacking.eof:
        raise InvalidBody("The body's gzip ends too early.")
    if unpacking.unused_data:
        raise InvalidBody("The body goes on after its gzip has ended; allowed: one gzip member.")
    return body


def _events(body: bytes) -> list[bytes]:
    try:
        return [bytes(one) for one in _bodies.decode(body).events]
    except msgspec.ValidationError as error:
        if f"<= {MOST_EVENTS}" in str(error):
            raise too_many_events() from error
        raise InvalidBody(
            'The body is no list of events; allowed: {"events": [{"detail_type": …, "detail": …}]}'
        ) from error
    except UNREADABLE as error:
        raise _no_json(error) from error


def _lines(body: bytes) -> list[bytes]:
    lines = list(islice(_written(body), MOST_EVENTS + 1))
    if len(lines) > MOST_EVENTS:
        raise too_many_events()
    return lines


def _written(body: bytes) -> Iterator[bytes]:
    """Give the lines that are not blank."""
    for line in _LINE.finditer(body):
        text = line[0].strip()
        if text:
            yield text


def _no_json(error: Exception) -> InvalidBody:
    return InvalidBody(f"The body is no JSON that can be read: {shown(str(error))}.")


def too_many_events() -> BodyTooLarge:
    """Return the BodyTooLarge for a body with more events than a request may have."""
    return BodyTooLarge(f"The body has too many events; allowed: at most {MOST_EVENTS} a request.")
