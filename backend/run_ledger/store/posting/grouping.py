"""From the messages of a batch to what is pending of each job or project."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from run_ledger.domain.contract.events import Event
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.store.logs.known_entities import KnownEntities

from .entities import Entity
from .postings import Pending, PendingGroup


@dataclass(frozen=True, slots=True)
class EventMessage:
    """A message with an event that was accepted; ``raw`` is its text."""

    message_id: str
    raw: str
    event: Event


@dataclass(frozen=True, slots=True)
class InvalidMessage:
    """A message without an acceptable event; ``raw`` is its text, ``error`` what is wrong."""

    message_id: str
    raw: str
    error: InvalidEvent


def grouped(
    messages: Iterable[EventMessage],
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
