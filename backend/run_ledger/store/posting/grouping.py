"""From the messages of a batch to what is pending of each job or project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from run_ledger.domain.contract.events import Event
from run_ledger.store.logs.known_entities import KnownEntities

from .entities import Entity
from .postings import Pending, PendingGroup


class Message(Protocol):
    """A message that carries an event; ``raw`` is its text."""

    @property
    def message_id(self) -> str:
        """Return the queue's id of the message."""

    @property
    def raw(self) -> str:
        """Return the message's text."""

    @property
    def event(self) -> Event:
        """Return the event in it."""


def grouped(
    messages: Iterable[Message],
    entities: Mapping[str, Entity],
    memory: KnownEntities,
) -> list[PendingGroup]:
    """Group the events by entity; messages that carry the same event share one `Pending`.

    Groups that share rollup rows stand side by side, so that they share transactions. *entities*
    are by kind; *memory* says what is known of them.
    """
    groups: dict[tuple[str, str], PendingGroup] = {}
    pendings: dict[tuple[str, str, str, bytes], Pending] = {}
    for message in messages:
        event = message.event
        name = (event.kind, event.entity_id)
        pending = pendings.get((*name, event.event_id, event.digest))
        if pending is not None:
            pending.message_ids.append(message.message_id)
            continue
        pending = Pending(event, message.raw, [message.message_id])
        pendings[(*name, event.event_id, event.digest)] = pending
        if name not in groups:
            groups[name] = _new_group(entities[event.kind], name, memory)
        groups[name].pending.append(pending)
    return sorted(groups.values(), key=_neighbourhood)


def _new_group(entity: Entity, name: tuple[str, str], memory: KnownEntities) -> PendingGroup:
    remembered = memory.get(name)
    if remembered is None:
        return PendingGroup(entity, name[1], [])
    group = PendingGroup(entity, name[1], [], remembered, is_loaded=memory.is_trusted)
    group.guess = group.revision
    return group


def _neighbourhood(group: PendingGroup) -> tuple[str, tuple[str, ...]]:
    """Return what to sort groups by."""
    return group.entity.kind, group.entity.identity(group.pending[0].event)
