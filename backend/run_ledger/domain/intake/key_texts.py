"""Report keys: ``rlk_`` and an id, then a secret of 256 random bits of which a digest is kept."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import NamedTuple

KEY_PREFIX = "rlk_"
ID_BYTES = 8
SECRET_BYTES = 32
_KEY = re.compile(r"rlk_(?P<id>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")


class ReportKey(NamedTuple):
    """A key as a caller shows it: its id, which is no secret, and the digest of its secret."""

    key_id: str
    digest: str


def new_key(id_bytes: bytes, secret: bytes) -> tuple[str, ReportKey]:
    """Return the text of a key of 8 and 32 random bytes, and the key that it is read as."""
    key_id, encoded = id_bytes.hex(), base64.urlsafe_b64encode(secret).rstrip(b"=").decode()
    return f"{KEY_PREFIX}{key_id}_{encoded}", ReportKey(key_id, _digest(encoded))


def read_key(text: str) -> ReportKey | None:
    """Return the key that *text* is, None where it has not the form of one."""
    found = _KEY.fullmatch(text)
    if found is None:
        return None
    return ReportKey(found["id"], _digest(found["secret"]))


def is_same(shown_digest: str, kept_digest: object) -> bool:
    """Return whether two digests are the same, in a time that does not tell how alike they are."""
    return isinstance(kept_digest, str) and hmac.compare_digest(
        shown_digest.encode(), kept_digest.encode()
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
