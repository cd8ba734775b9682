"""What an audit looks at: one job; what one client or one project has; or everything.

An index does not find a job whose item is missing or names another client, and the job's rows would
look wrong. So a *whole* list comes from the entries, too: the audit believes entries.
"""

from __future__ import annotations

from msgspec import Struct

from run_ledger.domain import instants
from run_ledger.domain.instants import DAY, Instant
from run_ledger.domain.state.packed_rows import is_packed
from run_ledger.domain.state.rollups import CLIENTS, Row, projects_partition, subject
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items import keys

from .calls import list_by_entries, list_indexed, list_jobs, list_projects, list_projects_of
from .expected_items import Name


class AuditScope(Struct, frozen=True):
    """Which job, client or project to audit; without an id, everything.

    Days limit the rows, not the jobs and projects. With days, rows of no day are left out.
    """

    now: Instant
    job_id: str | None = None
    client_id: str | None = None
    project_id: str | None = None
    first_day: str | None = None
    last_day: str | None = None
    names: frozenset[Name] | None = None
    """These jobs and projects alone, and no rows."""

    @property
    def has_rows(self) -> bool:
        """Return whether rows can be judged: those of one job alone can't."""
        return self.job_id is None and self.names is None

    @property
    def is_everything(self) -> bool:
        """Return whether neither an id nor names narrow the scope."""
        ids = (self.job_id, self.client_id, self.project_id, self.names)
        return all(one is None for one in ids)

    def owns(self, *items: Item | None) -> bool:
        """Return whether an entity that was listed belongs to the scope by any of its *items*.

        It need not: an entry may mention a client or project that its job does not belong to. An
        entity without items belongs to no scope.
        """
        there = [item for item in items if item is not None]
        if self.client_id is not None:
            return any(item.get("client_id") == {"S": self.client_id} for item in there)
        if self.project_id is not None:
            return any(item.get("project_id") == {"S": self.project_id} for item in there)
        return bool(there)

    def list(self, reading: Reading, *, whole: bool) -> set[Name]:
        """Return the jobs and projects to judge."""
        if self.names is not None:
            return set(self.names)
        if self.job_id is not None:
            return {Name("job", self.job_id)}
        if self.client_id is not None:
            found = list_indexed(reading, keys.BY_CLIENT, "client_id", self.client_id)
            found |= list_projects_of(reading, self.client_id)
        elif self.project_id is not None:
            found = list_indexed(reading, keys.BY_PROJECT, "project_id", self.project_id)
            found.add(Name("project", self.project_id))
        else:
            found = list_jobs(reading) | list_projects(reading)
        if whole:
            wanted = self.client_id or self.project_id
            found |= list_by_entries(reading, None if wanted is None else f'"{wanted}"')
        return found

    def partitions(self, horizon: Instant) -> set[str] | None:
        """Return the partitions of the rows, None for all there are."""
        if self.client_id is not None:
            prefixes = [f"{kind}#{self.client_id}#" for kind in ("client", "failures", "models")]
            undated = {CLIENTS, projects_partition(self.client_id)}
        elif self.project_id is not None:
            prefixes = [f"project#{self.project_id}#"]
            # Its totals lie in its client's partition, and only its jobs name the client.
            undated = set()
        else:
            return None
        first = max(self.first_day or "", instants.day(horizon))
        last = self.last_day or instants.day(instants.later(self.now, DAY))
        end = instants.later(instants.midnight(last), 1)
        midnights = instants.every(DAY, instants.midnight(first), end)
        days = [instants.day(midnight) for midnight in midnights]
        return {prefix + day for prefix in prefixes for day in days} | undated

    def has_day_of(self, partition: str) -> bool:
        """Return whether the day of a *partition* of hours is asked for."""
        day = partition[-10:]
        return (self.first_day is None or self.first_day <= day) and (
            self.last_day is None or day <= self.last_day
        )

    def includes(self, row: Row, horizon: Instant) -> bool:
        """Return whether *row* is asked for, and can be judged by entries since *horizon*."""
        if is_packed(row):
            return False  # It counts what rows of hours do, and is judged by these.
        client_id, project_id, day = subject(row)
        if self.client_id not in (None, client_id) or self.project_id not in (None, project_id):
            return False
        if day is None:
            return self.first_day is None and self.last_day is None
        return (
            day > instants.day(horizon)
            and (self.first_day is None or self.first_day <= day)
            and (self.last_day is None or day <= self.last_day)
        )
