"""Items as an audit sees them: what the entries make of them, and how a stored item differs.

Stored items are compared attribute by attribute, and not as jobs or rows: the audit looks for items
that may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.contract.vocabulary import MOST_MODELS
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import MICROSECONDS, Duration, Instant
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
    counter_attributes,
    folded,
    own_attributes,
    with_folded,
)
from run_ledger.store.dynamo.attributes import Attribute, Item, from_attribute, to_item
from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items import job_items, keys, project_items
from run_ledger.store.items.entry_items import StoredEntry
from run_ledger.store.items.log_items import entries_of
from run_ledger.store.items.own_names import NAME_SETS, OF_ENTITIES, name_sets

_ZERO = {"N": "0"}
# So far apart the clocks of two writers may be.
_SKEW = 60 * MICROSECONDS
# These don't follow from the events: ``rev`` and ``log`` count writes, ``old`` and ``era`` belong
# to the log (see `misplaced`), ``seen`` is by the writers' clock, and how many names there are in
# ``own`` and ``models`` depends on when room was made. ``turned`` is about the latest write alone.
_NOT_JUDGED = frozenset({"rev", "log", "era", "old", "seen", job_items.TURNED, *NAME_SETS})


class Name(NamedTuple):
    """Which job or project."""

    kind: Literal["job", "project"]
    entity_id: str

    @property
    def label(self) -> str:
        """What it is called where one text must do."""
        return keys.entity_key(self.kind, self.entity_id)

    @property
    def key(self) -> Item:
        """The key of its item."""
        return to_item({f"{self.kind}_id": self.entity_id})

    def table(self, tables: Tables) -> str:
        """Return the table of its item."""
        return tables.jobs if self.kind == "job" else tables.projects


class LogLife(NamedTuple):
    """When a row of a log came in, and when it expires, in epoch seconds."""

    received_at: Instant
    expiry: int


class Entries(NamedTuple):
    """What the items of the table Entries say of a job or project.

    Each event is there once, as it came in first, although writers may have taken it twice while
    the item was lost. ``unreadable`` names the entries, or rows of entries, from which no event can
    be read. ``rows`` are those of its log, by their numbers; ``has_old`` says whether some entries
    are in the layout of old. ``ahead`` is by how much an event's time was later at most than the
    writer's clock, as it came in.
    """

    events: Sequence[Event]
    unreadable: Sequence[str]
    last_received_at: Instant
    rows: Mapping[int, LogLife]
    has_old: bool
    ahead: Duration

    @property
    def last_row(self) -> int:
        """The number of the last row of its log, 0 where it has none."""
        return max(self.rows, default=0)

    def last_gap(self, last: int) -> int:
        """Return the highest number up to *last* that has no row, 0 where each has one."""
        return next((number for number in range(last, 0, -1) if number not in self.rows), 0)

    @property
    def gap(self) -> int:
        """Return the highest number before the last row whose row is gone, 0 where none is.

        A row that came in later than the next one took the place of one that is gone: the item was
        lost, and the log began anew.
        """
        for number in range(self.last_row, 1, -1):
            before = self.rows.get(number - 1)
            if before is None or before.received_at - self.rows[number].received_at > _SKEW:
                return number - 1
        return 0

    @property
    def number(self) -> int:
        """Return how many entries there are; a row that can't be read counts as one."""
        return len(self.events) + len(self.unreadable)


def entries_in(name: Name, items: Iterable[Item]) -> Entries:
    """Return the entries of *name* that *items* of the table Entries hold."""
    events: dict[str, tuple[Instant, Event]] = {}
    unreadable: list[str] = []
    rows: dict[int, LogLife] = {}
    last_received_at, has_old, ahead = Instant(0), False, Duration(0)
    for item in items:
        received_at = instant(item.get("received_at")) or Instant(0)
        last_received_at = max(last_received_at, received_at)
        sort = item["sk"]["S"]
        if item["pk"]["S"].startswith(keys.LOG):
            rows[int(sort)] = LogLife(received_at, whole_number(item.get("expires_at")) or 0)
            sort = f"row {int(sort)}"
        else:
            has_old = True
        try:
            entries = entries_of(item)
        except (KeyError, TypeError, ValueError):
            unreadable.append(sort)
            continue
        for entry in entries:
            event = _event_of(name, entry)
            if event is None:
                unreadable.append(entry.event_id)
                continue
            ahead = max(ahead, Duration(event.occurred_at - received_at))
            known = events.get(event.event_id)
            if known is None or received_at < known[0]:
                events[event.event_id] = (received_at, event)
    once = [event for _, event in events.values()]
    return Entries(once, unreadable, last_received_at, rows, has_old, ahead)


