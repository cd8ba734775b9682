"""What is known of a job of AWS's services: a sighting, whether by an event or by asking."""

from __future__ import annotations

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import JobResult
from run_ledger.domain.instants import Instant

from .facts import Facts
from .job_rules import Names


class Reason(Struct, frozen=True):
    """Why an attempt did not succeed."""

    type: str
    message: str


class SeenAttempt(Struct, frozen=True, kw_only=True):
    """One attempt at the job, as far as it is known."""

    number: int
    queued_at: Instant | None = None
    started_at: Instant | None = None
    ended_at: Instant | None = None
    result: JobResult | None = None
    reason: Reason | None = None


class ItemCounts(Struct, frozen=True):
    """How many items a job works on, and what became of them so far, in all its attempts."""

    total: int
    succeeded: int
    failed: int


class Sighting(Struct, frozen=True, kw_only=True):
    """A job of an AWS service at one instant.

    ``key`` tells it from all others, for instance its ARN; ``name`` is what people call it, and
    ``runs`` what runs it, as a state machine. ``names`` are what rules are held against.
    ``parent_key`` is the key of the job that started it. ``output`` is the JSON text that an
    execution returned.
    """

    service: str
    key: str
    name: str
    runs: str
    names: Names
    attempts: tuple[SeenAttempt, ...]
    parent_key: str | None = None
    parent_name: str | None = None
    output: str | None = None
    log_url: str | None = None
    items: ItemCounts | None = None

    @property
    def has_ended(self) -> bool:
        """Return whether the latest attempt that is known has ended."""
        return bool(self.attempts) and self.attempts[-1].ended_at is not None


class StateChange(Struct, frozen=True, kw_only=True):
    """What an event says: which job it is about, and what it tells of the job.

    Where that is not the whole, ``reference`` is what the service is asked by; ``facts`` is None
    where the event alone says too little of the job.
    """

    service: str
    reference: tuple[str, ...]
    names: Names
    facts: Facts | None = None
    is_whole: bool = False
