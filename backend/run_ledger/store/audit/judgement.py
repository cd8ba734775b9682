"""One job or project judged by its entries: what its item must be, and what it counts for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from run_ledger.domain.contract.events import Event
from run_ledger.domain.instants import Instant
from run_ledger.domain.state import job as jobs
from run_ledger.domain.state import project as projects
from run_ledger.domain.state.recount import (
    Contribution,
    Drift,
    contribution,
    contribution_of_project,
)
from run_ledger.domain.state.rollups import CLIENTS, Row, subject
from run_ledger.store.dynamo.attributes import Item
from run_ledger.store.items.job_items import from_job_item
from run_ledger.store.items.own_names import NAME_SETS
from run_ledger.store.items.project_items import from_project_item

from .expected_items import (
    Entries,
    Name,
    created_at,
    differing,
    entries_in,
    expected_item,
    instant,
    whole_number,
    with_counters_as_in,
)

_encoder = msgspec.json.Encoder(order="deterministic")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one entity.

    ``stamp`` changes with the item. The items themselves are kept only where something is wrong, as
    there may be very many, and so are the events of ``entries``. ``differences`` are paths with
    stored and recounted values. Where an entry is unreadable, nothing about the entity is certain.
    """

    stamp: bytes
    item: Item | None
    expected: Item | None
    differences: Sequence[tuple[str, Any, Any]]
    contribution: Contribution
    entries: Entries
    is_beyond_reach: bool

    @property
    def unreadable(self) -> Sequence[str]:
        """The entries, or rows of entries, from which no event can be read."""
        return self.entries.unreadable

    @property
    def slim(self) -> Judgement:
        """Return the same without the items, unless something is wrong."""
        if self.differences or self.unreadable:
            return self
        return replace(self, item=None, expected=None, entries=self.entries._replace(events=()))

    def may_count_in(self, row: Row) -> bool:
        """Return whether an event of the entity, of which nothing is known, may count in *row*."""
        known = [item for item in (self.item, self.expected) if item is not None]
        client_id, project_id, _ = subject(row)
        return not known or any(
            ("job_id" in item or row.partition == CLIENTS)
            and (client_id is None or item.get("client_id") == {"S": client_id})
            and (project_id is None or item.get("project_id") == {"S": project_id})
            for item in known
        )

    def drifts(self, name: Name) -> list[Drift]:
        """Return the differences as drifts of *name*."""
        return [Drift(name.kind, name.entity_id, *one) for one in self.differences]


def stamp_of(item: Item | None) -> bytes:
    """Return a digest of *item*, empty for None: equal items have the same one."""
    if item is None:
        return b""
    # A set comes in no order. It never changes without the counters that it names.
    values = {name: value for name, value in item.items() if name not in NAME_SETS}
    return hashlib.blake2b(_encoder.encode(values), digest_size=16).digest()


def judge(name: Name, item: Item | None, entries: Sequence[Item], horizon: Instant) -> Judgement:
    """Judge the *item* of *name* by the items of its *entries*.

    Entries before *horizon* may have expired.
    """
    found = entries_in(name, entries)
    events = found.events
    is_beyond_reach = _is_beyond_reach(item, events, found.number, horizon)
    expected = expected_item(name, events, instant((item or {}).get("seen"))) if events else None
    return Judgement(
        stamp=stamp_of(item),
        item=item,
        expected=None if is_beyond_reach else expected,
        differences=() if is_beyond_reach or found.unreadable else tuple(_compared(item, expected)),
        contribution=_contribution(name, item if is_beyond_reach else None, events),
        entries=found,
        is_beyond_reach=is_beyond_reach,
    )


def _compared(item: Item | None, expected: Item | None) -> list[tuple[str, Any, Any]]:
    if item is None and expected is None:
        return []
    if item is None:
        return [("", None, "an item")]
    if expected is None:
        return [("", "an item", None)]
    return list(differing(with_counters_as_in(item, expected), expected))


def _is_beyond_reach(
    item: Item | None, events: Sequence[Event], entries: int, horizon: Instant
) -> bool:
    """Return whether entries are missing that may have expired."""
    if item is None or entries >= (whole_number(item.get("n")) or 0):
        return False
    times = [created_at(item), whole_number(item.get("seen"))]
    times += [event.occurred_at for event in events]
    return any(time is not None and time < horizon for time in times)


def _contribution(name: Name, old: Item | None, events: Sequence[Event]) -> Contribution:
    """Return what the entity adds to rows, by its events, or by its item where these are gone.

    Of an *old* job's deltas those that are left are added, as their hours can still be judged.
    """
    try:
        if name.kind == "project":
            return _contribution_of_project(old, events)
        if old is not None:
            stored = from_job_item(old)
            return contribution(stored.job, events, retries_from=stored.retries_from)
    except (KeyError, TypeError, ValueError):
        return Contribution()
    return contribution(jobs.fold(None, events), events) if events else Contribution()


def _contribution_of_project(old: Item | None, events: Sequence[Event]) -> Contribution:
    if old is not None:
        return contribution_of_project(from_project_item(old).project)
    return contribution_of_project(projects.fold(None, events)) if events else Contribution()
