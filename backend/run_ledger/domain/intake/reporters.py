"""Who may report or act, by a token's verified claims.

Only machines report, for whom their grant says: a person's token never has the scope, and is
refused if it had. Only people act, on the incidents of the clients that their groups name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.access import ClientScope, Trust, acting_person, check_token, granted
from run_ledger.domain.contract.vocabulary import Actor
from run_ledger.domain.exceptions import Unauthorized
from run_ledger.domain.instants import Instant

REPORT_SCOPE = "run-ledger/report"
NOBODY = ClientScope(frozenset())


class ReportingCaller(Struct, frozen=True):
    """A caller of the intake: its name in counts, and the clients that it may report for.

    ``namespaces`` says whose the jobs in a namespace of OpenLineage are, by the namespace, or by
    its beginning followed by ``*``. What it says of clients beyond the scope counts for nothing.
    ``acts`` are the clients on whose incidents it may act, which `actor` then does.
    """

    name: str
    scope: ClientScope
    namespaces: Mapping[str, str] = {}
    acts: ClientScope = NOBODY
    actor: Actor | None = None

    @property
    def logged_as(self) -> str:
        """Return its name in logs, which have no ids of people."""
        return self.name if self.actor is None else "person"


def reporting_caller(name: str, grant: Mapping[str, Any] | None) -> ReportingCaller:
    """Return the caller *name* with this *grant*; raises Forbidden where it has none."""
    scope = granted(grant)
    told = (grant or {}).get("namespaces")
    namespaces = {
        key: client
        for key, client in (told.items() if isinstance(told, Mapping) else ())
        if isinstance(client, str) and scope.allows(client)
    }
    return ReportingCaller(name, scope, namespaces)


def reporting_machine(claims: Mapping[str, Any], issuer: str, now: Instant) -> str:
    """Return the app client whose token has these *claims*; raises Unauthorized or Forbidden."""
    check_token(claims, issuer, now, REPORT_SCOPE)
    app_client_id = claims.get("client_id")
    if not isinstance(app_client_id, str) or not app_client_id:
        raise Unauthorized("The token does not say which application it was given to.")
    # Cognito names the application as the subject of a token that belongs to no person.
    if claims.get("username") or claims.get("sub") != app_client_id:
        raise Unauthorized("The token is not an application's own: people report by no token.")
    return app_client_id


def is_persons(claims: Mapping[str, Any]) -> bool:
    """Return whether *claims*, of a verified token, ask for a person's right to act."""
    return bool(claims.get("username")) and REPORT_SCOPE not in str(claims.get("scope")).split()


def acting_caller(
    claims: Mapping[str, Any], trust: Trust, now: Instant, name_of: Callable[[str], str]
) -> ReportingCaller:
    """Return the person with these *claims*; raises Unauthorized or Forbidden.

    *name_of* returns what people call the person with a user name.
    """
    acts = acting_person(claims, trust, now)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Unauthorized("The token does not say whose it is.")
    person = f"person#{subject}"[:128]
    return ReportingCaller(
        person, NOBODY, acts=acts, actor=Actor(person, name_of(str(claims["username"]))[:256])
    )
