"""What the answers that total something have in common: which clients they are about."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from run_ledger.domain.access import Scope
from run_ledger.store.directories import read_client_ids

from .inquiries import Inquiry


class View(NamedTuple):
    """What a caller may see of what was asked for: ``clients`` are those of the answer, sorted."""

    scope: Scope
    clients: Sequence[str]


def clients_in_view(inquiry: Inquiry, client_id: str | None) -> View:
    """Return what an answer is about: at most one round of calls.

    That is the clients that the caller may see, of these *client_id* alone where it is given. Who
    may see all of them is shown those that have jobs; others have nothing to add up.
    """
    caller, reading = inquiry.caller, inquiry.reading
    may_see_all = caller.scope is None or caller.scope.clients is None
    if client_id is not None or not may_see_all:
        scope = inquiry.scope().narrowed(client_id)
        return View(scope, sorted(scope.clients or ()))
    scope, known = inquiry.scope_and(
        partial(read_client_ids, reading.client, reading.tables.rollups)
    )
    return View(scope, sorted(known if scope.clients is None else scope.clients))
