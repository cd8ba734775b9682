"""How events change a job or a project: both offer what the ledger needs to post to either."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, ClassVar

from msgspec import Struct, structs

from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import Instant
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.own_counters import folded
from run_ledger.domain.state.rollups import (
    Differences,
    add_totals,
    counted_next,
    delta_sums,
    differences_of,
    merge,
    project_differences,
    rows_of_samples,
    state_differences,
)
from run_ledger.domain.state.samples import Samples, failure_samples
from run_ledger.domain.state.sums import CounterSums
from run_ledger.store.dynamo.attributes import Attribute, Item, to_attribute, to_item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.items import job_items, project_items
from run_ledger.store.items.job_items import PlaceInLog
from run_ledger.store.items.own_names import OF_ENTITIES, Held, take_names
from run_ledger.store.logs.known_entities import StoredEntity


class Layout(Enum):
    """How what a batch brings to an entity is kept."""

    LOG = "log"
    """As one row of the entity's log."""
    ROWS = "rows"
    """As before there were logs, each event by itself; an entity that has a log goes on in it."""


class Write(Struct, frozen=True):
    """The change of one entity by some events, ready for a transaction.

    ``after`` is the entity as it is then, without its counters. ``names`` is the number of the
    counters and models' counters that the events bring.
    """

    action: dict[str, Any]
    names: int
    differences: Differences
    after: StoredEntity
    outcome: dict[str, Any]
    samples: Samples = {}

    @property
    def number(self) -> int | None:
        """Return the number of the events' row in the log; None where each is kept by itself."""
        return self.after.revision if self.after.in_log else None


class Entity(ABC):
    """One kind of entity, whose items are in one table."""

    kind: ClassVar[str]

    def __init__(self, table: str) -> None:
        """Remember the name of the *table*."""
        self.table = table

    @property
    def key_name(self) -> str:
        """Return the attribute that is the items' key."""
        return f"{self.kind}_id"

    def key(self, entity_id: str) -> Item:
        """Return the item's key."""
        return to_item({self.key_name: entity_id})

    @abstractmethod
    def load(self, item: Mapping[str, Attribute]) -> StoredEntity:
        """Return the entity that an item holds."""

    @abstractmethod
    def identity(self, event: Event) -> tuple[str, ...]:
        """Return what all events of one entity must agree on."""

    @abstractmethod
    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""

    @abstractmethod
    def write(
        self,
        stored: StoredEntity | None,
        entity_id: str,
        events: Sequence[Event],
        now: Instant,
        layout: Layout,
    ) -> Write:
        """Return the change by *events*, on the condition that the entity is as *stored*."""


class JobEntity(Entity):
    """Jobs: their state is in the table Jobs, and they are counted in Rollups."""

    kind = "job"

    def load(self, item: Mapping[str, Attribute]) -> job_items.StoredJob:
        """Return the entity that an item holds."""
        return job_items.from_job_item(item)

    def identity(self, event: Event) -> tuple[str, ...]:
        """Return client, project and pipeline."""
        return jobs.identity(jobs.job_update(event))

    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""
        jobs.check_identity(_stored_job(stored).job, jobs.job_update(event))

    def write(
        self,
        stored: StoredEntity | None,
        entity_id: str,
        events: Sequence[Event],
        now: Instant,
        layout: Layout,
    ) -> Write:
        """Return the change by *events*, on the condition that the job is as *stored*."""
        known = _stored_job(stored) if stored else None
        update = UpdateBuilder()
        place = _guard(update, self.key_name, known, layout, now)
        update.set(job_items.seen_attributes(now))
        deltas = delta_sums(events)
        differences: Differences = {}
        entries, held = (known.entries, known.held) if known else (0, Held())
        if known and all(jobs.changes_only_counters(one, known.job.attempts) for one in events):
            job, retries, outcome, samples = known.job, known.retries_from, {}, {}
            update.remove(job_items.TURNED)
        else:
            before = known.job if known else None
            job = jobs.fold_state(before, events)
            retries_before = known.retries_from if known else 1
            retries = counted_next(job, retries_before)
            attributes = job_items.state_attributes(job, retries_from=retries)
            if job_items.has_turned(before, job):
                attributes[job_items.TURNED] = place.revision
            else:
                update.remove(job_items.TURNED)
            update.set(attributes)
            update.remove(*job_items.gone_attributes(before, attributes))
            changes = state_differences(
                before, job, retries_before=retries_before, retries_after=retries
            )
            add_totals(deltas, before, job)
            merge(differences, changes)
            outcome, samples = _outcome(before, job), failure_samples(before, job)
            # Rows that only take in a sample are among the transaction's rows, too.
            for row in samples:
                merge(differences, {one: {} for one in rows_of_samples(row)})
            job = structs.replace(job, counters={}, counters_by_model={})
        names = _add_sums(update, deltas.values(), len(events), known)
        merge(differences, differences_of(deltas))
        after = job_items.StoredJob(
            job, place.revision, now, entries + len(events), retries, held, *place[1:]
        )
        action = update.action(self.table, self.key(entity_id))
        return Write(action, names, differences, after, outcome, samples)


