"""The overview: its query, its shape, and how its figures are added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import FAILURES
from run_ledger.domain.instants import Instant, text, text_or_none

from .base_query import PathQuery, declared
from .ends import (
    AttemptFiguresDocument,
    EndsDocument,
    RowSums,
    attempt_figures,
    ends_of_jobs,
    jobs_by_result,
)
from .pages import LeftOutDocument
from .parameters import identifier
from .trends import counters_of, known_alone


@dataclass(frozen=True, kw_only=True)
class OverviewQuery(PathQuery):
    """The query of the overview."""

    client_id: str | None = declared(identifier("client_id", "Only the figures of this client."))


Span = Literal["24h"]


class HourDocument(Struct, frozen=True):
    """Counts of the hour that begins at ``at``; ends and results are those of jobs."""

    at: str
    created: int
    started: int
    ended: int
    partial: int
    failed: int
    timed_out: int


class PeriodFiguresDocument(EndsDocument, frozen=True, kw_only=True):
    """What happened in a period: to jobs, and to attempts beside them."""

    created: int
    attempts: AttemptFiguresDocument
    counters: Mapping[str, int]


class FiguresDocument(PeriodFiguresDocument, frozen=True, kw_only=True):
    """What is going on now, and what happened in the period and in the one before it."""

    running: int
    queued: int
    stalled: int | None
    last_event_at: str | None
    hours: Sequence[HourDocument]
    previous: PeriodFiguresDocument


class ClientFiguresDocument(FiguresDocument, frozen=True, kw_only=True):
    """The figures of one client."""

    client_id: str
    name: str | None


class OverviewDocument(Struct, frozen=True):
    """The most important figures: over all clients that the caller may see, and by client.

    Both are without those that ``left_out`` names.
    """

    as_of: str
    period: Span
    since: str
    previous_since: str
    totals: FiguresDocument
    clients: Sequence[ClientFiguresDocument]
    left_out: LeftOutDocument | None


class ClientFigures(Struct, frozen=True):
    """Figures of one client, from which documents are made.

    ``states`` counts its jobs in each outcome, ``hours`` holds the sums of rollup rows by hour, and
    ``previous`` those of all hours of the period before. ``stalled`` is None where more jobs are
    running than can be looked through.
    """

    client_id: str
    name: str | None
    states: RowSums
    stalled: int | None
    hours: Mapping[Instant, RowSums]
    previous: RowSums
    last_event_at: Instant | None


def client_document(figures: ClientFigures, moments: Sequence[Instant]) -> ClientFiguresDocument:
    """Return the figures of a client over the hours that begin at *moments*."""
    return ClientFiguresDocument(
        client_id=figures.client_id, name=figures.name, **_shown(figures, moments)
    )


def totals_document(every: Iterable[ClientFigures], moments: Sequence[Instant]) -> FiguresDocument:
    """Return the figures of all clients together."""
    states: Counter[str] = Counter()
    hours: dict[Instant, Counter[str]] = {}
    previous: Counter[str] = Counter()
    stalled: int | None = 0
    heard: list[Instant] = []
    for one in every:
        states.update(one.states)
        previous.update(one.previous)
        for moment, sums in one.hours.items():
            hours.setdefault(moment, Counter()).update(sums)
        stalled = None if stalled is None or one.stalled is None else stalled + one.stalled
        heard += [one.last_event_at] if one.last_event_at is not None else []
    together = ClientFigures("", None, states, stalled, hours, previous, max(heard, default=None))
    return FiguresDocument(**_shown(together, moments))


def _shown(figures: ClientFigures, moments: Sequence[Instant]) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for one in figures.hours.values():
        sums.update(one)
    running = max(0, figures.states.get("running", 0))
    return {
        "running": running,
        "queued": max(0, figures.states.get("queued", 0)),
        # Totals and index are read at different times: a job that ends between counts no longer.
        "stalled": None if figures.stalled is None else min(figures.stalled, running),
        **_period(sums),
        "last_event_at": text_or_none(figures.last_event_at),
        "hours": [_hour(moment, figures.hours.get(moment, {})) for moment in moments],
        "previous": PeriodFiguresDocument(**_period(figures.previous)),
    }


def _period(sums: RowSums) -> dict[str, Any]:
    return {
        "created": max(0, sums.get("created", 0)),
        **ends_of_jobs(sums),
        "attempts": attempt_figures(sums),
        "counters": counters_of(known_alone(sums)),
    }


def _hour(moment: Instant, sums: RowSums) -> HourDocument:
    ended = jobs_by_result(sums)
    return HourDocument(
        at=text(moment),
        created=max(0, sums.get("created", 0)),
        started=max(0, sums.get("started", 0)),
        ended=sum(ended.values()),
        partial=ended["partial"],
        **{failure: ended[failure] for failure in FAILURES},
    )
