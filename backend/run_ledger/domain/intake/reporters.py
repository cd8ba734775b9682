"""Who may report, by a token's verified claims; what it may report for stands in its grant.

Only machines report: a person's token never has the scope, and is refused if it had.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.access import ClientScope, check_token, granted
from run_ledger.domain.exceptions import Unauthorized
from run_ledger.domain.instants import Instant

REPORT_SCOPE = "run-ledger/report"


class ReportingCaller(Struct, frozen=True):
    """A caller of the intake: its name in counts, and the clients that it may report for.

    ``namespaces`` says whose the jobs in a namespace of OpenLineage are, by the namespace, or by
    its beginning followed by ``*``. What it says of clients beyond the scope counts for nothing.
    """

    name: str
    scope: ClientScope
    namespaces: Mapping[str, str] = {}


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
