"""``/clients``, ``/clients/{client_id}`` and its configuration.

There is a client if it was declared or has reported jobs or projects. The list is ordered by id.
This order is total and stable, so following cursors gives every client that was there all the while
exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.clients_projects import (
    ClientDocument,
    ClientsQuery,
    ConfigDocument,
    ParameterDocument,
    job_totals,
)
from run_ledger.domain.api.pages import ListDocument
from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.domain.exceptions import NotFound
from run_ledger.store.clients.reads import ParameterPage, read_parameters, read_profile
from run_ledger.store.lists.rollup_reads import MOST_ROUNDS
from run_ledger.store.lists.totals import NOTHING, Total, TotalsByName

from .answers import fitting
from .inquiries import Inquiry
from .views import client_calls, clients_beyond, known_clients


def list_clients(inquiry: Inquiry) -> Struct:
    """Return a page of clients, by id."""
    query = ClientsQuery.of(inquiry.parameters)
    start: str | None = inquiry.unseal(query)
    scope, (page, totals, end) = clients_beyond(inquiry, start, query.limit)
    if scope.clients is None:
        documents = _with_totals(inquiry, page, totals)
    else:
        documents = [_document(*one) for one in known_clients(inquiry, page)]
    items = fitting(documents)
    if len(items) < len(documents):
        end = documents[len(items) - 1].client_id
    return ListDocument(items, inquiry.seal(query, end), None)


def show_client(inquiry: Inquiry) -> Struct:
    """Return one client."""
    PathQuery.of(inquiry.parameters)
    client_id = _client_id(inquiry)
    found = known_clients(inquiry, [client_id])
    if not found:
        raise _no_client()
    return _document(*found[0])


def show_config(inquiry: Inquiry) -> Struct:
    """Return a client's configuration, without what is secret."""
    PathQuery.of(inquiry.parameters)
    client_id = _client_id(inquiry)
    reading = inquiry.reading
    first: list[ParameterPage] = []
    read = partial(read_parameters, reading.client, reading.tables.clients, client_id)
    profile, totals, _ = reading.together(
        [*client_calls(inquiry, client_id), lambda: first.append(read())]
    )
    if profile is None and totals is None:
        raise _no_client()
    parts = first
    while parts[-1].after is not None:
        if reading.rounds >= MOST_ROUNDS:
            raise RuntimeError("a client has more parameters than one answer carries")
        parts.append(reading.alone(partial(read, parts[-1].after)))
    return ConfigDocument(
        client_id,
        [_parameter(name, item) for part in parts for name, item in part.plain.items()],
        sum(part.secrets for part in parts),
    )


def _client_id(inquiry: Inquiry) -> str:
    """Return the id in the path; raises NotFound where the caller may not see such a client."""
    client_id = inquiry.path_parameters["client_id"]
    if not inquiry.scope().allows(client_id) or not is_identifier(client_id):
        raise _no_client()
    return client_id


def _no_client() -> NotFound:
    return NotFound("There is no such client, or it is not one that you may see.")


def _with_totals(
    inquiry: Inquiry, page: Sequence[str], totals: TotalsByName
) -> list[ClientDocument]:
    """Return the clients of *page* that were declared or have *totals*, in order."""
    reading = inquiry.reading
    profiles = reading.together(
        [partial(read_profile, reading.client, reading.tables.clients, name) for name in page]
    )
    return [
        _document(name, profile, totals.get(name))
        for name, profile in zip(page, profiles, strict=True)
        if profile is not None or name in totals
    ]


def _document(
    client_id: str, profile: Mapping[str, Any] | None, total: Total | None
) -> ClientDocument:
    declared = profile or {}
    return ClientDocument(
        client_id=client_id,
        name=declared.get("name"),
        description=declared.get("description"),
        contact=declared.get("contact"),
        tags=dict(sorted((declared.get("tags") or {}).items())),
        jobs=job_totals((total or NOTHING).states),
        declared=profile is not None,
    )


def _parameter(name: str, item: Mapping[str, Any]) -> ParameterDocument:
    return ParameterDocument(
        name=name,
        value=item.get("value", ""),
        description=item.get("description", ""),
        updated_at=item.get("updated_at"),
    )
