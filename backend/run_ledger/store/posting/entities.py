"""How events change a job or a project: both offer what the ledger needs to post to either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.instants import Instant, text
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.model_counters import (
    CountersByModel,
    add_by_model,
    model_attributes,
)
from run_ledger.domain.state.own_counters import folded
from run_ledger.domain.state.rollups import (
    Differences,
    counted_next,
    delta_differences,
    merge,
    project_differences,
    state_differences,
)
from run_ledger.domain.state.samples import Samples, failure_samples
from run_ledger.domain.state.sums import add_delta
from run_ledger.store.dynamo.attributes import Attribute, Item, to_item
from run_ledger.store.dynamo.expressions import UpdateBuilder
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items import job_items, project_items
from run_ledger.store.items.own_names import OF_ENTITIES, take_names

StoredEntity = job_items.StoredJob | project_items.StoredProject


class Known(Struct, frozen=True):
    """What stays true of an entity whatever events it takes in later.

    ``identity`` never changes. ``starts`` maps the number of an attempt to its start, which only
    ever moves back; a project has one attempt, 1, that starts with its creation. ``runs`` maps it
    to the latest event whose status is running, which only ever moves forward. So an event that by
    these only adds to counters can be written without reading the entity first. ``last_own`` is the
    last own counter that its item can ever keep; None where that is not known.
    """

    identity: tuple[str, ...]
    starts: Mapping[int, Instant]
    runs: Mapping[int, Instant] = {}
    last_own: str | None = None


class Write(Struct, frozen=True):
    """The change of one entity by some events, ready for a transaction."""

    action: dict[str, Any]
    differences: Differences
    known: Known | None
    outcome: dict[str, Any]
    samples: Samples = {}


class Entity(Protocol):
    """One kind of entity."""

    kind: str
    key_name: str
    table: str

    def key(self, entity_id: str) -> Item:
        """Return the item's key."""

    def load(self, item: Mapping[str, Attribute]) -> StoredEntity:
        """Return the entity that an item holds."""

    def known(self, stored: StoredEntity) -> Known:
        """Return what stays true of *stored*."""

    def identity(self, event: Event) -> tuple[str, ...]:
        """Return what all events of one entity must agree on."""

    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""

    def only_adds(self, known: Known, event: Event) -> bool:
        """Return whether *event* only adds to counters."""

    def write_sums(
        self, known: Known, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by events that only add to counters."""

    def write_state(
        self, stored: StoredEntity | None, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by any events, guarded by the revision that was read."""


class JobEntity:
    """Jobs: their state is in the table Jobs, and they are counted in Rollups."""

    kind = "job"
    key_name = "job_id"

    def __init__(self, tables: Tables) -> None:
        """Remember where jobs are kept."""
        self.table = tables.jobs

    def key(self, entity_id: str) -> Item:
        """Return the item's key."""
        return to_item({self.key_name: entity_id})

    def load(self, item: Mapping[str, Attribute]) -> job_items.StoredJob:
        """Return the entity that an item holds."""
        return job_items.from_job_item(item)

    def known(self, stored: StoredEntity) -> Known:
        """Return what stays true of *stored*."""
        known = _stored_job(stored)
        return _known_of_job(known.job, known.held.last)

    def identity(self, event: Event) -> tuple[str, ...]:
        """Return client, project and pipeline."""
        return jobs.identity(jobs.job_update(event))

    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""
        jobs.check_identity(_stored_job(stored).job, jobs.job_update(event))

    def only_adds(self, known: Known, event: Event) -> bool:
        """Return whether *event* only adds to counters."""
        return self.identity(event) == known.identity and jobs.changes_only_counters(
            event, known.starts, known.runs
        )

    def write_sums(
        self, known: Known, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by events that only add to counters."""
        client_id, project_id, pipeline = jobs.identity(jobs.job_update(events[0]))
        update = UpdateBuilder()
        update.require(("client_id",), "=", client_id)
        update.require(("project_id",), "=", project_id)
        update.require(("pipeline",), "=", pipeline)
        earliest: dict[int, Instant] = {}
        latest_running: dict[int, Instant] = {}
        for event in events:
            number, at = event.order[0], event.occurred_at
            earliest[number] = min(earliest.get(number, at), at)
            if jobs.job_update(event).status == "running":
                latest_running[number] = max(latest_running.get(number, at), at)
        for number, instant in earliest.items():
            update.require(("at", str(number), "s"), "<=", instant)
        for number, instant in latest_running.items():
            update.require(("at", str(number), "l"), ">=", instant)
        _take_in(update, events, job_items.seen_attributes(now), known.last_own)
        return Write(
            update.action(self.table, self.key(entity_id)), delta_differences(events), None, {}
        )

    def write_state(
        self, stored: StoredEntity | None, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by any events, guarded by the revision that was read."""
        known = _stored_job(stored) if stored else None
        before = known.job if known else None
        after = jobs.fold(before, events)
        update = UpdateBuilder()
        _guard(update, "job_id", stored)
        retries_before = known.retries_from if known else 1
        retries_after = counted_next(after, retries_before)
        attributes = job_items.state_attributes(after, retries_from=retries_after)
        update.set(attributes)
        update.remove(*job_items.gone_attributes(before, attributes))
        last_own = known.held.last if known else None
        _take_in(update, events, job_items.seen_attributes(now), last_own)
        differences = state_differences(
            before, after, retries_before=retries_before, retries_after=retries_after
        )
        merge(differences, delta_differences(events))
        return Write(
            update.action(self.table, self.key(entity_id)),
            differences,
            _known_of_job(after, last_own),
            _outcome(before, after),
            failure_samples(before, after),
        )


class ProjectEntity:
    """Projects: their state is in the table Projects; Rollups count each once, for its client."""

    kind = "project"
    key_name = "project_id"

    def __init__(self, tables: Tables) -> None:
        """Remember where projects are kept."""
        self.table = tables.projects

    def key(self, entity_id: str) -> Item:
        """Return the item's key."""
        return to_item({self.key_name: entity_id})

    def load(self, item: Mapping[str, Attribute]) -> project_items.StoredProject:
        """Return the entity that an item holds."""
        return project_items.from_project_item(item)

    def known(self, stored: StoredEntity) -> Known:
        """Return what stays true of *stored*."""
        known = _stored_project(stored)
        return _known_of_project(known.project, known.held.last)

    def identity(self, event: Event) -> tuple[str, ...]:
        """Return the client."""
        return (event.update.client_id,)

    def check(self, stored: StoredEntity, event: Event) -> None:
        """Raise InvalidEvent where *event* disagrees with what is *stored*."""
        project = _stored_project(stored).project
        projects.check_identity(project, projects.project_update(event))

    def only_adds(self, known: Known, event: Event) -> bool:
        """Return whether *event* only adds to counters."""
        return self.identity(event) == known.identity and projects.changes_only_counters(
            event, known.starts[1]
        )

    def write_sums(
        self, known: Known, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by events that only add to counters."""
        update = UpdateBuilder()
        update.require(("client_id",), "=", events[0].update.client_id)
        # "$" follows "#", which ends the time in ck: so this says created_at <= earliest.
        earliest = min(event.occurred_at for event in events)
        update.require(("ck",), "<", f"{text(earliest)}$")
        _take_in(update, events, {"seen": now}, known.last_own)
        return Write(update.action(self.table, self.key(entity_id)), {}, None, {})

    def write_state(
        self, stored: StoredEntity | None, entity_id: str, events: Sequence[Event], now: Instant
    ) -> Write:
        """Return the change by any events, guarded by the revision that was read."""
        known = _stored_project(stored) if stored else None
        before = known.project if known else None
        after = projects.fold(before, events)
        update = UpdateBuilder()
        _guard(update, "project_id", stored)
        update.set(project_items.state_attributes(after))
        last_own = known.held.last if known else None
        _take_in(update, events, {"seen": now}, last_own)
        action = update.action(self.table, self.key(entity_id))
        differences = project_differences(before, after)
        outcome = {"status": after.latest("status")}
        return Write(action, differences, _known_of_project(after, last_own), outcome)


def _guard(update: UpdateBuilder, key: str, stored: StoredEntity | None) -> None:
    """Require that the entity is as it was read, and raise its revision by one."""
    if stored is None:
        update.require_absent(key)
        update.set({"rev": 1})
    else:
        update.require(("rev",), "=", stored.revision)
        update.set({"rev": stored.revision + 1})


def _take_in(
    update: UpdateBuilder,
    events: Sequence[Event],
    seen_attributes: Mapping[str, int],
    last_own: str | None,
) -> None:
    """Add the events' deltas and their number, and set when they came in.

    No own counter after *last_own* is kept; None where that is not known.
    """
    counters: dict[str, int] = {}
    by_model: CountersByModel = {}
    for event in events:
        add_delta(counters, event)
        if isinstance(event.update, JobUpdate):
            add_by_model(by_model, event.update)
    counts = job_items.counter_attributes(counters) | model_attributes(by_model)
    counts = folded(counts, OF_ENTITIES.kept, last=last_own)
    update.set(seen_attributes)
    update.add({"n": len(events), **counts})
    take_names(update, counts, OF_ENTITIES)


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


def _known_of_job(job: jobs.Job, last_own: str | None) -> Known:
    starts = {
        number: attempt.started_at
        for number, attempt in job.attempts.items()
        if attempt.started_at is not None
    }
    runs = {
        number: attempt.running_at
        for number, attempt in job.attempts.items()
        if attempt.running_at is not None
    }
    return Known((job.client_id, job.project_id, job.pipeline), starts, runs, last_own)


def _known_of_project(project: projects.Project, last_own: str | None) -> Known:
    return Known((project.client_id,), {1: project.created_at}, last_own=last_own)


def _stored_job(stored: StoredEntity) -> job_items.StoredJob:
    if not isinstance(stored, job_items.StoredJob):
        raise TypeError("a job is needed here")
    return stored


def _stored_project(stored: StoredEntity) -> project_items.StoredProject:
    if not isinstance(stored, project_items.StoredProject):
        raise TypeError("a project is needed here")
    return stored
