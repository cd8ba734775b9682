"""``/probes/{probe_id}``: whether a probe has come, for whoever knows its id.

It says nothing of any client, so every caller that may read something may ask.
"""

from __future__ import annotations

from functools import partial

from msgspec import Struct

from run_ledger.domain.api.base_query import PathQuery
from run_ledger.domain.api.probes import ProbeDocument
from run_ledger.domain.contract.probes import is_probe_id
from run_ledger.domain.exceptions import NotFound
from run_ledger.domain.instants import text, text_or_none
from run_ledger.store.lists.arrival_reads import read_arrival

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
