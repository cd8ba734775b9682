"""Ledgers on the stand-in of DynamoDB: made for a test, given envelopes, and read back."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from tests.support.dynamo.stand_in import Dynamo, Script, TableSchema
from tests.support.dynamo.tables import NAMES
from tests.support.events import builders
from tests.support.events.builders import Envelope
from tests.support.recounts import recount
from tests.support.recounts.documents import job_document, project_document
from tests.support.recounts.recount import MOST_OWN_OF_A_JOB
from tests.support.stacks import templates

from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant, text
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.model_counters import model_attributes, models_of
from run_ledger.domain.state.own_counters import counter_attributes, folded, own_attributes
from run_ledger.store.dynamo.attributes import Item, to_item
from run_ledger.store.items import job_items, project_items
from run_ledger.store.items.entry_items import StoredEntry
from run_ledger.store.items.job_items import StoredJob, from_job_item
from run_ledger.store.items.log_items import entries_of
from run_ledger.store.items.project_items import StoredProject, from_project_item
from run_ledger.store.items.rejection_items import Rejection, from_rejection_item, is_rejection
from run_ledger.store.items.rollup_items import as_counted, from_rollup_item
from run_ledger.store.posting.grouping import EventMessage, InvalidMessage
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing
from run_ledger.store.posting.reports import Report

NOW = 1_795_000_000_000_000
"""When everything is received: November 2026."""
TTL_DAYS = 90
SHARDS = 3
KEEPING = Keeping(TTL_DAYS, SHARDS)


@cache
def schemas() -> dict[str, TableSchema]:
    """Return the tables' keys as the template has them."""
    resources = templates.source()["Resources"]
    return {
        name: TableSchema(
            _key(properties),
            {
                index["IndexName"]: _key(index)
                for index in properties.get("GlobalSecondaryIndexes", ())
            },
        )
        for kind, name in NAMES._asdict().items()
        for properties in [resources[f"{kind.capitalize()}Table"]["Properties"]]
    }


def _key(properties: dict[str, Any]) -> tuple[str, ...]:
    return tuple(part["AttributeName"] for part in properties["KeySchema"])


def empty_store() -> Dynamo:
    """Return a stand-in that has the ledger's tables, with nothing in them."""
    return Dynamo(schemas())


def make_ledger(  # noqa: PLR0913 - what a test may want to choose
    store: Dynamo,
    script: Script | None = None,
    *,
    seed: int = 0,
    keeping: Keeping = KEEPING,
    pauses: list[float] | None = None,
    now: Callable[[], int] = lambda: NOW,
) -> Ledger:
    """Return a ledger on *store* whose time of day stands still and whose pauses take no time.

    That is so unless *now* gives another.

    The pauses, in seconds, are appended to *pauses* if it is given; only they move its clock.
    """
    pauses = [] if pauses is None else pauses
    timing = Timing(
        now=lambda: Instant(now()),
        clock=lambda: sum(pauses),
        pause=pauses.append,
        dice=random.Random(seed),
    )
    return Ledger(
        store.client(script),  # type: ignore[arg-type]
        NAMES,
        keeping,
        timing=timing,
    )


def post(
    ledger: Ledger, envelopes: Iterable[Envelope | str], *, seconds: Sequence[float] = ()
) -> Report:
    """Post *envelopes* (or raw texts); their message ids are ``m0``, ``m1`` and so on.

    *seconds* are the answers to the ledger's question how much time is left, one after the other;
    the last is repeated.
    """
    deliveries, refusals = [], []
    for place, one in enumerate(envelopes):
        raw = one if isinstance(one, str) else builders.text(one)
        try:
            deliveries.append(EventMessage(f"m{place}", raw, decode(raw)))
        except InvalidEvent as error:
            refusals.append(InvalidMessage(f"m{place}", raw, error))
    left = list(seconds or (1e6,))
    return ledger.post(deliveries, refusals, lambda: left.pop(0) if len(left) > 1 else left[0])


def deliveries(envelopes: Iterable[Envelope]) -> list[EventMessage]:
    """Return valid *envelopes* as messages ``m0``, ``m1`` and so on."""
    raws = [builders.text(one) for one in envelopes]
    return [EventMessage(f"m{place}", raw, decode(raw)) for place, raw in enumerate(raws)]


# --------------------------------------------------------------------------- what is stored


def entries(store: Dynamo) -> list[StoredEntry]:
    """Return all entries, in whichever layout."""
    return [entry for item in store.items(NAMES.entries) for entry in entries_of(item)]


