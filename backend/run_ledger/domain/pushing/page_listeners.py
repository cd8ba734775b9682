"""A listener: an open page that holds a socket, and hears when there is something new for it.

It joins by the access token with which it also asks the read API, and hears of the same clients. A
message says no more than ``{"version": n}``: what is new, the page asks the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.access import Trust, caller, expires_at, issued_at
from run_ledger.domain.exceptions import Forbidden, Unauthorized
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant, later

MOST_OF_ONE_PERSON = 20
"""How many pages of one person hear at a time; a further one takes the place of the oldest."""
_EARLY = Duration(15 * MICROSECONDS)


class PageListener(Struct, frozen=True):
    """An open page: the id of its connection, its person, and the clients that it hears of.

    ``clients`` is None for all clients. ``issued_at`` and ``ends_at`` are those of its token;
    ``joined_at`` is when it came, or came again with another token.
    """

    connection_id: str
    subject: str
    clients: frozenset[str] | None
    issued_at: Instant
    ends_at: Instant
    joined_at: Instant

    def hears(self, changed: frozenset[str]) -> bool:
        """Return whether something is new for it where that of the clients *changed* is."""
        return bool(changed) and (self.clients is None or not changed.isdisjoint(self.clients))

    def has_ended(self, now: Instant, sign_outs: Mapping[str, Instant]) -> bool:
        """Return whether its token counts no more: by its time, or as its person was signed out.

        Its time is over a quarter of a minute early, so that whoever looks once a minute is never
        late. *sign_outs* says when each person was signed out, by ``sub``.
        """
        ended_at = sign_outs.get(self.subject)
        is_signed_out = ended_at is not None and self.issued_at < ended_at
        return is_signed_out or self.ends_at <= later(now, _EARLY)


def listener(
    connection_id: str, claims: Mapping[str, Any], trust: Trust, now: Instant
) -> PageListener:
    """Return who listens by a verified token with these *claims*.

    Raises Unauthorized or Forbidden, as the read API does; and Forbidden for an application, as
    only people have pages open.
    """
    found = caller(claims, trust, now)
    if found.scope is None:
        raise Forbidden("Only people hear of changes; an application asks the API.")
    subject, began, ends = claims.get("sub"), issued_at(claims), expires_at(claims)
    if not isinstance(subject, str) or not subject or began is None or ends is None:
        raise Unauthorized("The token does not say whose it is, and from when to when.")
    return PageListener(connection_id, subject, found.scope.clients, began, ends, now)


def beyond_the_limit(known: Sequence[PageListener], one: PageListener) -> list[PageListener]:
    """Return which of the *known* listeners have to go when *one* comes: its person's oldest."""
    own = [
        other
        for other in known
        if other.subject == one.subject and other.connection_id != one.connection_id
    ]
    own.sort(key=lambda other: other.joined_at)
    return own[: max(0, len(own) + 1 - MOST_OF_ONE_PERSON)]
