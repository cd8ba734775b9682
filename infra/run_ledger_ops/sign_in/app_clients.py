"""App clients of machines, each with a grant in the table Clients."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from run_ledger.store.clients.grants import delete_grant, put_grant
from run_ledger.store.clients.report_grants import delete_report_grant, put_report_grant
from run_ledger_ops.console.target import Target
from run_ledger_ops.sign_in.access_options import Access

MACHINES = "client_credentials"
_PAGE = 60


class App(Struct, frozen=True):
    """An app client; `access` is what it sees, `reports` for whom it reports: None for nobody."""

    name: str
    client_id: str
    client_secret: str | None
    access: Access | None
    reports: Access | None = None
    scopes: tuple[str, ...] = ()

    def granted(self, scope: str, report_scope: str) -> Access | None:
        """Return what it may by tokens of a *scope*."""
        return self.reports if scope == report_scope else self.access


def create(system: Target, name: str, scope: str) -> App:
    """Make an app client that gets tokens of a scope by client credentials, and no grant yet."""
    made = system.cognito.create_user_pool_client(
        UserPoolId=system.outputs["UserPoolId"],
        ClientName=name,
        GenerateSecret=True,
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthFlows=[MACHINES],
        AllowedOAuthScopes=[scope],
        SupportedIdentityProviders=["COGNITO"],
        ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"],
        PreventUserExistenceErrors="ENABLED",
        EnableTokenRevocation=True,
        AccessTokenValidity=60,
        TokenValidityUnits={"AccessToken": "minutes"},
    )["UserPoolClient"]
    return App(made["ClientName"], made["ClientId"], made["ClientSecret"], None, None, (scope,))


def grant(system: Target, app: App, wanted: Access) -> None:
    """Let an app see what *wanted* says."""
    put_grant(system.dynamodb, system.tables.clients, app.client_id, wanted.grant)


def grant_reports(system: Target, app: App, wanted: Access) -> None:
    """Let an app report for whom *wanted* says."""
    put_report_grant(system.dynamodb, system.tables.clients, app.client_id, wanted.grant)


def withdraw(system: Target, client_id: str) -> None:
    """Let an app see nothing and report for nobody, from its next request on."""
    delete_grant(system.dynamodb, system.tables.clients, client_id)
    delete_report_grant(system.dynamodb, system.tables.clients, client_id)


def remove(system: Target, client_id: str) -> None:
    """Delete an app's grants, and then its app client."""
    withdraw(system, client_id)
    system.cognito.delete_user_pool_client(
        UserPoolId=system.outputs["UserPoolId"], ClientId=client_id
    )


def listed(system: Target) -> list[dict[str, Any]]:
    """Return the pool's app clients, of people and of machines, with their names and ids."""
    pages = system.cognito.get_paginator("list_user_pool_clients").paginate(
        UserPoolId=system.outputs["UserPoolId"], PaginationConfig={"PageSize": _PAGE}
    )
    return [client for page in pages for client in page["UserPoolClients"]]


def ids_of(system: Target, name: str) -> Iterator[str]:
    """Give the ids of all app clients of a name."""
    return (str(one["ClientId"]) for one in listed(system) if one["ClientName"] == name)