def name_of(partition: str) -> Name | None:
    """Return the job or project whose entries lie in a partition; None for another's."""
    parts = partition.removeprefix(keys.LOG).split("#")
    if parts[0] == "job":
        return Name("job", parts[1])
    return Name("project", parts[1]) if parts[0] == "project" else None


def _event_of(name: Name, entry: StoredEntry) -> Event | None:
    """Return the event that *entry* records, None where it records none of *name*."""
    envelope = {
        "id": entry.envelope_id,
        "detail-type": f"{name.kind}_update",
        "source": "",
        "time": instants.text(entry.occurred_at),
        "detail": entry.detail,
    }
    try:
        encoded = msgspec.json.encode(envelope)
        event = decode(encoded, fingerprint_version=entry.fingerprint_version)
    except (ValueError, OverflowError, InvalidEvent):
        return None
    is_itself = (event.kind, event.entity_id, event.event_id) == (*name, entry.event_id)
    return event if is_itself else None


def expected_item(name: Name, events: Sequence[Event], seen: Instant | None) -> Item:
    """Return the item that *events*, one at least, make, without the attributes not judged.

    *seen* is when the entity was last seen, by its stored item; None where that does not say.
    """
    if name.kind == "job":
        job = jobs.fold(None, events)
        attributes = job_items.state_attributes(job)
        counters = counter_attributes(job.counters)
        counters |= model_attributes(job.counters_by_model)
        if seen is not None:
            attributes["seen_slot"] = job_items.slot_of(seen)
    else:
        project = projects.fold(None, events)
        attributes = project_items.state_attributes(project)
        counters = counter_attributes(project.counters)
    sums = folded(counters, OF_ENTITIES.kept)
    return name.key | to_item({**attributes, **sums, **name_sets(sums), "n": len(events)})


def with_counters_as_in(item: Mapping[str, Attribute], expected: Mapping[str, Attribute]) -> Item:
    """Return *item* as it is to be compared with *expected*.

    Where that has as many own counters as are kept, *item* may hold some beyond these, which all
    count as one; and so with models.
    """
    counts = {name: whole_number(item[name]) or 0 for name in item if is_sum(name)}
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
    rest = {name: value for name, value in item.items() if not is_sum(name)}
    return rest | to_item(shown_counts)


def is_sum(attribute: str) -> bool:
    """Return whether *attribute*, of an item or a row, is a sum of deltas."""
    return attribute.startswith(COUNTER) or is_by_model(attribute)


def differing(
    stored: Mapping[str, Attribute], expected: Mapping[str, Attribute], path: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Yield the path, the stored and the expected value of each difference; None for missing.

    An example: ``("at.1.r", "failed", "succeeded")``.
    """
    for attribute in sorted({*stored, *expected} - (set() if path else _NOT_JUDGED)):
        here, there = stored.get(attribute), expected.get(attribute)
        if not path and is_sum(attribute):
            here, there = here or _ZERO, there or _ZERO
        if here == there:
            continue
        where = f"{path}{attribute}"
        if here is not None and there is not None and "M" in here and "M" in there:
            yield from differing(here["M"], there["M"], f"{where}.")
        else:
            yield where, shown(here), shown(there)


def misplaced(stored: Mapping[str, Attribute], entries: Entries) -> Iterator[tuple[str, Any, Any]]:
    """Yield as `differing` where *stored* is wrong about where its *entries* lie.

    Also where it lacks what does not follow from them, and nobody can read it without.
    """
    if entries.last_row > (whole_number(stored.get("log")) or 0):
        yield "log", shown(stored.get("log")), entries.last_row
    elif whole_number(stored.get("log")) is None and whole_number(stored.get("rev")) is None:
        yield "rev", shown(stored.get("rev")), len(entries.events) + 1
    if "era" in stored and whole_number(stored["era"]) is None:
        yield "era", shown(stored["era"]), None
    if instant(stored.get("seen")) is None:
        yield "seen", shown(stored.get("seen")), entries.last_received_at
    if entries.has_old and "log" in stored and "old" not in stored:
        yield "old", None, True


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