def stored_jobs(store: Dynamo) -> dict[str, StoredJob]:
    """Return all jobs, by id."""
    found = [from_job_item(item) for item in store.items(NAMES.jobs)]
    return {stored.job.job_id: stored for stored in found}


def stored_projects(store: Dynamo) -> dict[str, StoredProject]:
    """Return all projects, by id."""
    found = [from_project_item(item) for item in store.items(NAMES.projects)]
    return {stored.project.project_id: stored for stored in found}


def rollups(store: Dynamo) -> dict[tuple[str, str], dict[str, int]]:
    """Return all rollup rows with their shards added up, without zeros."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for item in as_counted(store.items(NAMES.rollups)):
        row, counts = from_rollup_item(item)
        total = rows.setdefault((row.partition, row.sort), Counter())
        for name, count in counts.items():
            total[name] += count
    return recount.without_zeros({key: folded(counts) for key, counts in rows.items()})


def rejections(store: Dynamo) -> list[Rejection]:
    """Return all rejections."""
    items = store.items(NAMES.rejections)
    return [from_rejection_item(item) for item in items if is_rejection(item)]


def accepted(store: Dynamo) -> list[Envelope]:
    """Return the events that the entries hold, as envelopes with the same content."""
    return [
        builders.envelope(
            entry.detail,
            detail_type=entry.detail_type,
            envelope_id=entry.envelope_id,
            time=text(entry.occurred_at),
            source=entry.source,
        )
        for entry in entries(store)
    ]


def assert_balanced(store: Dynamo) -> None:
    """Assert that jobs, projects and rollups are what a recount of the entries gives."""
    taken = accepted(store)
    found = stored_jobs(store)
    assert {name: job_document(one.job) for name, one in found.items()} == recount.recount_jobs(
        taken
    )
    found_projects = stored_projects(store)
    by_project: dict[str, list[Envelope]] = {}
    for one in taken:
        if one["detail-type"] == "project_update":
            by_project.setdefault(one["detail"]["project_id"], []).append(one)
    assert {name: project_document(one.project) for name, one in found_projects.items()} == {
        name: recount.recount_project(those) for name, those in by_project.items()
    }
    assert rollups(store) == recount.recount_rollups(taken)
    _assert_items_hold_the_fold(store, taken)
    counted = Counter((one["detail-type"], _entity(one)) for one in taken)
    assert {("job_update", name): one.entries for name, one in found.items()} | {
        ("project_update", name): one.entries for name, one in found_projects.items()
    } == dict(counted)


def _assert_items_hold_the_fold(store: Dynamo, taken: list[Envelope]) -> None:
    """Assert that every attribute is right: the indexes', and those that decide later events."""
    events_of: dict[tuple[str, str], list[Event]] = {}
    for event in builders.decoded_all(taken):
        events_of.setdefault((event.kind, event.entity_id), []).append(event)
    for item in (*store.items(NAMES.jobs), *store.items(NAMES.projects)):
        state: dict[str, Any]
        if "job_id" in item:
            name = ("job", item["job_id"]["S"])
            job = jobs.fold(None, events_of[name])
            counters = counter_attributes(job.counters)
            counters |= model_attributes(job.counters_by_model)
            state = job_items.state_attributes(job)
        else:
            name = ("project", item["project_id"]["S"])
            project = projects.fold(None, events_of[name])
            counters = counter_attributes(project.counters)
            state = project_items.state_attributes(project)
        known = {
            f"{name[0]}_id": name[1],
            **state,
            **folded(counters, MOST_OWN_OF_A_JOB),
            "n": len(events_of[name]),
            "seen": NOW,
            **({"seen_slot": NOW // 300_000_000} if name[0] == "job" else {}),
        }
        assert _as_shown(item) == to_item(known)


def _as_shown(item: Item) -> Item:
    """Return *item* without revision and mark, and with counters beyond the kept ones as one.

    Its own counters and models must be those that it names.
    """
    assert set(item.get("models", {"SS": []})["SS"]) == set(models_of(item))
    named = {f"c_{name}" for name in item.get("own", {"SS": []})["SS"]}
    assert named == set(own_attributes(item))
    counts = {name: int(item[name]["N"]) for name in item if name.startswith(("c_", "b_"))}
    revision = ("own", "models", "rev", "log", "era", "old", "turned")
    rest = {name: item[name] for name in item if name not in {*counts, *revision}}
    return rest | to_item(folded(counts, MOST_OWN_OF_A_JOB))


def _entity(one: Envelope) -> str:
    name = "job_id" if one["detail-type"] == "job_update" else "project_id"
    return str(one["detail"][name])
