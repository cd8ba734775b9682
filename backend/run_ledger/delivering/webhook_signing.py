"""The headers that sign a webhook, by the library of Standard Webhooks."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks import Webhook

_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def webhook_headers(
    delivery_id: str, seconds: int, body: bytes, signing_key: str
) -> Mapping[str, str]:
    """Return the headers that sign *body*, sent at *seconds* since 1970.

    Raises ValueError for a *signing_key* that is none: ``whsec_`` and base64 of 24 to 64 bytes. The
    library takes any text, and would sign with what it can read of it.
    """
    key = base64.b64decode(signing_key.removeprefix(_PREFIX), validate=True)
    if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(f"a signing key has {_FEWEST_BYTES} to {_MOST_BYTES} bytes")
    at = datetime.fromtimestamp(seconds, UTC)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": Webhook(key).sign(delivery_id, at, body.decode()),
    }