class ProjectEntity(Entity):
    """Projects: their state is in the table Projects; Rollups count each once, for its client."""

    kind = "project"

    def load(self, item: Mapping[str, Attribute]) -> project_items.StoredProject:
        """Return the entity that an item holds."""
        return project_items.from_project_item(item)

    def identity(self, event: Event) -> tuple[str, ...]:
        """Return the client."""
        return (event.update.client_id,)

    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""
        project = _stored_project(stored).project
        projects.check_identity(project, projects.project_update(event))

    def write(
        self,
        stored: StoredEntity | None,
        entity_id: str,
        events: Sequence[Event],
        now: Instant,
        layout: Layout,
    ) -> Write:
        """Return the change by *events*, on the condition that the project is as *stored*."""
        known = _stored_project(stored) if stored else None
        update = UpdateBuilder()
        place = _guard(update, self.key_name, known, layout, now)
        update.set({"seen": now})
        sums = CounterSums()
        for event in events:
            sums.take(event)
        names = _add_sums(update, [sums], len(events), known)
        differences: Differences = {}
        entries, held = (known.entries, known.held) if known else (0, Held())
        if known and all(
            projects.changes_only_counters(one, known.project.created_at) for one in events
        ):
            project, outcome = known.project, {}
        else:
            before = known.project if known else None
            project = projects.fold(before, events)
            attributes = project_items.state_attributes(project)
            update.set(attributes)
            update.remove(*project_items.gone_attributes(attributes))
            differences = project_differences(before, project)
            outcome = {"status": project.latest("status")}
            project = structs.replace(project, counters={})
        after = project_items.StoredProject(
            project, place.revision, now, entries + len(events), held, *place[1:]
        )
        action = update.action(self.table, self.key(entity_id))
        return Write(action, names, differences, after, outcome)


def _add_sums(
    update: UpdateBuilder, some: Iterable[CounterSums], events: int, stored: StoredEntity | None
) -> int:
    """Add what *events* add up to, and their number; return how many counters they bring.

    No own counter after the last that is kept is added.
    """
    brought: dict[str, int] = {}
    for sums in some:
        for name, change in sums.attributes.items():
            brought[name] = brought.get(name, 0) + change
    counts = folded(brought, OF_ENTITIES.kept, last=stored.held.last if stored else None)
    update.add({"n": events, **counts})
    take_names(update, counts, OF_ENTITIES)
    return len(brought)


def _guard(
    update: UpdateBuilder, key: str, stored: StoredEntity | None, layout: Layout, now: Instant
) -> PlaceInLog:
    """Require that the entity is as it was read, and raise its revision by one.

    So of two postings that were made of the same state one fails. A log that begins *now* has an
    era of its own: an earlier one of the entity, whose item was lost, may have had its numbers.
    """
    if stored is None:
        update.require_absent(key)
        place = PlaceInLog(1, layout is Layout.LOG, layout is Layout.ROWS, now)
    else:
        era = to_attribute(stored.era) if stored.era else None
        update.require_exactly("era", era)
        revision = stored.revision + 1
        place = PlaceInLog(revision, stored.in_log, stored.has_old, stored.era)
        update.require(("log" if stored.in_log else "rev",), "=", stored.revision)
        if not stored.in_log and layout is Layout.LOG:
            # An earlier version adds to counters without raising the revision, but always raises n.
            update.require(("n",), "=", stored.entries)
            update.set({"old": True})
            update.remove("rev")
            place = PlaceInLog(1, in_log=True, has_old=True, era=now)
    update.set({"log" if place.in_log else "rev": place.revision})
    if stored is None or place.era != stored.era:
        update.set({"era": place.era})
    return place


def _outcome(before: jobs.Job | None, after: jobs.Job) -> dict[str, Any]:
    """Return the log's words for a job that turned from *before* into *after*."""
    current = after.current
    outcome: dict[str, Any] = {
        "status": current.status,
        "result": current.result,
        "attempt": after.attempt,
    }
    if before is None or (before.outcome, before.attempt) != (after.outcome, after.attempt):
        outcome["turned_to"] = after.outcome
    if current.error is not None:
        outcome["error_type"] = current.error.type
        outcome["error_fingerprint"] = current.error.fingerprint
    return outcome


def _stored_job(stored: StoredEntity) -> job_items.StoredJob:
    if not isinstance(stored, job_items.StoredJob):
        raise TypeError("a job is needed here")
    return stored


def _stored_project(stored: StoredEntity) -> project_items.StoredProject:
    if not isinstance(stored, project_items.StoredProject):
        raise TypeError("a project is needed here")
    return stored
