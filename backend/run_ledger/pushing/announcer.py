"""Who listens, and what they hear: pages join, leave, are told of changes, and end in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from typing import NamedTuple

import msgspec
from msgspec import Struct

from run_ledger.domain.api.access import Trust
from run_ledger.domain.exceptions import StoreUnavailable, Unauthorized
from run_ledger.domain.instants import Instant
from run_ledger.domain.intake.tokens import read_token, verified_claims
from run_ledger.domain.pushing.page_listeners import PageListener, beyond_the_limit, listener
from run_ledger.doors.token_keys import TokenKeys
from run_ledger.store.listeners.listener_records import ListenerRecords

from .sockets import Sent, Sockets

SignOutReads = Callable[[Instant], Mapping[str, Instant]]
_NOT_UNDERSTOOD = 'The message is not understood; allowed: {"action": "join", "token": "…"}'
_SIGNED_OUT = "You were signed out. Sign in again."


class PushCounts(NamedTuple):
    """What came of an announcement or of a look: how many pages were told, closed and not told."""

    told: int = 0
    closed: int = 0
    failed: int = 0


class _Join(Struct, frozen=True):
    action: str
    token: str


class Announcer:
    """Keeps listeners and tells them; its methods raise StoreUnavailable where DynamoDB refuses."""

    def __init__(  # noqa: PLR0913 - all that it works with
        self,
        records: ListenerRecords,
        sockets: Sockets,
        *,
        trust: Trust,
        token_keys: TokenKeys,
        read_sign_outs: SignOutReads,
        executor: Executor,
    ) -> None:
        """Keep *records*, speak by *sockets*, and take tokens that *trust* allows.

        *read_sign_outs* tells who was signed out lately; *executor* runs what can be done at once.
        """
        self._records = records
        self._sockets = sockets
        self._trust = trust
        self._token_keys = token_keys
        self._read_sign_outs = read_sign_outs
        self._executor = executor

    def join(self, connection_id: str, message: str, now: Instant) -> Sent:
        """Take a page in by its *message*, and answer it; say whether the answer went out.

        A page that has joined does so again to show that it is there, or to bring a newer token.
        Raises Unauthorized, Forbidden or DoorUnavailable for one that is not taken in.
        """
        try:
            asked = msgspec.json.decode(message, type=_Join)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise Unauthorized(_NOT_UNDERSTOOD) from error
        if asked.action != "join":
            raise Unauthorized(_NOT_UNDERSTOOD)
        token = read_token(asked.token)
        claims = verified_claims(token, self._token_keys.find(token.key_id))
        one = listener(connection_id, claims, self._trust, now)
        if one.has_ended(now, self._read_sign_outs(now)):
            raise Unauthorized(_SIGNED_OUT)
        for other in beyond_the_limit(self._records.all(), one):
            self._end(other.connection_id)
        self._records.keep(one)
        return self._sockets.send(connection_id, msgspec.json.encode({"joined": now // 1_000}))

    def leave(self, connection_id: str) -> None:
        """Forget a page that has closed its socket."""
        self._records.forget(connection_id)

    def refuse(self, connection_id: str) -> None:
        """Close a socket whose page is not taken in, and forget it, should it have been."""
        self._end(connection_id)

    def tell(self, changed: frozenset[str], now: Instant) -> PushCounts:
        """Tell the pages that may see something of the clients *changed*, each once."""
        hearing = [one for one in self._records.all() if one.hears(changed)] if changed else []
        current = [one for one in hearing if not one.has_ended(now, {})]
        text = _version(now)
        sent = [*self._executor.map(lambda one: self._tell(one, text), current)]
        closed = self._end_all([one for one in hearing if one.has_ended(now, {})])
        return PushCounts(sent.count("sent"), closed + sent.count("gone"), sent.count("failed"))

    def end_what_is_over(self, now: Instant) -> PushCounts:
        """Close the sockets of pages whose token has expired, or whose person was signed out."""
        known = self._records.all()
        sign_outs = self._read_sign_outs(now) if known else {}
        return PushCounts(
            closed=self._end_all([one for one in known if one.has_ended(now, sign_outs)])
        )

    def _tell(self, one: PageListener, text: bytes) -> Sent:
        sent = self._sockets.send(one.connection_id, text)
        if sent == "gone":
            # Where that is refused, it is found gone again. No page is to be told twice for it.
            with suppress(StoreUnavailable):
                self._records.forget(one.connection_id)
        return sent

    def _end_all(self, listeners: Sequence[PageListener]) -> int:
        return len([*self._executor.map(lambda one: self._end(one.connection_id), listeners)])

    def _end(self, connection_id: str) -> None:
        # Forgotten first: what is cut off in between hears nothing any more.
        try:
            self._records.forget(connection_id)
        finally:
            self._sockets.close(connection_id)


def _version(now: Instant) -> bytes:
    """Return the message that there is something new: a number that grows, and tells no more."""
    return msgspec.json.encode({"version": now // 1_000})
