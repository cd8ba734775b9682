"""Who may see what, from the claims that the authorizer has verified.

================  =====================================  ==========================================
caller            known by                               sees
================  =====================================  ==========================================
staff             group ``staff``                        everything
client            groups ``client-ID``, one or more      those clients alone
machine           no user name in its token              what its grant in the table Clients says
anybody else      –                                      nothing: Forbidden
================  =====================================  ==========================================

The authorizer lets only access tokens with the scope through. That is checked here once more, so
that a gateway that was configured wrongly gives nothing away.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from .errors import Forbidden, Unauthorized
from .parameters import is_identifier

REQUIRED_SCOPE = "run-ledger/read"
STAFF_GROUP = "staff"
_CLIENT_GROUP = "client-"
_BETWEEN_GROUPS = re.compile(r"[\s,]+")
_NO_GRANT = (
    "This account has been given no access yet. Ask the people who run this ledger for the group "
    "of your client."
)
_NO_MACHINE_GRANT = (
    "This application has been given no access yet. Ask the people who run this ledger for a grant."
)


class Scope(Struct, frozen=True):
    """The clients whose data may be seen; ``clients`` is None where that is all of them."""

    clients: frozenset[str] | None

    def allows(self, client_id: str) -> bool:
        """Return whether data of this client may be seen."""
        return self.clients is None or client_id in self.clients

    def narrowed(self, client_id: str | None) -> Scope:
        """Return what is left of the scope if only *client_id* is asked for; None asks for all."""
        if client_id is None:
            return self
        return Scope(frozenset({client_id}) if self.allows(client_id) else frozenset())


EVERYTHING = Scope(None)


class Caller(Struct, frozen=True):
    """Who asks. The scope of a machine is None: its grant, `granted`, has yet to be read."""

    kind: Literal["staff", "client", "machine"]
    app_client_id: str
    scope: Scope | None

    @property
    def binding(self) -> list[str]:
        """Return what ties a cursor to callers who see the same."""
        if self.scope is None:
            return [self.kind, self.app_client_id]
        return [self.kind, *sorted(self.scope.clients or ())]


def caller(claims: Mapping[str, Any]) -> Caller:
    """Return who *claims* speak of; raises Unauthorized or Forbidden."""
    if claims.get("token_use") != "access":
        raise Unauthorized(f"The request needs an access token with the scope {REQUIRED_SCOPE}.")
    if REQUIRED_SCOPE not in _words(claims.get("scope")):
        raise Forbidden(f"The token lacks the scope {REQUIRED_SCOPE}.")
    app_client_id = claims.get("client_id")
    if not isinstance(app_client_id, str) or not app_client_id:
        raise Unauthorized("The token does not say which application it was given to.")
    if not claims.get("username"):
        return Caller("machine", app_client_id, None)
    groups = _groups(claims.get("cognito:groups"))
    if STAFF_GROUP in groups:
        return Caller("staff", app_client_id, EVERYTHING)
    named = (
        group.removeprefix(_CLIENT_GROUP) for group in groups if group.startswith(_CLIENT_GROUP)
    )
    clients = frozenset(client for client in named if is_identifier(client))
    if not clients:
        raise Forbidden(_NO_GRANT)
    return Caller("client", app_client_id, Scope(clients))


def granted(grant: Mapping[str, Any] | None) -> Scope:
    """Return the scope that a machine's *grant* gives; raises Forbidden where it gives none."""
    grant = grant or {}
    if grant.get("staff") is True:
        return EVERYTHING
    named = grant.get("clients")
    clients = frozenset(
        client
        for client in (named if isinstance(named, list) else ())
        if isinstance(client, str) and is_identifier(client)
    )
    if not clients:
        raise Forbidden(_NO_MACHINE_GRANT)
    return Scope(clients)


def _words(claim: object) -> list[str]:
    return claim.split() if isinstance(claim, str) else []


def _groups(claim: object) -> frozenset[str]:
    """Return the groups in *claim*: a list, or text in one of the forms that gateways make of it.

    ``a,b`` is what a REST API passes on, ``[a b]`` what an HTTP API does. Only whole names count.
    """
    if isinstance(claim, list | tuple):
        return frozenset(group for group in claim if isinstance(group, str))
    if not isinstance(claim, str):
        return frozenset()
    text = claim.strip()
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    return frozenset(group for group in _BETWEEN_GROUPS.split(text) if group)
