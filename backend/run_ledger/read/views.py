"""The clients that an answer is about: all that a caller may see, or a page of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from run_ledger.domain.api.access import ClientScope
from run_ledger.domain.state.rollups import CLIENTS
from run_ledger.store.clients.reads import read_declared, read_profile
from run_ledger.store.lists.totals import (
    Total,
    TotalsByName,
    TotalsPage,
    read_all_totals,
    read_total,
    read_totals,
)

from .inquiries import Inquiry


class View(NamedTuple):
    """What the caller may see of what was asked for; ``clients`` are the answer's, sorted.

    ``jobs`` counts the jobs of clients, where these were read. ``after`` is the last client, where
    there are more than can be looked through.
    """

    scope: ClientScope
    clients: Sequence[str]
    jobs: Mapping[str, int] = {}
    after: str | None = None


def clients_in_view(inquiry: Inquiry, client_id: str | None) -> View:
    """Return the clients that the caller may see, or of them *client_id* alone where it is given.

    A caller who may see all clients gets those that have reported: the others have nothing to add
    up. This takes one round of calls at most.
    """
    caller, reading = inquiry.caller, inquiry.reading
    may_see_all = caller.scope is None or caller.scope.clients is None
    if client_id is not None or not may_see_all:
        scope = inquiry.scope().narrowed(client_id)
        return View(scope, sorted(scope.clients or ()))
    scope, known = inquiry.with_scope(
        partial(read_all_totals, reading.client, reading.tables.rollups, CLIENTS)
    )
    if scope.clients is not None:
        return View(scope, sorted(scope.clients))
    jobs = {name: total.jobs for name, total in known.totals.items()}
    return View(scope, sorted(jobs), jobs, max(jobs, default=None) if known.goes_on else None)


def client_calls(inquiry: Inquiry, client_id: str) -> list[Callable[[], Any]]:
    """Return the two calls that read a client's profile and its totals."""
    client, tables = inquiry.reading.client, inquiry.reading.tables
    return [
        partial(read_profile, client, tables.clients, client_id),
        partial(read_total, client, tables.rollups, CLIENTS, client_id),
    ]


def known_clients(
    inquiry: Inquiry, client_ids: Sequence[str]
) -> list[tuple[str, Mapping[str, Any] | None, Total | None]]:
    """Return those of *client_ids* that were declared or have totals, in one round of calls."""
    calls = [call for client_id in client_ids for call in client_calls(inquiry, client_id)]
    results = inquiry.reading.together(calls)
    return [
        (client_id, profile, total)
        for client_id, profile, total in zip(client_ids, results[::2], results[1::2], strict=True)
        if profile is not None or total is not None
    ]


class ClientsPage(NamedTuple):
    """Clients sorted by id, with their totals; ``end`` is the last id, None on the last page."""

    clients: Sequence[str]
    totals: TotalsByName
    end: str | None


def clients_beyond(
    inquiry: Inquiry, start: str | None, limit: int
) -> tuple[ClientScope, ClientsPage]:
    """Return the first *limit* clients after *start* that the caller may see: one round at most.

    A caller who may see all clients gets those that were declared or have reported; a client whose
    declaration was removed meanwhile may be among them, without totals. A caller who may see some
    clients gets these, without totals.
    """
    caller, reading = inquiry.caller, inquiry.reading
    if caller.scope is not None and caller.scope.clients is not None:
        return caller.scope, _some(caller.scope.clients, start, limit)
    scope, ((declared, goes_on), reporting) = inquiry.with_scope_each(
        [
            partial(read_declared, reading.client, reading.tables.clients, start, limit + 1),
            partial(
                read_totals,
                reading.client,
                reading.tables.rollups,
                CLIENTS,
                start=start,
                rows=(limit + 1) * inquiry.rollup_shards,
            ),
        ]
    )
    if scope.clients is not None:
        return scope, _some(scope.clients, start, limit)
    page, end = merged_names(declared, reporting, limit, goes_on=goes_on)
    return scope, ClientsPage(page, reporting.totals, end)


def _some(clients: Iterable[str], start: str | None, limit: int) -> ClientsPage:
    there = [name for name in sorted(clients) if start is None or name > start]
    page = there[:limit]
    return ClientsPage(page, {}, page[-1] if len(page) < len(there) else None)


def merged_names(
    names: Sequence[str], page: TotalsPage, limit: int, *, goes_on: bool = False
) -> tuple[list[str], str | None]:
    """Return the first *limit* of *names* and the names of *page* together, sorted.

    Both may be cut: *names* where more follow, which *goes_on* says, and *page* where it goes on. A
    name beyond the shorter of them is left for the next page. The second value is the last name
    returned, and None where no more names follow.
    """
    ends = [
        known[-1]
        for known, is_cut in ((names, goes_on), (list(page.totals), page.goes_on))
        if is_cut and known
    ]
    everything = sorted({*names, *page.totals})
    whole = [name for name in everything if not ends or name <= min(ends)]
    chosen = whole[:limit]
    return chosen, chosen[-1] if chosen and (ends or len(chosen) < len(everything)) else None
