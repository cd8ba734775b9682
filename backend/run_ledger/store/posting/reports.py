"""What became of a batch, for logs and metrics.

The line about a posting names the entity, its client and its state, the number of events, how late
they were and how long the call took. Its ``received_at`` is that of the posting's entries: with
this and the entity's id, the line of an entry is found. A line holds no text that a producer wrote,
but an error's fingerprint, and its type where that is one word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from run_ledger.domain import instants
from run_ledger.domain.contract.events import Event
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.state.rollups import Row

from .postings import Pending

UNCHANGED = "unchanged"
"""The status of a posting that only added to sums: it was written without reading the job."""
NONE = "none"
_WORD = re.compile(r"[A-Za-z0-9_.:$-]{1,128}")


@dataclass(frozen=True, slots=True)
class WriteTimes:
    """When a transaction took place: by its entries, when it was sent, and when it was answered."""

    received_at: Instant
    sent_at: Instant
    answered_at: Instant

    @property
    def write_ms(self) -> float:
        """Return how long the call took, in milliseconds."""
        return (self.answered_at - self.sent_at) / 1_000


@dataclass(slots=True)
class Report:
    """What became of a batch."""

    postings: list[dict[str, Any]] = field(default_factory=list)
    repeats: list[dict[str, Any]] = field(default_factory=list)
    rejections: list[dict[str, Any]] = field(default_factory=list)
    foldings: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    rejected: list[InvalidEvent] = field(default_factory=list)
    failed_message_ids: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    without_id: list[dict[str, Any]] = field(default_factory=list)
    full_rows: list[dict[str, str]] = field(default_factory=list)
    calls: int = 0
    transactions: int = 0
    cancelled: int = 0
    write_ms: list[float] = field(default_factory=list)

    def note_posting(
        self,
        pending: Sequence[Pending],
        outcome: dict[str, Any],
        times: WriteTimes,
        *,
        is_confirmed: bool = False,
    ) -> None:
        """Note that *pending*, all of one entity, have committed, with that *outcome*.

        *is_confirmed* says that the transaction had no answer, and that its row was found when it
        was tried again.
        """
        repeats = sum(len(one.message_ids) - 1 for one in pending)
        self.duplicates += repeats
        events = [one.event for one in pending]
        unnamed = [event for event in events if not event.has_own_id]
        if unnamed:
            who = {**_entity(unnamed[0]), "source": _word(unnamed[0].source)}
            self.without_id.append({**who, "events": len(unnamed)})
        self.postings.append(
            {
                **_entity(events[0]),
                "status": UNCHANGED,
                "result": NONE,
                "attempt": max(event.order[0] for event in events),
                "turned_to": NONE,
                **_words(outcome),
                "events": len(events),
                "duplicates": repeats,
                "confirmed": int(is_confirmed),
                "received_at": instants.text(times.received_at),
                "write_ms": times.write_ms,
                **_lateness(events, times.answered_at),
            }
        )

    def note_repeats(self, pending: Sequence[Pending], received_at: Instant) -> None:
        """Note that *pending* had been posted before: their entries came in at *received_at*."""
        messages = sum(len(one.message_ids) for one in pending)
        self.duplicates += messages
        self.repeats.append(
            {
                **_entity(pending[0].event),
                "duplicates": messages,
                "received_at": instants.text(received_at),
            }
        )

    def note_folding(self, partition: str, sort: str, counters: int) -> None:
        """Note that so many own *counters* of a row's shard were added to the other counter."""
        kind, _, rest = partition.partition("#")
        owner, _, day = rest.rpartition("#")
        hour, _, name = sort.rpartition("#")[0].partition("#")
        whose = (
            {"client_id": owner, "pipeline": name}
            if kind == "client"
            else {"client_id": name, "project_id": owner}
        )
        self.foldings.append({**whose, "hour": f"{day}T{hour}", "counters": counters})

    def note_rejection(self, rejection_id: str, error: InvalidEvent) -> None:
        """Note that an event was kept as rejected."""
        self.rejected.append(error)
        # Names below a field of the contract, such as those of counters, are the producer's words.
        known = ".".join(error.field.split(".")[:2])
        self.rejections.append(
            {"rejection_id": rejection_id, "reason": error.reason, "field": known}
        )

    def note_lost_rejection(self, message_ids: Sequence[str], reason: str) -> None:
        """Note that an event that breaks the contract could not be kept, for now."""
        self.failed_message_ids.update(message_ids)
        self.failures.append(f"a rejected event could not be kept: {reason}")

    def note_full_row(self, row: Row, shard: str) -> None:
        """Note that an item of *row* takes no more, and that *shard* takes what comes."""
        self.full_rows.append({"partition": row.partition, "sort": row.sort, "shard": shard})

    def note_failure(self, pending: Pending, reason: str) -> None:
        """Note that an event could not be posted, for now."""
        event = pending.event
        self.failed_message_ids.update(pending.message_ids)
        self.failures.append(
            f"{event.kind} {event.entity_id}, event {_word(event.event_id)}: {reason}"
        )


def _entity(event: Event) -> dict[str, Any]:
    """Return the ids of the entity that *event* is about, and of its client and project."""
    update = event.update
    names = {"kind": event.kind, "client_id": update.client_id, "project_id": update.project_id}
    if isinstance(update, JobUpdate):
        names |= {"job_id": update.job_id, "pipeline": update.pipeline}
    return names


def _words(outcome: dict[str, Any]) -> dict[str, Any]:
    """Return *outcome* for the log: "none" for None, and no text that a producer wrote."""
    if not outcome:
        return outcome
    told = {name: NONE if value is None else value for name, value in outcome.items()}
    return {
        name: _word(value) if name.startswith("error_") else value for name, value in told.items()
    }


def _word(text: str) -> str:
    return text if _WORD.fullmatch(text) else "(no word)"


def _lateness(events: Sequence[Event], now: Instant) -> dict[str, float]:
    """Return how many seconds ago the first of *events* occurred, and was put on the bus."""
    since = {"late_seconds": _seconds(now - min(event.occurred_at for event in events))}
    sent = [event.sent_at for event in events if event.sent_at is not None]
    if sent:
        since["bus_seconds"] = _seconds(now - instants.from_datetime(min(sent)))
    return since


def _seconds(microseconds: int) -> float:
    return round(microseconds / MICROSECONDS, 3)
