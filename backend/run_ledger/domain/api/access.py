"""Who may see what, by the claims of a token that the authorizer has verified.

================  =====================================  ==========================================
caller            known by                               sees
================  =====================================  ==========================================
staff             group ``staff``                        everything
client            groups ``client-ID``, one or more      those clients alone
machine           no user name in its token              what its grant in the table Clients gives
anybody else      –                                      nothing: Forbidden
================  =====================================  ==========================================

The authorizer accepts only access tokens of this stack's user pool that have the scope and have not
expired. All of this is checked here a second time, as far as claims show it, so that a wrongly
configured gateway gives nothing away: a missing claim, or one in an unknown form, lets nobody in.

A gateway passes a token's list of groups on as one text, in which the group ``x,staff`` and the two
groups ``x`` and ``staff`` look the same. So a text of several names only counts together with the
token's own list, of which it has to be made: no group's name can hold another's.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import Forbidden, Unauthorized
from run_ledger.domain.instants import MICROSECONDS, Instant, parse

REQUIRED_SCOPE = "run-ledger/read"
ACT_SCOPE = "run-ledger/act"
STAFF_GROUP = "staff"
ACT_GROUP = "act"
"""Who is in it may act on incidents, of the clients that the other groups name."""
CLIENT_GROUP = "client-"
_ONE_GROUP = re.compile(r"[^\s,\[\]]+")
_LEEWAY = 60 * MICROSECONDS  # clocks differ a little
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# A REST API writes a token's times as text: Sun Nov 22 15:00:00 UTC 2026.
_DATE_TEXT = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>[0-9 ]?[0-9]) "
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) (?:UTC|GMT|Z) (?P<year>[0-9]{4})"
)
_SECONDS = re.compile(r"[0-9]{1,11}")
_NO_GRANT = (
    "This account has been given no access yet. Ask the people who run this ledger for the group "
    "of your client."
)
_NO_MACHINE_GRANT = (
    "This application has been given no access yet. Ask the people who run this ledger for a grant."
)


_MAY_NOT_ACT = (
    "This account may not act on incidents. Ask the people who run this ledger for that right."
)
_UNCLEAR_GROUPS = (
    "The groups of this account can't be told apart. Ask the people who run this ledger to look "
    "for a group whose name holds a comma, a blank or a bracket."
)


class ClientScope(Struct, frozen=True):
    """The clients whose data a caller may see; ``clients`` is None for all clients."""

    clients: frozenset[str] | None

    def allows(self, client_id: str) -> bool:
        """Return whether the caller may see this client's data."""
        return self.clients is None or client_id in self.clients

    def narrowed(self, client_id: str | None) -> ClientScope:
        """Return the part of the scope that *client_id* asks for: all of it for None."""
        if client_id is None:
            return self
        return ClientScope(frozenset({client_id}) if self.allows(client_id) else frozenset())


EVERYTHING = ClientScope(None)


class Trust(Struct, frozen=True):
    """The tokens to accept: the user pool that issues them, and the app clients for people."""

    issuer: str
    people_clients: frozenset[str]


class Caller(Struct, frozen=True):
    """Who asks. The scope of a machine is None until its grant is read: see `granted`."""

    kind: Literal["staff", "client", "machine"]
    app_client_id: str
    scope: ClientScope | None

    @property
    def binding(self) -> list[str]:
        """Return what a cursor is bound to, the same for all callers who may see the same."""
        if self.scope is None:
            return [self.kind, self.app_client_id]
        return [self.kind, *sorted(self.scope.clients or ())]


def caller(claims: Mapping[str, Any], trust: Trust, now: Instant, token: str = "") -> Caller:
    """Return the caller whose *token* has these *claims*; raises Unauthorized or Forbidden.

    *token* is what the authorizer has verified: it is only read for the list of a person's groups.
    """
    check_token(claims, trust.issuer, now, REQUIRED_SCOPE)
    app_client_id = claims.get("client_id")
    if not isinstance(app_client_id, str) or not app_client_id:
        raise Unauthorized("The token does not say which application it was given to.")
    username = claims.get("username")
    if not username:
        # Cognito names the application as the subject of a token that belongs to no person.
        if claims.get("sub") != app_client_id:
            raise Unauthorized("The token says neither a user nor that it is an application's own.")
        return Caller("machine", app_client_id, None)
    groups = _persons_groups(claims, trust, token)
    return _person(app_client_id, groups)


def acting_person(claims: Mapping[str, Any], trust: Trust, now: Instant) -> ClientScope:
    """Return the clients on whose incidents the person of a token with these *claims* may act.

    *claims* are as the token has them. Raises Unauthorized or Forbidden.
    """
    check_token(claims, trust.issuer, now, ACT_SCOPE)
    groups = _persons_groups(claims, trust, "")
    scope = _person(str(claims.get("client_id")), groups).scope
    if ACT_GROUP not in groups or scope is None:
        raise Forbidden(_MAY_NOT_ACT)
    return scope


