"""What the door for spans answers: OTLP's messages, in the encoding of the request.

They have few members, so they are written here: a refusal needs no package that reads spans.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from run_ledger.domain.intake.bodies import JSON, PROTOBUF, kind_of
from run_ledger.domain.intake.trace_results import (
    ExportTraceDocument,
    PartialSuccessDocument,
    StatusDocument,
)
from run_ledger.read.answers import COMMON_HEADERS, Answer, ProblemDocument

from .door_answers import refusal

_READ = 200
_MOST_CHARACTERS = 400  # of a message
_MOST_REASONS = 2
_VARINT, _TEXT = 0, 2  # how Protobuf writes a member


def told_of_traces(problems: Sequence[str], media_type: str) -> Answer:
    """Return the answer to a request of which spans were not taken for these *problems*."""
    if not problems:
        return _answer(_READ, {}, media_type, ExportTraceDocument(), b"")
    reasons = list(dict.fromkeys(problems))
    more = len(reasons) - _MOST_REASONS
    sentence = "; ".join(_cut(one, _MOST_CHARACTERS // 2 - 40) for one in reasons[:_MOST_REASONS])
    sentence += f"; and {more} other reasons" if more > 0 else ""
    partial = PartialSuccessDocument(str(len(problems)), sentence)
    inner = _member(1, len(problems)) + _member(2, sentence)
    return _answer(_READ, {}, media_type, ExportTraceDocument(partial), _member(1, inner))


def trace_refusal(error: Exception, media_type: str) -> Answer:
    """Return the answer for *error*: its status and headers, and a Status of Google's RPC."""
    refused = refusal(error)
    told = msgspec.json.decode(refused.body, type=ProblemDocument)
    message = _cut(f"{told.title}: {told.detail}", _MOST_CHARACTERS)
    headers = {name: refused.headers[name] for name in refused.headers if name in _KEPT}
    return _answer(
        refused.status, headers, media_type, StatusDocument(message), _member(2, message)
    )


_KEPT = frozenset({"Retry-After", "WWW-Authenticate"})


def _answer(
    status: int,
    headers: dict[str, str],
    media_type: str,
    document: ExportTraceDocument | StatusDocument,
    message: bytes,
) -> Answer:
    if kind_of(media_type) == PROTOBUF:
        all_headers = {**COMMON_HEADERS, **headers, "Content-Type": PROTOBUF}
        return Answer(status, all_headers, message, is_binary=True)
    all_headers = {**COMMON_HEADERS, **headers, "Content-Type": JSON}
    return Answer(status, all_headers, msgspec.json.encode(document))


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _member(number: int, value: int | str | bytes) -> bytes:
    """Return a member of a message of Protobuf."""
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value)
    content = value.encode("utf-8", "replace") if isinstance(value, str) else value
    return _varint(number << 3 | _TEXT) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
