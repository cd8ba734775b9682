"""Cursors: opaque to callers, and good only for the query that they were made for.

A cursor holds a position, and a code over the position and its *binding*: the path, the filters and
what the caller may see. It holds no secret: a position is a time and an id that the caller has seen
or could have seen. Because of the code, a cursor of another query gives a clear error instead of a
wrong page. The same position gives the same cursor, so that answers can be compared by their ETag.

A cursor does not expire, as its position stays where it is. It becomes outdated when `_VERSION` is
changed, which a change in the meaning of any position needs.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from typing import Any

import msgspec

from run_ledger.domain.api.parameters import MOST_CURSOR_CHARACTERS
from run_ledger.domain.exceptions import InvalidQuery

_VERSION = b"1"
_CODE_BYTES = 16


def seal(key: str, binding: Sequence[Any], position: Any) -> str:
    """Return the cursor for *position*: a string, an integer or a list of these."""
    content = msgspec.json.encode(position)
    return _text(_code(key, binding, content) + content)


def unseal(key: str, binding: Sequence[Any], cursor: str) -> Any:
    """Return the position of *cursor*.

    Raises InvalidQuery unless `seal` made the cursor with the same key and binding.
    """
    if len(cursor) > MOST_CURSOR_CHARACTERS or not cursor.isascii():
        raise _refusal()
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:
        raise _refusal() from error
    if _text(sealed) != cursor:  # the last character has bits that decoding ignores
        raise _refusal()
    content = sealed[_CODE_BYTES:]
    if not hmac.compare_digest(sealed[:_CODE_BYTES], _code(key, binding, content)):
        raise _refusal()
    return msgspec.json.decode(content)


def _text(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _code(key: str, binding: Sequence[Any], content: bytes) -> bytes:
    message = _VERSION + msgspec.json.encode(binding) + b"\n" + content
    return hmac.digest(key.encode(), message, hashlib.sha256)[:_CODE_BYTES]


def _refusal() -> InvalidQuery:
    return InvalidQuery(
        "cursor",
        "it is not one that this API gave you for this path and these filters, or an outdated "
        "one; start again without it",
    )
