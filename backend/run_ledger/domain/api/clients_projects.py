"""What may be asked of clients and projects."""

from __future__ import annotations

from typing import Any, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import ProjectStatus

from .jobs import PageQuery
from .parameters import CURSOR, Given, Parameter, check_names, choice, identifier, limit

MOST_CLIENTS, DEFAULT_CLIENTS = 100, 50
MOST_PROJECTS, DEFAULT_PROJECTS = 100, 50

_CLIENTS_LIMIT = limit(DEFAULT_CLIENTS, MOST_CLIENTS)
_PROJECTS_LIMIT = limit(DEFAULT_PROJECTS, MOST_PROJECTS)
_CLIENT_ID = identifier("client_id", "Only projects of this client.")
_STATUS = choice("status", "Only projects in this state.", get_args(ProjectStatus))

CLIENTS_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENTS_LIMIT, CURSOR)
PROJECTS_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENT_ID, _STATUS, _PROJECTS_LIMIT, CURSOR)


class ProjectsQuery(Struct, frozen=True):
    """Which projects, and which page of them."""

    client_id: str | None
    status: str | None
    limit: int
    cursor: str | None

    @property
    def binding(self) -> list[str | None]:
        """Return what ties a cursor to the filters."""
        return [self.client_id, self.status]


def clients_query(given: Given) -> PageQuery:
    """Return the query that the parameters of the list of clients make."""
    check_names(given, CLIENTS_PARAMETERS)
    return PageQuery(_CLIENTS_LIMIT.of(given) or DEFAULT_CLIENTS, CURSOR.of(given))


def projects_query(given: Given) -> ProjectsQuery:
    """Return the query that the parameters of the list of projects make."""
    check_names(given, PROJECTS_PARAMETERS)
    return ProjectsQuery(
        client_id=_CLIENT_ID.of(given),
        status=_STATUS.of(given),
        limit=_PROJECTS_LIMIT.of(given) or DEFAULT_PROJECTS,
        cursor=CURSOR.of(given),
    )
