"""The keys by which a user pool signs tokens, fetched from where it publishes them."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Mapping

from run_ledger.domain.exceptions import DoorUnavailable
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.intake.tokens import PublicKey, read_keys

_KEPT = 3_600 * MICROSECONDS
_PAUSE = 30 * MICROSECONDS
_SECONDS = 3.0
_MOST_BYTES = 100_000


class TokenKeys:
    """The keys of one pool, kept for an hour.

    A key that is not known is looked for anew, at most once in half a minute, so that tokens with
    invented keys cause no more than that.
    """

    def __init__(
        self, url: str, now: Callable[[], Instant], fetch: Callable[[str], bytes] | None = None
    ) -> None:
        """Fetch from *url*, by *fetch* if it is given."""
        self._url = url
        self._now = now
        self._fetch = fetch or _over_http
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at: Instant | None = None
        self._tried_at: Instant | None = None

    def find(self, key_id: str) -> PublicKey | None:
        """Return the key of an id, None for an unknown one.

        Raises DoorUnavailable where no keys are known and none can be fetched.
        """
        now = self._now()
        is_old = self._fetched_at is None or now - self._fetched_at >= _KEPT
        is_due = self._tried_at is None or now - self._tried_at >= _PAUSE
        if (is_old or key_id not in self._keys) and is_due:
            self._tried_at = now
            self._renew(now)
        if self._fetched_at is None:
            raise DoorUnavailable("the user pool's keys can't be fetched")
        return self._keys.get(key_id)

    def _renew(self, now: Instant) -> None:
        """Fetch the keys; while that fails, those that are known go on to count."""
        try:
            self._keys = read_keys(self._fetch(self._url))
        except (OSError, ValueError) as error:
            if self._fetched_at is None:
                self._tried_at = None
                raise DoorUnavailable("the user pool's keys can't be fetched") from error
            return
        self._fetched_at = now


def _over_http(url: str) -> bytes:
    # The address is a setting of the function, and no caller's.
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310
        read: bytes = answer.read(_MOST_BYTES)
    return read
