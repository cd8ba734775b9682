"""Access tokens whose person has signed out: every tab of the browser has the same token.

Streamlit forgets the cookie of the tab in which somebody signs out. The other tabs are sessions of
their own, which go on with the token that they have; so this process remembers the tokens that are
not to be used any more, until they expire by themselves. Only digests are kept.
"""

from __future__ import annotations

import hashlib

from dashboard_app import clock

_ended: dict[bytes, float] = {}


def end(token: str, expires_at: float) -> None:
    """Let no session of this process use a token again; it expires at a time in seconds."""
    now = clock.now().timestamp()
    for digest in [one for one, until in _ended.items() if until < now]:
        _ended.pop(digest, None)
    _ended[_digest(token)] = expires_at


def has_ended(token: str) -> bool:
    """Return whether the person of a token has signed out."""
    return _digest(token) in _ended


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
