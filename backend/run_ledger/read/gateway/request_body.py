"""The body of a request, from the event in which API Gateway hands it on."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any


def body(event: Mapping[str, Any]) -> bytes:
    """Return the body as it was sent; it is empty where the request has none."""
    text = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError):
        return b""
