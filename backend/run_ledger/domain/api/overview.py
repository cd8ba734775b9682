"""The overview: its query, its shape, and how its figures are added up.

A period is 24 hours, 7 or 30 days that end with the hour before the present one, and the present
hour. The previous period is as long without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import FAILURES
from run_ledger.domain.instants import (
    DAY,
    HOUR,
    Instant,
    every,
    floor,
    later,
    text,
    text_or_none,
)

from .base_query import PathQuery, declared
from .clients_projects import ProjectDocument
from .ends import (
    AttemptFiguresDocument,
    EndsDocument,
    RowSums,
    attempt_figures,
    ends_of_jobs,
    jobs_by_result,
)
from .failures import CountedFailures, CountedGroupDocument, error_groups, looked_back
from .incidents import OpenIncidentsDocument
from .jobs import JobDocument
from .pages import LeftOutDocument
from .parameters import choice, identifier
from .trends import counters_of, known_alone

PeriodName = Literal["24h", "7d", "30d"]
PERIODS: Mapping[str, int] = {"24h": 1, "7d": 7, "30d": 30}
"""The days of each period."""
MOST_GROUPS = 10
"""So many error groups are shown; further ones are counted."""
MOST_JOBS = 5
"""So many jobs or projects are shown for each reason, the newest."""


@dataclass(frozen=True, kw_only=True)
class OverviewQuery(PathQuery):
    """The query of the overview."""

    client_id: str | None = declared(identifier("client_id", "Only the figures of this client."))
    period: str | None = declared(
        choice(
            "period",
            "What is counted: the last 24 hours unless given, the last 7 or the last 30 days.",
            tuple(PERIODS),
        )
    )


class OverviewPeriod(Struct, frozen=True):
    """A period, by its name: from ``since`` to ``until``, which is the time of the request.

    The previous one goes from ``previous_since`` to ``since``.
    """

    name: PeriodName
    since: Instant
    previous_since: Instant
    until: Instant

    @classmethod
    def of(cls, name: str | None, now: Instant) -> OverviewPeriod:
        """Return the period that is called *name*, 24 hours for None, at *now*."""
        chosen: PeriodName = "7d" if name == "7d" else "30d" if name == "30d" else "24h"
        since = later(floor(now, HOUR), -PERIODS[chosen] * DAY)
        return cls(chosen, since, later(since, -PERIODS[chosen] * DAY), now)

    @property
    def hours(self) -> Sequence[Instant]:
        """Return when the hours of the period begin; of 24 hours alone."""
        return every(HOUR, self.since, later(self.until, 1)) if self.name == "24h" else ()

    @property
    def days(self) -> Sequence[Instant]:
        """Return when the days of UTC begin in the period, the first with it; not of 24 hours."""
        if self.name == "24h":
            return ()
        midnights = every(DAY, later(floor(self.since, DAY), DAY), later(self.until, 1))
        return [self.since, *midnights]

    @property
    def first_failures(self) -> Instant:
        """Return the midnight from which failures are counted: days of UTC are what is counted."""
        return floor(self.since, DAY)

    @property
    def known_failures(self) -> Instant:
        """Return the midnight since which a failure must have come for its group not to be new."""
        return looked_back(self.first_failures)

    def place(self, hour: Instant) -> Instant:
        """Return what begins with the counts of *hour*: the hour itself, or its day.

        A day is cut where the period begins.
        """
        if self.name == "24h":
            return hour
        edge = self.since if hour >= self.since else self.previous_since
        return max(floor(hour, DAY), edge)


class CountsDocument(Struct, frozen=True):
    """Counts of the hour or day that begins at ``at``; ends and results are those of jobs."""

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
    hours: Sequence[CountsDocument]
    previous: PeriodFiguresDocument


class ClientFiguresDocument(FiguresDocument, frozen=True, kw_only=True):
    """The figures of one client."""

    client_id: str
    name: str | None


class OverviewGroupDocument(CountedGroupDocument, frozen=True, kw_only=True):
    """An error group of the period; ``is_new`` where none of it came in the days before."""

    is_new: bool


class OverviewErrorsDocument(Struct, frozen=True):
    """The error groups with failed jobs since a midnight of UTC, those with most jobs first.

    ``more`` counts the groups that are not shown, ``left_out`` tells whose are not counted.
    """

    since: str
    groups: Sequence[OverviewGroupDocument]
    more: int
    left_out: LeftOutDocument | None


class AttentionDocument(Struct, frozen=True):
    """A job or a project that somebody should look at, and why; the other one is None."""

    why: Literal["stalled", "failed", "partial", "overdue"]
    job: JobDocument | None = None
    project: ProjectDocument | None = None


class ChannelDocument(Struct, frozen=True):
    """How a channel does that was ever used: of a client, or of staff (``*``)."""

    client_id: str
    channel: str
    worked_at: str | None
    failing_since: str | None
    off_at: str | None
    reason: str | None


class NoticesDocument(Struct, frozen=True):
    """How notices come through to people; numbers are None where there are too many to count.

    ``waiting`` are those that failed and are tried again, ``given_up`` those of the last 30 days
    that are not.
    """

    channels: Sequence[ChannelDocument]
    waiting: int | None
    oldest_waiting_at: str | None
    given_up: int | None
    last_given_up_at: str | None


class OverviewDocument(Struct, frozen=True):
    """The most important figures: over all clients that the caller may see, and by client.

    Both are without those that ``left_out`` names. ``notices`` is for staff alone.
    """

    as_of: str
    period: PeriodName
    since: str
    previous_since: str
    totals: FiguresDocument
    days: Sequence[CountsDocument]
    clients: Sequence[ClientFiguresDocument]
    errors: OverviewErrorsDocument
    attention: Sequence[AttentionDocument]
    running_jobs: Sequence[JobDocument]
    incidents: OpenIncidentsDocument
    notices: NoticesDocument | None
    left_out: LeftOutDocument | None


class ClientFigures(Struct, frozen=True):
    """Figures of one client, from which documents are made.

    ``states`` counts its jobs in each outcome, ``sums`` holds the sums of rollup rows by hour (of
    24 hours) or day, and ``previous`` those of the whole previous period. ``stalled`` is None where
    more jobs are running than can be looked through.
    """

    client_id: str
    name: str | None
    states: RowSums
    stalled: int | None
    sums: Mapping[Instant, RowSums]
    previous: RowSums
    last_event_at: Instant | None


def client_document(figures: ClientFigures, period: OverviewPeriod) -> ClientFiguresDocument:
    """Return the figures of a client in *period*."""
    return ClientFiguresDocument(
        client_id=figures.client_id, name=figures.name, **_shown(figures, period)
    )


def totals_document(figures: ClientFigures, period: OverviewPeriod) -> FiguresDocument:
    """Return *figures* of all clients together, as `together` gives them."""
    return FiguresDocument(**_shown(figures, period))


def days_of(figures: ClientFigures, period: OverviewPeriod) -> Sequence[CountsDocument]:
    """Return the counts of each day of the period; none of 24 hours."""
    return [_counts(moment, figures.sums.get(moment, {})) for moment in period.days]


def together(figures: Iterable[ClientFigures]) -> ClientFigures:
    """Return the figures of several clients added up."""
    states: Counter[str] = Counter()
    sums: dict[Instant, Counter[str]] = {}
    previous: Counter[str] = Counter()
    stalled: int | None = 0
    heard: list[Instant] = []
    for one in figures:
        states.update(one.states)
        previous.update(one.previous)
        for moment, counts in one.sums.items():
            sums.setdefault(moment, Counter()).update(counts)
        stalled = None if stalled is None or one.stalled is None else stalled + one.stalled
        heard += [one.last_event_at] if one.last_event_at is not None else []
    return ClientFigures("", None, states, stalled, sums, previous, max(heard, default=None))


def errors_document(
    counted: Iterable[CountedFailures], period: OverviewPeriod, without: LeftOutDocument | None
) -> OverviewErrorsDocument:
    """Return the error groups of what was *counted* since `OverviewPeriod.known_failures`."""
    within: list[CountedFailures] = []
    before: list[CountedFailures] = []
    for one in counted:
        (within if one.midnight >= period.first_failures else before).append(one)
    known = {group.fingerprint for group in error_groups(before)}
    groups = [group for group in error_groups(within) if group.jobs > 0]
    groups.sort(key=lambda group: (-group.jobs, -group.count, group.fingerprint))
    return OverviewErrorsDocument(
        since=text(period.first_failures),
        groups=[
            OverviewGroupDocument(
                **{name: getattr(group, name) for name in CountedGroupDocument.__struct_fields__},
                is_new=group.fingerprint not in known,
            )
            for group in groups[:MOST_GROUPS]
        ],
        more=max(0, len(groups) - MOST_GROUPS),
        left_out=without,
    )


def _shown(figures: ClientFigures, period: OverviewPeriod) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for one in figures.sums.values():
        sums.update(one)
    running = max(0, figures.states.get("running", 0))
    return {
        "running": running,
        "queued": max(0, figures.states.get("queued", 0)),
        # Totals and index are read at different times: a job that ends between counts no longer.
        "stalled": None if figures.stalled is None else min(figures.stalled, running),
        **_period(sums),
        "last_event_at": text_or_none(figures.last_event_at),
        "hours": [_counts(moment, figures.sums.get(moment, {})) for moment in period.hours],
        "previous": PeriodFiguresDocument(**_period(figures.previous)),
    }


def _period(sums: RowSums) -> dict[str, Any]:
    return {
        "created": max(0, sums.get("created", 0)),
        **ends_of_jobs(sums),
        "attempts": attempt_figures(sums),
        "counters": counters_of(known_alone(sums)),
    }


def _counts(moment: Instant, sums: RowSums) -> CountsDocument:
    ended = jobs_by_result(sums)
    return CountsDocument(
        at=text(moment),
        created=max(0, sums.get("created", 0)),
        started=max(0, sums.get("started", 0)),
        ended=sum(ended.values()),
        partial=ended["partial"],
        **{failure: ended[failure] for failure in FAILURES},
    )
