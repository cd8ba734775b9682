"""An inquiry: one request, the caller who makes it, and what an endpoint needs to answer it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from msgspec import Struct

from run_ledger.domain.api import cursors
from run_ledger.domain.api.access import Caller, ClientScope, granted
from run_ledger.domain.api.base_query import ListQuery
from run_ledger.domain.instants import Instant
from run_ledger.store.clients.reads import read_grant
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.overview.kept_pages import KeptPages

T = TypeVar("T")


class Inquiry(Struct, frozen=True):
    """All that an endpoint needs to answer a request."""

    resource: str
    path_parameters: Mapping[str, str]
    parameters: Mapping[str, Sequence[str]]
    caller: Caller
    reading: Reading
    cursor_key: str
    rollup_shards: int
    entry_ttl_days: int
    now: Instant
    address: str
    kept: KeptPages | None = None
    is_telling: bool = False

    def scope(self) -> ClientScope:
        """Return what the caller may see; reads a machine's grant.

        Raises Forbidden for a machine without a grant.
        """
        if self.caller.scope is not None:
            return self.caller.scope
        return granted(self.reading.alone(self._grant()))

    def with_scope(self, call: Callable[[], T]) -> tuple[ClientScope, T]:
        """Return what the caller may see, and the result of *call*, in one round of calls."""
        if self.caller.scope is not None:
            return self.caller.scope, self.reading.alone(call)
        grant, answer = self.reading.both(self._grant(), call)
        return granted(grant), answer

    def with_scope_each(self, calls: Sequence[Callable[[], Any]]) -> tuple[ClientScope, list[Any]]:
        """Return what the caller may see, and the results of *calls*, in one round of calls."""
        if self.caller.scope is not None:
            return self.caller.scope, self.reading.together(calls)
        grant, *answers = self.reading.together([self._grant(), *calls])
        return granted(grant), answers

    def seal(self, query: ListQuery, position: Any) -> str | None:
        """Return the cursor for *position* in the list of *query*; None for None, its end."""
        if position is None:
            return None
        return cursors.seal(self.cursor_key, self._binding(query), position)

    def unseal(self, query: ListQuery) -> Any:
        """Return the position of the query's cursor; None where there is none, for the start.

        Raises InvalidQuery for a cursor of another path, other filters or another caller.
        """
        if query.cursor is None:
            return None
        return cursors.unseal(self.cursor_key, self._binding(query), query.cursor)

    def _binding(self, query: ListQuery) -> list[Any]:
        return [self.resource, self.path_parameters, query.binding, self.caller.binding]

    def _grant(self) -> Callable[[], Mapping[str, Any] | None]:
        reading = self.reading
        return partial(
            read_grant, reading.client, reading.tables.clients, self.caller.app_client_id
        )
