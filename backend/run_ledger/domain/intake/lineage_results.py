"""The answer about events of OpenLineage, in the form that its API has for batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from .event_results import EventResultDocument


class NotCounted(Struct, frozen=True):
    """What becomes of an event about a dataset or a job and no run: it counts nothing."""


Outcome = EventResultDocument | NotCounted


class FailedLineageEventDocument(Struct, frozen=True):
    """An event that was not taken: its place, from 0, why, and whether to send it again."""

    index: int
    reason: str
    retriable: bool


class LineageSummaryDocument(Struct, frozen=True):
    """How many events came, and what became of them.

    ``not_counted`` is the number of the successful ones that are about a dataset or a job and no
    run: the ledger has nothing to count in them.
    """

    received: int
    successful: int
    failed: int
    retriable: int
    non_retriable: int
    not_counted: int


class LineageDocument(Struct, frozen=True):
    """What became of the events of a request."""

    status: Literal["success", "partial_success"]
    summary: LineageSummaryDocument
    failed_events: list[FailedLineageEventDocument]


def lineage_document(outcomes: Sequence[Outcome]) -> LineageDocument:
    """Return the document about events with these *outcomes*, in the request's order."""
    failed = [
        FailedLineageEventDocument(
            index, "" if one.error is None else one.error.message, one.status == "retry"
        )
        for index, one in enumerate(outcomes)
        if isinstance(one, EventResultDocument) and one.status != "accepted"
    ]
    retriable = sum(one.retriable for one in failed)
    summary = LineageSummaryDocument(
        received=len(outcomes),
        successful=len(outcomes) - len(failed),
        failed=len(failed),
        retriable=retriable,
        non_retriable=len(failed) - retriable,
        not_counted=sum(isinstance(one, NotCounted) for one in outcomes),
    )
    return LineageDocument("partial_success" if failed else "success", summary, failed)
