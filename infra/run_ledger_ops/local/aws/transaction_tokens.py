"""What the local AWS knows of transactions by their tokens, without the transactions.

It keeps each for ten minutes, whole, so as to refuse another one with the same token. A digest
answers that, too.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Any

_SIGNATURE = "signature"


def without_requests(store: Callable[[str, Any], None]) -> Callable[[str, Any], None]:
    """Return what stores what is known of a token, with a digest in place of the request."""

    def stored(token: str, known: dict[str, Any]) -> None:
        store(token, {**known, _SIGNATURE: Digest(known[_SIGNATURE])})

    return stored


class Digest:
    """Stands in for a value of JSON: it equals all that say the same."""

    __slots__ = ("_bytes",)

    def __init__(self, value: Any) -> None:
        self._bytes = _digest(value)

    def __eq__(self, other: object) -> bool:
        """Return whether *other* is a value with this digest."""
        return self._bytes == (other._bytes if isinstance(other, Digest) else _digest(other))

    __hash__ = None  # type: ignore[assignment]


def _digest(value: object) -> bytes:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).digest()
