"""What the fold makes of batches, as the writer would post them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from tests.support.events.builders import Envelope, decoded_all

from run_ledger.domain.contract.events import Event

State = TypeVar("State")


def posted(
    fold: Callable[[State | None, list[Event]], State], batches: Iterable[Iterable[Envelope]]
) -> State:
    """Return the state after *batches*, with each event id taken in once, as the writer does."""
    state: State | None = None
    seen: set[str] = set()
    for batch in batches:
        fresh = []
        for event in decoded_all(batch):
            if event.event_id not in seen:
                seen.add(event.event_id)
                fresh.append(event)
        if state is not None or fresh:
            state = fold(state, fresh)
    assert state is not None
    return state
