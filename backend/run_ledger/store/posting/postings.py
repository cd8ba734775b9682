"""From pending events to postings.

A posting is what must commit together: some events of one entity (the next row of its log), the
entity's change, and what that adds to the rollups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import (
    COUNTERS_OF_PARTS,
    MAX_DELTAS_PER_EVENT,
    MAX_MODELS_PER_EVENT,
    MOST_MODELS,
)
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.store.items.own_names import MODELS_HELD, OF_ENTITIES
from run_ledger.store.logs.known_entities import Remembered, StoredEntity

from .entities import Entity, Layout, Write
from .waits import Key

# DynamoDB's limit is 100 actions and 4 MB a transaction; an expression holds 4 KB, which 150
# attributes or conditions with their placeholders stay well below.
MAX_ACTIONS = 100
MAX_DETAIL_BYTES = 1_000_000
# An item holds 400 KB, and what can't be compressed stays as large as it is.
MAX_ROW_BYTES = 250_000
MAX_ROW_EVENTS = 100
MAX_ATTRIBUTES = 150
# One event alone may bring more names than that: in its delta, in that of each model, and as it
# changes running totals.
_MOST_NAMES = max(
    MAX_ATTRIBUTES, MAX_DELTAS_PER_EVENT * (1 + MAX_MODELS_PER_EVENT) + len(COUNTERS_OF_PARTS)
)


OLDER = "its item is older than its last row"
"""Why nothing is posted to a job or project whose item was lost or put back."""


@dataclass(slots=True)
class Pending:
    """An event to be posted, and all messages that carry it."""

    event: Event
    raw: str
    message_ids: list[str]
    unanswered: tuple[Instant, ...] = ()
    """The ``received_at`` of transactions with this event that had no answer."""


@dataclass(slots=True)
class PendingGroup:
    """The pending events of one entity, and what is known of that entity."""

    entity: Entity
    entity_id: str
    pending: list[Pending]
    memory: Remembered = field(default_factory=Remembered)
    is_loaded: bool = False
    """Whether the memory is to be posted by, as it was read or is trusted."""
    is_looked_up: bool = False
    """Whether those of the pending events that the ledger has are taken out."""
    guess: int | None = None
    """The revision that was remembered, until it is known whether it still was the last one."""
    unreadable: str | None = None
    """Why what is stored of the entity can't be gone on from, if so: no later try can succeed."""
    is_outdated: bool = False
    """Whether its last posting failed as the entity was no longer as it was read."""
    outcome: dict[str, Any] = field(default_factory=dict)
    """What the log says of the entity after the group's last posting, answered or not."""
    max_events: int = MAX_ROW_EVENTS
    is_alone: bool = False
    part: int | None = None
    """The transaction that failed as a whole and whose postings stay together, if there is one."""
    tried_with: tuple[Key, ...] = ()
    """The keys of the group's posting that failed last."""

    @property
    def name(self) -> tuple[str, str]:
        """Return what the entity is called among all entities: also the key by which it waits."""
        return (self.entity.kind, self.entity_id)

    @property
    def reading(self) -> Key:
        """Return the key by which the reading of the entity waits."""
        return ("reading", *self.name)

    @property
    def waits_for(self) -> tuple[Key, ...]:
        """Return the keys that must be in no trouble before the group is tried again."""
        return (self.reading, *self.tried_with)

    @property
    def stored(self) -> StoredEntity | None:
        """Return the entity as it was read last, None where there is none."""
        return self.memory.stored

    @property
    def revision(self) -> int:
        """Return the entity's revision as it is known, 0 where there is no entity."""
        return self.stored.revision if self.stored else 0

    @property
    def era(self) -> int:
        """Return the era of the entity's log, 0 where there is none."""
        return self.stored.era if self.stored else 0

    @property
    def log(self) -> tuple[str, str, int]:
        """Return the name of the entity's log, and its era."""
        return (*self.name, self.era)

    @property
    def is_crowded(self) -> bool:
        """Return whether its item may lack room for a posting's own counters and models."""
        return self.stored is not None and (
            self.stored.held.names > OF_ENTITIES.held - _MOST_NAMES
            or self.stored.held.models > MODELS_HELD - MOST_MODELS
        )

    def note_unreadable(self, error: Exception) -> None:
        """Note that the entity's item, a row of its log or its index holds what it never should.

        The words of *error* may quote what is stored, so only its kind is told.
        """
        self.unreadable = f"what is stored of it can't be read ({type(error).__name__})"

    def note_older(self) -> None:
        """Note that its log has a row that its item knows nothing of.

        Another writer may just have begun it, so it is read again once. Else the item was lost, and
        only an audit can say what it must be.
        """
        if self.is_outdated:
            self.unreadable = OLDER
        self.is_outdated = True
        self.forget()

    def forget(self) -> None:
        """Let the entity be read again, as what was known of it is no longer true."""
        self.is_loaded = self.is_looked_up = False

    def take_out_strangers(self) -> list[tuple[Pending, InvalidEvent]]:
        """Remove and return the pending events that disagree with the stored entity.

        Where that is only remembered none is refused, but the entity is to be read first.
        """
        if self.stored is None:
            return []
        strangers = []
        for pending in self.pending:
            try:
                self.entity.check(self.stored, pending.event)
            except InvalidEvent as error:
                strangers.append((pending, error))
        if strangers and self.guess is not None:
            self.forget()
            return []
        taken = {id(pending) for pending, _ in strangers}
        self.pending = [pending for pending in self.pending if id(pending) not in taken]
        return strangers


