"""Whether a person was signed out since their token was issued: then it lets nobody in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from run_ledger.domain.api.access import issued_at
from run_ledger.domain.exceptions import Unauthorized
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.dynamo.reading import Reading

from .sign_outs import read_sign_outs

_KEPT = 60 * MICROSECONDS


class SignOuts:
    """The sign-outs of the last day, read anew each minute."""

    def __init__(self) -> None:
        """Know none yet."""
        self._found: Mapping[str, Instant] = {}
        self._read_at: Instant | None = None

    def begin(self, reading: Reading, now: Instant) -> Callable[[], None]:
        """Begin to read them if they are a minute old; return what waits until they are there."""
        if self._read_at is not None and now - self._read_at < _KEPT:
            return lambda: None
        client, table = reading.client, reading.tables.clients
        waited = reading.beside(partial(read_sign_outs, client, table, now))

        def wait() -> None:
            self._found, self._read_at = waited(), now

        return wait

    def check(self, claims: Mapping[str, Any]) -> None:
        """Raise Unauthorized where the person of a token was signed out after it was issued."""
        ended_at = self._found.get(str(claims.get("sub")))
        if ended_at is not None and (issued_at(claims) or 0) < ended_at:
            raise Unauthorized("You were signed out. Sign in again.")
