"""What checks show: that a probe has come, and how far the ledger is proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import Struct

from .base_query import PathQuery, declared
from .parameters import identifier

MOST_SHOWN = 100
"""So much of what differs is shown; the rest is counted."""


class ProbeDocument(Struct, frozen=True):
    """A probe that has come."""

    probe_id: str
    sent_at: str | None
    received_at: str


@dataclass(frozen=True, kw_only=True)
class ProofQuery(PathQuery):
    """The query of the proof."""

    client_id: str | None = declared(identifier("client_id", "Only the proof of this client."))


class WrongValueDocument(Struct, frozen=True):
    """An attribute that is not what the entries give."""

    attribute: str
    stored: int | None
    recounted: int | None


class DriftDocument(Struct, frozen=True):
    """What is not what its entries give: a job, a project, or a rollup row."""

    client_id: str | None
    kind: str
    id: str
    found_at: str
    differences: Sequence[WrongValueDocument]


class ProofDocument(Struct, frozen=True):
    """How far the ledger was recounted, and what differs."""

    proved_to: str | None
    older_proved_to: str | None
    rows_proved_to: str | None
    since: str | None
    judged_at: str | None
    judged: int
    not_judged: int
    rows_judged: int
    rows_not_judged: int
    projects_judged: int
    differences: int
    differing: Sequence[DriftDocument]
