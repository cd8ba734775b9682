"""Items as an audit sees them: what the entries make of them, and how a stored item differs.

Stored items are compared attribute by attribute, and not as jobs or rows: the audit looks for items
that may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.contract.vocabulary import MOST_MODELS
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.model_counters import (
    is_by_model,
    model_attributes,
    models_of,
    with_models_as_one,
)
from run_ledger.domain.state.own_counters import (
    COUNTER,
    folded,
    own_attributes,
    with_folded,
)
from run_ledger.store.dynamo.attributes import Attribute, Item, from_attribute, to_item
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items import entry_items, job_items, keys, project_items
from run_ledger.store.items.own_names import NAME_SETS, OF_ENTITIES, name_sets

_ZERO = {"N": "0"}
# These don't follow from the events: ``rev`` counts writes, ``seen`` is by the writers' clock, and
# how many names there are in ``own`` and ``models`` depends on when room was made.
_NOT_JUDGED = frozenset({"rev", "seen", *NAME_SETS})


class Name(NamedTuple):
    """Which job or project."""

    kind: Literal["job", "project"]
    entity_id: str

    @property
    def entries_key(self) -> str:
        """The partition key of its entries."""
        return keys.entity_key(self.kind, self.entity_id)

    @property
    def key(self) -> Item:
        """The key of its item."""
        return to_item({f"{self.kind}_id": self.entity_id})

    def table(self, tables: Tables) -> str:
        """Return the table of its item."""
        return tables.jobs if self.kind == "job" else tables.projects


def name_of(entries_key: str) -> Name | None:
    """Return the job or project whose entries have this partition key; None for other keys."""
    kind, _, entity_id = entries_key.partition("#")
    if kind == "job":
        return Name("job", entity_id)
    return Name("project", entity_id) if kind == "project" else None


def event_of(name: Name, item: Mapping[str, Any]) -> Event | None:
    """Return the event that an entry's *item* records, None where it records none of *name*."""
    try:
        envelope = b'{"id":%b,"detail-type":%b,"source":"","time":%b,"detail":%b}' % (
            msgspec.json.encode(item["envelope_id"]["S"]),
            msgspec.json.encode(f"{name.kind}_update"),
            msgspec.json.encode(instants.text(Instant(int(item["occurred_at"]["N"])))),
            item["detail"]["S"].encode(),
        )
        event = decode(envelope, fingerprint_version=entry_items.fingerprint_version(item))
    except (KeyError, ValueError, OverflowError, InvalidEvent):
        return None
    is_itself = (event.kind, event.entity_id, event.event_id) == (*name, item["sk"]["S"])
    return event if is_itself else None


def expected_item(name: Name, events: Sequence[Event], seen: Instant | None) -> Item:
    """Return the item that *events*, one at least, make, without the attributes not judged.

    *seen* is when the entity was last seen, by its stored item; None where that does not say.
    """
    if name.kind == "job":
        job = jobs.fold(None, events)
        attributes = job_items.state_attributes(job)
        counters = job_items.counter_attributes(job.counters)
        counters |= model_attributes(job.counters_by_model)
        if seen is not None:
            attributes["seen_slot"] = job_items.slot_of(seen)
    else:
        project = projects.fold(None, events)
        attributes = project_items.state_attributes(project)
        counters = job_items.counter_attributes(project.counters)
    sums = folded(counters, OF_ENTITIES.kept)
    return name.key | to_item({**attributes, **sums, **name_sets(sums), "n": len(events)})


def with_counters_as_in(item: Mapping[str, Attribute], expected: Mapping[str, Attribute]) -> Item:
    """Return *item* as it is to be compared with *expected*.

    Where that has as many own counters as are kept, *item* may hold some beyond these, which all
    count as one; and so with models.
    """
    counts = {name: whole_number(item[name]) or 0 for name in item if _is_sum(name)}
    shown_counts = counts
    kept = own_attributes(expected)
    if len(kept) >= OF_ENTITIES.kept:
        beyond = set(own_attributes(counts)) - {*kept}
        shown_counts = with_folded(shown_counts, beyond)
    models = models_of(expected)
    if len(models) >= MOST_MODELS:
        shown_counts = with_models_as_one(shown_counts, set(models_of(counts)) - {*models})
    if shown_counts is counts:
        return dict(item)
    rest = {name: value for name, value in item.items() if not _is_sum(name)}
    return rest | to_item(shown_counts)


def _is_sum(attribute: str) -> bool:
    return attribute.startswith(COUNTER) or is_by_model(attribute)


def differing(
    stored: Mapping[str, Attribute], expected: Mapping[str, Attribute], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path, the stored and the expected value of each difference; None for missing.

    An example: ``("at.1.r", "failed", "succeeded")``.
    """
    for attribute in sorted({*stored, *expected} - (set() if path else _NOT_JUDGED)):
        here, there = stored.get(attribute), expected.get(attribute)
        if not path and _is_sum(attribute):
            here, there = here or _ZERO, there or _ZERO
        if here == there:
            continue
        where = f"{path}{attribute}"
        if here is not None and there is not None and "M" in here and "M" in there:
            yield from differing(here["M"], there["M"], f"{where}.")
        else:
            yield where, shown(here), shown(there)


def shown(attribute: Attribute | None) -> Any:
    """Return *attribute* as a report may show it, whatever it holds."""
    if attribute is None:
        return None
    try:
        value = from_attribute(attribute)
        msgspec.json.encode(value)
    except (KeyError, TypeError, ValueError):
        return str(attribute)
    return value


def instant(attribute: Attribute | None) -> Instant | None:
    """Return the instant that *attribute* holds, None where it holds none."""
    number = whole_number(attribute)
    return None if number is None else Instant(number)


def whole_number(attribute: Attribute | None) -> int | None:
    """Return the integer that *attribute* holds, None where it holds none."""
    try:
        return int(attribute["N"]) if attribute else None
    except (KeyError, ValueError):
        return None


def created_at(item: Mapping[str, Attribute]) -> Instant | None:
    """Return the instant in the item's ``ck``, None where there is none to be read."""
    try:
        return keys.created_at(item["ck"]["S"])
    except (KeyError, ValueError):
        return None
