"""``/clients``, ``/clients/{client_id}`` and its configuration.

A client is there if it was declared or has reported jobs. The list is ordered by id: it is total
and stable, and following cursors gives every client that was there all the while exactly once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from msgspec import Struct

from run_ledger.domain.documents import ListDocument
from run_ledger.domain.documents_views import (
    ClientDocument,
    ConfigDocument,
    ParameterDocument,
    job_totals,
)
from run_ledger.domain.errors import NotFound
from run_ledger.domain.parameters import is_identifier
from run_ledger.domain.queries import no_query
from run_ledger.domain.queries_views import clients_query
from run_ledger.domain.rollups import CLIENTS
from run_ledger.store.client_reads import (
    Parameters,
    Profile,
    read_declared,
    read_parameters,
    read_profile,
)
from run_ledger.store.rollup_reads import MOST_ROUNDS
from run_ledger.store.totals import TotalsPage, read_total, read_totals

from .answers import fitting
from .inquiries import Inquiry


def list_clients(inquiry: Inquiry) -> Struct:
    """Return a page of clients, by id."""
    query = clients_query(inquiry.parameters)
    start: str | None = inquiry.unseal([], query.cursor)
    scope = inquiry.scope()
    if scope.clients is None:
        documents, end = _of_all(inquiry, start, query.limit)
    else:
        there = [name for name in sorted(scope.clients) if start is None or name > start]
        page = there[: query.limit]
        documents = _of_these(inquiry, page)
        end = page[-1] if len(page) < len(there) else None
    items = fitting(documents)
    if len(items) < len(documents):
        end = documents[len(items) - 1].client_id
    return ListDocument(items, inquiry.seal([], end), None)


def show_client(inquiry: Inquiry) -> Struct:
    """Return one client."""
    no_query(inquiry.parameters)
    client_id = _client_id(inquiry)
    found = _of_these(inquiry, [client_id])
    if not found:
        raise _no_client()
    return found[0]


def show_config(inquiry: Inquiry) -> Struct:
    """Return a client's configuration, without what is secret."""
    no_query(inquiry.parameters)
    client_id = _client_id(inquiry)
    reading = inquiry.reading
    first: list[Parameters] = []
    read = partial(read_parameters, reading.client, reading.tables.clients, client_id)
    profile, totals, _ = reading.together(
        [*_calls(inquiry, client_id), lambda: first.append(read())]
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
    """Return the id that the path names; NotFound where the caller may see no such client."""
    client_id = inquiry.path_parameters["client_id"]
    if not inquiry.scope().allows(client_id) or not is_identifier(client_id):
        raise _no_client()
    return client_id


def _no_client() -> NotFound:
    return NotFound("There is no such client, or it is not one that you may see.")


def _of_all(
    inquiry: Inquiry, start: str | None, limit: int
) -> tuple[list[ClientDocument], str | None]:
    """Return the first *limit* of all clients beyond *start*, and where they end."""
    reading = inquiry.reading
    (declared, goes_on), reporting = reading.both(
        partial(read_declared, reading.client, reading.tables.clients, start, limit + 1),
        partial(
            read_totals,
            reading.client,
            reading.tables.rollups,
            CLIENTS,
            start=start,
            rows=(limit + 1) * inquiry.rollup_shards,
        ),
    )
    page, end = _merged(declared, reporting, limit, goes_on=goes_on)
    profiles = reading.together(
        [partial(read_profile, reading.client, reading.tables.clients, name) for name in page]
    )
    documents = [
        _document(name, profile, reporting.totals.get(name))
        for name, profile in zip(page, profiles, strict=True)
        if profile is not None or name in reporting.totals
    ]
    return documents, end


def _merged(
    declared: Sequence[str], reporting: TotalsPage, limit: int, *, goes_on: bool
) -> tuple[list[str], str | None]:
    """Return the first *limit* names of both, as far as both were read, and where they end."""
    ends = [
        names[-1]
        for names, is_cut in ((declared, goes_on), (list(reporting.totals), reporting.goes_on))
        if is_cut and names
    ]
    known = sorted({*declared, *reporting.totals})
    whole = [name for name in known if not ends or name <= min(ends)]
    page = whole[:limit]
    return page, page[-1] if page and (ends or len(page) < len(known)) else None


def _of_these(inquiry: Inquiry, client_ids: Sequence[str]) -> list[ClientDocument]:
    """Return those of the clients that there are, in order."""
    calls = [call for client_id in client_ids for call in _calls(inquiry, client_id)]
    answers = inquiry.reading.together(calls)
    return [
        _document(client_id, profile, totals)
        for client_id, profile, totals in zip(client_ids, answers[::2], answers[1::2], strict=True)
        if profile is not None or totals is not None
    ]


def _calls(inquiry: Inquiry, client_id: str) -> list[Any]:
    """Return the two calls that tell whether a client is there, and what it is."""
    client, tables = inquiry.reading.client, inquiry.reading.tables
    return [
        partial(read_profile, client, tables.clients, client_id),
        partial(read_total, client, tables.rollups, CLIENTS, client_id),
    ]


def _document(
    client_id: str, profile: Profile | None, totals: Mapping[str, int] | None
) -> ClientDocument:
    said = profile or {}
    return ClientDocument(
        client_id=client_id,
        name=said.get("name"),
        description=said.get("description"),
        contact=said.get("contact"),
        tags=dict(sorted((said.get("tags") or {}).items())),
        jobs=job_totals(totals or {}),
        declared=profile is not None,
    )


def _parameter(name: str, item: Mapping[str, Any]) -> ParameterDocument:
    return ParameterDocument(
        name=name,
        value=item.get("value", ""),
        description=item.get("description", ""),
        updated_at=item.get("updated_at"),
    )
