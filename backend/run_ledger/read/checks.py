"""``/probes/{probe_id}`` and ``/proof``: that events arrive, and that what is stored is right.

A probe says nothing of any client, so every caller that may read something may ask for it. Of the
proof, each client has items of its own: what one sees, and how long it takes, says nothing of the
others. It takes one round of calls, or two for a machine.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from msgspec import Struct

from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.checks import (
    MOST_SHOWN,
    DriftDocument,
    ProbeDocument,
    ProofDocument,
    ProofQuery,
    WrongValueDocument,
)
from run_ledger.domain.contract.probes import is_probe_id
from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.instants import text, text_or_none
from run_ledger.store.lists.arrival_reads import read_arrival
from run_ledger.store.proof.frontier import (
    OF_ALL,
    Counts,
    Differing,
    Frontier,
    all_differing,
    counts_of,
    frontier_of,
)
from run_ledger.store.proof.row_frontier import RowFrontier, row_frontier_of

from .inquiries import Inquiry


def show_probe(inquiry: Inquiry) -> Struct:
    """Return when a probe came."""
    PathQuery.of(inquiry.parameters)
    probe_id = inquiry.path_parameters["probe_id"]
    reading = inquiry.reading
    call = partial(read_arrival, reading.client, reading.tables.entries, probe_id, inquiry.now)
    _, arrival = inquiry.with_scope(call) if is_probe_id(probe_id) else (inquiry.scope(), None)
    if arrival is None:
        raise NotFound("No probe of this id has come within the last day.")
    return ProbeDocument(probe_id, text_or_none(arrival.sent_at), text(arrival.received_at))


def show_proof(inquiry: Inquiry) -> Struct:
    """Return the proof of what the caller may see."""
    query = ProofQuery.of(inquiry.parameters)
    clients = inquiry.scope().narrowed(query.client_id).clients
    reading = inquiry.reading
    calls: list[Any] = [partial(frontier_of, reading), partial(row_frontier_of, reading)]
    if clients is None:
        calls.append(partial(all_differing, reading))
    else:
        owners = sorted(clients)
        calls += [partial(all_differing, reading, one) for one in owners]
        calls += [partial(counts_of, reading, one) for one in owners]
    frontier, rows, *found = reading.together(calls)
    differing = [one for some in found if isinstance(some, list) for one in some]
    counts = [one for one in found if isinstance(one, Counts)]
    if clients is None:
        counts = [_counts_of_all(frontier, rows)]
    return _document(frontier, rows, differing, counts)


def _counts_of_all(frontier: Frontier | None, rows: RowFrontier | None) -> Counts:
    of_jobs = (0, 0) if frontier is None else (frontier.judged, frontier.not_judged)
    return Counts(*of_jobs, *((rows.rows, rows.not_judged, rows.projects) if rows else ()))


def _document(
    frontier: Frontier | None,
    rows: RowFrontier | None,
    differing: list[Differing],
    counts: list[Counts],
) -> ProofDocument:
    return ProofDocument(
        proved_to=None if frontier is None else text(frontier.proved_to),
        older_proved_to=None if frontier is None else text(frontier.whole_to),
        rows_proved_to=None if rows is None else text(rows.proved_to),
        since=None if frontier is None else text(frontier.since),
        judged_at=None if frontier is None else text(frontier.judged_at),
        judged=sum(one.judged for one in counts),
        not_judged=sum(one.not_judged for one in counts),
        rows_judged=sum(one.rows for one in counts),
        rows_not_judged=sum(one.rows_not_judged for one in counts),
        projects_judged=sum(one.projects for one in counts),
        differences=len(differing),
        differing=[
            DriftDocument(
                None if one.client_id == OF_ALL else one.client_id,
                one.kind,
                one.id,
                text(one.found_at),
                [
                    WrongValueDocument(each.attribute, each.stored, each.recounted)
                    for each in one.differences
                ],
            )
            for one in differing[:MOST_SHOWN]
        ],
    )