@dataclass(slots=True)
class Posting:
    """Some pending events of a group, and the change that they make."""

    group: PendingGroup
    pending: list[Pending]
    write: Write
    receipts: list[list[Pending]] = field(default_factory=list)
    """The events without an id of their own; equal ones, which share a receipt, together."""

    @property
    def keys(self) -> Iterator[Key]:
        """Yield all that can be in trouble with the posting."""
        yield self.group.name
        if self.group.part is not None:
            yield self.group.part
        yield from self.write.differences

    @property
    def actions(self) -> int:
        """Return how many actions the posting takes in a transaction of its own."""
        return self.own_actions + len(self.write.differences)

    @property
    def own_actions(self) -> int:
        """Return how many actions are of no rollup row."""
        rows = len(self.pending) + len(self.receipts) if self.write.number is None else 1
        return rows + 1

    @property
    def detail_bytes(self) -> int:
        """Return the size of the events."""
        return sum(len(pending.event.detail) for pending in self.pending)


def next_posting(group: PendingGroup, now: Instant, layout: Layout) -> Posting:
    """Return the posting of as many of the group's events as one transaction holds."""
    chosen = _compatible(group)
    while True:
        events = [pending.event for pending in chosen]
        write = group.entity.write(group.stored, group.entity_id, events, now, layout)
        posting = Posting(group, chosen, write, _receipts(chosen))
        excess = posting.actions - MAX_ACTIONS
        if len(chosen) > 1 and excess > 0:
            chosen = chosen[: max(1, len(chosen) - excess)]
        elif len(chosen) > 1 and _widest(posting) > MAX_ATTRIBUTES:
            chosen = chosen[: len(chosen) // 2]
        else:
            return posting


def _compatible(group: PendingGroup) -> list[Pending]:
    """Return the first of the pending events that can be posted together.

    An event that disagrees with those before it (another identity, or the same id with other
    content) waits until they are stored: only a stored entity decides what is rejected. So does one
    that is equal to one before it where a replay has brought one of the two.
    """
    # Those that disagree with the stored entity are taken out by now.
    identity = None if group.stored else group.entity.identity(group.pending[0].event)
    chosen: dict[str, Pending] = {}
    alike: dict[str, bool] = {}
    size = 0
    for pending in group.pending:
        event = pending.event
        if event.event_id in chosen or (identity and group.entity.identity(event) != identity):
            continue
        if not event.has_own_id:
            likeness = event.likeness
            if likeness in alike and (alike[likeness] or event.is_replayed):
                continue
            alike[likeness] = event.is_replayed
        size += len(event.detail)
        if chosen and (len(chosen) == group.max_events or size > MAX_ROW_BYTES):
            break
        chosen[event.event_id] = pending
    return list(chosen.values())


def _receipts(chosen: list[Pending]) -> list[list[Pending]]:
    """Return those without an id of their own, each with its equals."""
    equal: dict[str, list[Pending]] = {}
    for pending in chosen:
        if not pending.event.has_own_id:
            equal.setdefault(pending.event.likeness, []).append(pending)
    return list(equal.values())


def _widest(posting: Posting) -> int:
    """Return the number of attributes and conditions in the update that has most of them."""
    return max(posting.write.names, *map(len, posting.write.differences.values()), 0)
