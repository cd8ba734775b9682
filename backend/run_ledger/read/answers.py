"""Answers: JSON documents with an ETag, and problem documents (RFC 9457)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from run_ledger.domain.exceptions import (
    Forbidden,
    InvalidQuery,
    NotFound,
    StoreUnavailable,
    Unauthorized,
)

# A Lambda function's answer holds 6 MB at most. The body is a JSON string in it, and the list
# around the items and the headers need some of the space.
MOST_BYTES = 5_000_000
_LAMBDA_BYTES = 5_900_000
# The template sets the same headers for what the gateway answers by itself.
COMMON_HEADERS = {
    "Cache-Control": "private, no-cache",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_encoder = msgspec.json.Encoder()


class MethodNotAllowed(Exception):
    """The path is known, and takes GET only."""


class ProblemKind(Struct, frozen=True):
    """The answer to one kind of exception; an empty ``detail`` stands for the exception's text."""

    exception: type[Exception]
    status: int
    name: str
    title: str
    detail: str = ""
    headers: Mapping[str, str] = MappingProxyType({})


# The one place where exceptions become statuses; the first kind that fits is used.
PROBLEM_KINDS = (
    ProblemKind(InvalidQuery, 400, "invalid-parameter", "A parameter is wrong"),
    ProblemKind(
        Unauthorized, 401, "unauthorized", "Sign in first", headers={"WWW-Authenticate": "Bearer"}
    ),
    ProblemKind(Forbidden, 403, "forbidden", "Not allowed"),
    ProblemKind(NotFound, 404, "not-found", "Not found"),
    ProblemKind(
        MethodNotAllowed,
        405,
        "method-not-allowed",
        "Method not allowed",
        "This API takes GET only.",
        {"Allow": "GET"},
    ),
    ProblemKind(
        StoreUnavailable,
        503,
        "unavailable",
        "Not available at the moment",
        "The ledger's store does not answer at the moment; try again.",
        {"Retry-After": "2"},
    ),
    ProblemKind(
        Exception, 500, "internal", "The API failed", "Something failed on our side; try again."
    ),
)


class ProblemDocument(Struct, frozen=True, omit_defaults=True):
    """A problem (RFC 9457): why a request gets no other answer."""

    type: str
    title: str
    status: int
    detail: str
    parameter: str | UnsetType = UNSET


class Answer(Struct, frozen=True):
    """An answer to API Gateway."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_binary: bool = False

    def proxied(self) -> dict[str, Any]:
        """Return the answer in the form that API Gateway expects from a Lambda function."""
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "body": (base64.b64encode(self.body) if self.is_binary else self.body).decode(),
            "isBase64Encoded": self.is_binary,
        }


def fitting(documents: Sequence[Struct]) -> list[Raw]:
    """Return the JSON of the first *documents*: as many of them as fit into one answer.

    That is at least one, as no document is larger than an answer.
    """
    encoded: list[Raw] = []
    left = MOST_BYTES
    for document in documents:
        text = _encoder.encode(document)
        left -= _bytes_as_string(text)
        if left < 0 and encoded:
            break
        encoded.append(Raw(text))
    return encoded


def fits(document: Struct) -> bool:
    """Return whether *document* fits into one answer."""
    return _bytes_as_string(_encoder.encode(document)) <= MOST_BYTES


def found(document: Struct | Raw, if_none_match: str) -> Answer:
    """Return an answer with *document*, or a 304 where *if_none_match* names its ETag.

    The ETag is a weak one, as it is the same whether the gateway compresses the answer or not.
    Raises ValueError for a document that is larger than a Lambda function's answer may be.
    """
    body = _encoder.encode(document)
    if 3 * len(body) > _LAMBDA_BYTES and _bytes_as_string(body) > _LAMBDA_BYTES:
        raise ValueError(f"an answer of {len(body)} bytes is more than Lambda carries")
    tag = f'W/"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {**COMMON_HEADERS, "ETag": tag}
    if _matches(if_none_match, tag):
        return Answer(304, headers, b"")
    return Answer(200, {**headers, "Content-Type": "application/json"}, body)


def problem(error: Exception, kinds: Sequence[ProblemKind] = PROBLEM_KINDS) -> Answer:
    """Return the answer with the problem document of *error*, by the first of *kinds* that fits."""
    kind = next(kind for kind in kinds if isinstance(error, kind.exception))
    document = ProblemDocument(
        type=f"urn:run-ledger:problem:{kind.name}",
        title=kind.title,
        status=kind.status,
        detail=kind.detail or str(error),
        parameter=error.parameter if isinstance(error, InvalidQuery) else UNSET,
    )
    headers = {**COMMON_HEADERS, **kind.headers, "Content-Type": "application/problem+json"}
    return Answer(kind.status, headers, _encoder.encode(document))


def _matches(if_none_match: str, tag: str) -> bool:
    """Return whether the header names *tag*, as a weak or a strong one, or is ``*``."""
    named = (name.strip().removeprefix("W/") for name in if_none_match.split(","))
    return any(name in (tag.removeprefix("W/"), "*") for name in named)


def _bytes_as_string(text: bytes) -> int:
    """Return the most bytes that *text* can take as a JSON string, escapes included."""
    if text.isascii():
        return len(text) + text.count(b'"') + text.count(b"\\")
    return 3 * len(text)