def _persons_groups(claims: Mapping[str, Any], trust: Trust, token: str) -> frozenset[str]:
    """Return a person's groups; raises Unauthorized where the token is none of a person's."""
    username, app_client_id = claims.get("username"), claims.get("client_id")
    is_peoples = isinstance(app_client_id, str) and app_client_id in trust.people_clients
    if not isinstance(username, str) or not username or not is_peoples:
        raise Unauthorized("The token was given to an application that people don't use here.")
    return _groups(claims.get("cognito:groups"), claims.get("sub"), token)


def _person(app_client_id: str, groups: frozenset[str]) -> Caller:
    """Return the caller in these *groups*; raises Forbidden where they let nothing be seen."""
    if STAFF_GROUP in groups:
        return Caller("staff", app_client_id, EVERYTHING)
    named = (group.removeprefix(CLIENT_GROUP) for group in groups if group.startswith(CLIENT_GROUP))
    clients = frozenset(client for client in named if is_identifier(client))
    if not clients:
        raise Forbidden(_NO_GRANT)
    return Caller("client", app_client_id, ClientScope(clients))


def check_token(claims: Mapping[str, Any], issuer: str, now: Instant, scope: str) -> None:
    """Raise Unauthorized or Forbidden unless *claims* are those of a valid token with *scope*."""
    if claims.get("token_use") != "access":
        raise Unauthorized(f"The request needs an access token with the scope {scope}.")
    if not issuer or claims.get("iss") != issuer:
        raise Unauthorized("The token was issued by another user pool.")
    if (_instant(claims.get("exp")) or 0) + _LEEWAY <= now:
        raise Unauthorized("The token has expired.")
    for name in ("iat", "nbf"):
        since = _instant(claims.get(name, 0))
        if since is None or since > now + _LEEWAY:
            raise Unauthorized("The token is not valid yet.")
    if scope not in _words(claims.get("scope")):
        raise Forbidden(f"The token lacks the scope {scope}.")


def issued_at(claims: Mapping[str, Any]) -> Instant | None:
    """Return when a token with these *claims* was issued; None where it does not say so."""
    return _instant(claims.get("iat"))


def expires_at(claims: Mapping[str, Any]) -> Instant | None:
    """Return when a token with these *claims* expires; None where it does not say so."""
    return _instant(claims.get("exp"))


def granted(grant: Mapping[str, Any] | None) -> ClientScope:
    """Return the scope of a machine with this *grant*; raises Forbidden where it has none."""
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
    return ClientScope(clients)


def _instant(claim: object) -> Instant | None:
    """Return the instant of a time claim: seconds as a number or text, or a date's text.

    None where it has none of these forms.
    """
    if isinstance(claim, int) and not isinstance(claim, bool):
        return Instant(claim * MICROSECONDS)
    if not isinstance(claim, str):
        return None
    if _SECONDS.fullmatch(claim):
        return Instant(int(claim) * MICROSECONDS)
    date = _DATE_TEXT.fullmatch(claim)
    if date is None or date["month"] not in _MONTHS:
        return None
    month = _MONTHS.index(date["month"]) + 1
    clock = f"{date['hour']}:{date['minute']}:{date['second']}"
    try:
        return parse(f"{date['year']}-{month:02d}-{int(date['day']):02d}T{clock}Z")
    except ValueError:
        return None


def _words(claim: object) -> list[str]:
    return claim.split() if isinstance(claim, str) else []


def _groups(claim: object, subject: object, token: str) -> frozenset[str]:
    """Return the groups in *claim*, a list or a text; raises Forbidden if they can't be told apart.

    A REST API passes a list on as ``a,b``, an HTTP API as ``[a b]``. Only whole names count.
    """
    if isinstance(claim, list | tuple):
        return frozenset(group for group in claim if isinstance(group, str))
    if not isinstance(claim, str) or claim.strip() in {"", "[]"}:
        return frozenset()
    if _ONE_GROUP.fullmatch(claim):
        return frozenset({claim})
    names = _names_in(token, subject)
    if claim not in {",".join(names), ", ".join(names), f"[{' '.join(names)}]"}:
        raise Forbidden(_UNCLEAR_GROUPS)
    return frozenset(names)


def _names_in(token: str, subject: object) -> list[str]:
    """Return the list of groups in the payload of a token of *subject*; empty if it has none."""
    payload = token.removeprefix("Bearer ").split(".")[1:2]
    try:
        said = json.loads(base64.urlsafe_b64decode("".join(payload) + "=="))
    except ValueError:
        return []
    if not isinstance(said, dict) or said.get("sub") != subject:
        return []
    listed = said.get("cognito:groups")
    return [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
