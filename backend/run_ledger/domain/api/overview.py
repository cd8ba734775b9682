"""The overview: its query, its shape, and how its figures are added up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import FAILURES, RESULTS
from run_ledger.domain.instants import Instant, text, text_or_none

from .base_query import PathQuery, declared
from .parameters import identifier
from .trends import RowSums, error_rate


@dataclass(frozen=True, kw_only=True)
class OverviewQuery(PathQuery):
    """The query of the overview."""

    client_id: str | None = declared(identifier("client_id", "Only the figures of this client."))


class HourDocument(Struct, frozen=True):
    """Counts of the hour that begins at ``at``."""

    at: str
    created: int
    started: int
    ended: int
    failed: int
    timed_out: int


class FiguresDocument(Struct, frozen=True, kw_only=True):
    """Figures of now; those in `_24h` are of the current hour and the 24 before it."""

    running: int
    queued: int
    stalled: int | None
    created_24h: int
    ended_24h: int
    succeeded_24h: int
    partial_24h: int
    failed_24h: int
    cancelled_24h: int
    timed_out_24h: int
    error_rate_24h: float | None
    last_event_at: str | None
    hours: Sequence[HourDocument]


class ClientFiguresDocument(FiguresDocument, frozen=True, kw_only=True):
    """The figures of one client."""

    client_id: str
    name: str | None


class OverviewDocument(Struct, frozen=True):
    """The most important figures: over all clients that the caller may see, and by client."""

    as_of: str
    since: str
    totals: FiguresDocument
    clients: Sequence[ClientFiguresDocument]


class ClientFigures(Struct, frozen=True):
    """Figures of one client, from which documents are made.

    ``states`` counts its jobs in each outcome, ``hours`` holds the sums of rollup rows by hour.
    ``stalled`` is None where more jobs are running than can be looked through.
    """

    client_id: str
    name: str | None
    states: RowSums
    stalled: int | None
    hours: Mapping[Instant, RowSums]
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
    stalled: int | None = 0
    heard: list[Instant] = []
    for one in every:
        states.update(one.states)
        for moment, sums in one.hours.items():
            hours.setdefault(moment, Counter()).update(sums)
        stalled = None if stalled is None or one.stalled is None else stalled + one.stalled
        heard += [one.last_event_at] if one.last_event_at is not None else []
    together = ClientFigures("", None, states, stalled, hours, max(heard, default=None))
    return FiguresDocument(**_shown(together, moments))


def _shown(figures: ClientFigures, moments: Sequence[Instant]) -> dict[str, Any]:
    hours = [_hour(moment, figures.hours.get(moment, {})) for moment in moments]
    ended = {
        result: max(0, sum(sums.get(f"ended_{result}", 0) for sums in figures.hours.values()))
        for result in RESULTS
    }
    running = max(0, figures.states.get("running", 0))
    return {
        "running": running,
        "queued": max(0, figures.states.get("queued", 0)),
        # Totals and index are read at different times: a job that ends between counts no longer.
        "stalled": None if figures.stalled is None else min(figures.stalled, running),
        "created_24h": sum(hour.created for hour in hours),
        "ended_24h": sum(ended.values()),
        **{f"{result}_24h": count for result, count in ended.items()},
        "error_rate_24h": error_rate(ended),
        "last_event_at": text_or_none(figures.last_event_at),
        "hours": hours,
    }


def _hour(moment: Instant, sums: RowSums) -> HourDocument:
    ended = {result: max(0, sums.get(f"ended_{result}", 0)) for result in RESULTS}
    return HourDocument(
        at=text(moment),
        created=max(0, sums.get("created", 0)),
        started=max(0, sums.get("started", 0)),
        ended=sum(ended.values()),
        **{failure: ended[failure] for failure in FAILURES},
    )
