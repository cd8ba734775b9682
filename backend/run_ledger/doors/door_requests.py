"""A request to a door, from the event in which API Gateway hands it on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class DoorRequest(Struct, frozen=True):
    """A request; ``resource`` is the path as the template writes it, and headers are as sent.

    A header that comes several times has its values joined by commas.
    """

    method: str
    resource: str
    authorization: str
    media_type: str
    coding: str
    body: bytes


def read_request(event: Mapping[str, Any]) -> DoorRequest:
    """Return the request that *event* describes."""
    return DoorRequest(
        method=str(event.get("httpMethod", "")).upper(),
        resource=str(event.get("resource", "")),
        authorization=_header(event, "authorization"),
        media_type=_header(event, "content-type"),
        coding=_header(event, "content-encoding"),
        body=_body(event),
    )


def _body(event: Mapping[str, Any]) -> bytes:
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _header(event: Mapping[str, Any], wanted: str) -> str:
    several: Mapping[str, Sequence[str]] = event.get("multiValueHeaders") or {}
    values = [value for name, these in several.items() if name.lower() == wanted for value in these]
    if not values:
        single: Mapping[str, str] = event.get("headers") or {}
        values = [value for name, value in single.items() if name.lower() == wanted]
    return ", ".join(values)
