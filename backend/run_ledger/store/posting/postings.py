"""From pending events to postings, and from postings to transactions: no calls here.

A posting is what must commit together: some events of one entity (each put where absent), the
entity's change, and what that adds to the rollups.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from run_ledger.domain.contract.events import Event
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import Instant
from run_ledger.domain.state.rollups import Differences, Row, merge
from run_ledger.domain.state.samples import Sample, Samples, newer

from .entities import Entity, Known, StoredEntity, Write

# DynamoDB's limit is 100 actions and 4 MB a transaction; an expression holds 4 KB, which 150
# attributes with their placeholders stay well below.
MAX_ACTIONS = 100
_MAX_DETAIL_BYTES = 1_000_000
_MAX_ATTRIBUTES = 150


@dataclass(slots=True)
class Pending:
    """An event on its way, and all messages that carry it."""

    event: Event
    raw: str
    message_ids: list[str]
    unanswered: tuple[Instant, ...] = ()
    """When it was in a transaction that had no answer, as an entry of that would say."""


@dataclass(slots=True)
class PendingGroup:
    """The pending events of one entity, and what is known of that entity."""

    entity: Entity
    entity_id: str
    pending: list[Pending]
    known: Known | None = None
    stored: StoredEntity | None = None
    is_loaded: bool = False
    max_events: int = MAX_ACTIONS
    is_alone: bool = False

    def needs_loading(self) -> bool:
        """Return whether the pending events can't be written without reading the entity."""
        if self.is_loaded:
            return False
        known = self.known
        return known is None or not all(
            self.entity.only_adds(known, pending.event) for pending in self.pending
        )

    def forget(self) -> None:
        """Let the entity be read again: what was known of it did not hold."""
        self.is_loaded = False
        self.stored = None
        self.known = None

    def take_out_strangers(self) -> list[tuple[Pending, InvalidEvent]]:
        """Remove and return the pending events that disagree with the stored entity."""
        if self.stored is None:
            return []
        strangers = []
        for pending in self.pending:
            try:
                self.entity.check(self.stored, pending.event)
            except InvalidEvent as error:
                strangers.append((pending, error))
        taken = {id(pending) for pending, _ in strangers}
        self.pending = [pending for pending in self.pending if id(pending) not in taken]
        return strangers


@dataclass(slots=True)
class Posting:
    """Some pending events of a group, and the change that they make."""

    group: PendingGroup
    pending: list[Pending]
    write: Write

    @property
    def actions(self) -> int:
        """Return how many actions the posting takes in a transaction of its own."""
        return len(self.pending) + 1 + len(self.write.differences)

    @property
    def detail_bytes(self) -> int:
        """Return the size of the events."""
        return sum(len(pending.event.detail) for pending in self.pending)


def next_posting(group: PendingGroup, now: Instant) -> Posting:
    """Return the posting of as many of the group's events as one transaction holds."""
    chosen = _compatible(group)
    while True:
        posting = Posting(group, chosen, _write(group, chosen, now))
        excess = posting.actions - MAX_ACTIONS
        if len(chosen) > 1 and excess > 0:
            chosen = chosen[: max(1, len(chosen) - excess)]
        elif len(chosen) > 1 and _widest(posting) > _MAX_ATTRIBUTES:
            chosen = chosen[: len(chosen) // 2]
        else:
            return posting


def packed(postings: Iterable[Posting]) -> Iterator[list[Posting]]:
    """Yield lists of postings that fit into one transaction each.

    Rollup rows that several postings share take one action between them.
    """
    pack = _Pack()
    for posting in postings:
        if not pack.has_room_for(posting):
            yield pack.postings
            pack = _Pack()
        pack.take(posting)
    if pack.postings:
        yield pack.postings


def shared_differences(postings: Iterable[Posting]) -> Differences:
    """Return what several postings add to the rollups together, rows that cancel out left out."""
    together: Differences = {}
    for posting in postings:
        merge(together, posting.write.differences)
    return {row: counts for row, counts in together.items() if any(counts.values())}


def newest_samples(postings: Iterable[Posting]) -> Samples:
    """Return of each row the newest of the samples that several postings bring."""
    together: dict[Row, Sample] = {}
    for posting in postings:
        for row, sample in posting.write.samples.items():
            together[row] = newer(together.get(row), sample)
    return together


class _Pack:
    """Postings that share a transaction."""

    def __init__(self) -> None:
        self.postings: list[Posting] = []
        self._actions = 0
        self._bytes = 0
        self._rows: dict[Row, set[str]] = {}

    def has_room_for(self, posting: Posting) -> bool:
        if not self.postings:
            return True
        if posting.group.is_alone or self.postings[-1].group.is_alone:
            return False
        differences = posting.write.differences
        new_rows = sum(row not in self._rows for row in differences)
        return (
            self._actions + len(posting.pending) + 1 + new_rows <= MAX_ACTIONS
            and self._bytes + posting.detail_bytes <= _MAX_DETAIL_BYTES
            and all(
                len(self._rows.get(row, set()) | counts.keys()) <= _MAX_ATTRIBUTES
                for row, counts in differences.items()
            )
        )

    def take(self, posting: Posting) -> None:
        self.postings.append(posting)
        for row, counts in posting.write.differences.items():
            if row not in self._rows:
                self._rows[row] = set()
                self._actions += 1
            self._rows[row].update(counts)
        self._actions += len(posting.pending) + 1
        self._bytes += posting.detail_bytes


def _compatible(group: PendingGroup) -> list[Pending]:
    """Return the first of the pending events that can be posted together.

    One that disagrees with its neighbours (another identity, or the same id with other content)
    waits until those are stored: only what is stored decides what is rejected.
    """
    identity = group.entity.identity(group.pending[0].event)
    chosen: dict[str, Pending] = {}
    size = 0
    for pending in group.pending:
        event = pending.event
        if event.event_id in chosen or group.entity.identity(event) != identity:
            continue
        size += len(event.detail)
        if chosen and (len(chosen) == group.max_events or size > _MAX_DETAIL_BYTES):
            break
        chosen[event.event_id] = pending
    return list(chosen.values())


def _write(group: PendingGroup, chosen: list[Pending], now: Instant) -> Write:
    events = [pending.event for pending in chosen]
    known = group.known
    if known is not None and all(group.entity.only_adds(known, event) for event in events):
        return group.entity.write_sums(group.entity_id, events, now)
    return group.entity.write_state(group.stored, group.entity_id, events, now)


def _widest(posting: Posting) -> int:
    """Return the number of attributes of the widest update, to stay inside an expression."""
    counters = {name for pending in posting.pending for name in (pending.event.update.delta or {})}
    rows = (len(counts) for counts in posting.write.differences.values())
    return max(len(counters), *rows) if posting.write.differences else len(counters)
