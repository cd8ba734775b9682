"""Trends, series over time: their query, their shape, and how their points are made.

Rollups count by client and pipeline, and by project and client, but not by project and pipeline:
that combination is refused, as an answer would have to read every job.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import Instant, text
from run_ledger.domain.state.own_counters import COUNTER, folded

from .base_query import PathQuery, declared
from .ends import AttemptFiguresDocument, EndsDocument, RowSums, attempt_figures, ends_of_jobs
from .intervals import INTERVALS, MOST_DAYS, UTC, Interval, Intervals, cut, zone_name
from .pages import LeftOutDocument
from .parameters import QueryParameter, choice, identifier, time_or_local_date

GroupBy = Literal["client", "project", "pipeline", "model"]
_NO_PIPELINES = "the pipelines of a project are not counted apart"


@dataclass(frozen=True, kw_only=True)
class TrendsQuery(PathQuery):
    """The query of trends."""

    interval: str | None = declared(
        choice(
            "interval",
            "The length of a point's interval: `day` unless given. Three and six hours begin at "
            "midnight UTC. Counts and percentiles of each interval are exact: they are made of its "
            "hours' counts and histograms.",
            INTERVALS,
        )
    )
    since: Instant | date | None = declared(
        time_or_local_date(
            "from",
            "The start of the series: the first interval is the one that this time lies in. Unless "
            f"given, 30 days before `to` by day, or else one day. By day {MOST_DAYS['day']} days "
            f"are the most, by hour {MOST_DAYS['hour']}, by 3h {MOST_DAYS['3h']}, by 6h "
            f"{MOST_DAYS['6h']}. A date is its midnight in `tz`.",
        )
    )
    until: Instant | date | None = declared(
        time_or_local_date(
            "to",
            "The end of the series, exclusive: the last interval is that of the moment before this "
            "time. Now unless given. A date is its midnight in `tz`.",
        )
    )
    tz: str | None = declared(
        QueryParameter(
            name="tz",
            about=(
                "The IANA name of the time zone whose days are meant: the days of `interval=day`, "
                "and those that `from` and `to` name as a date. Where clocks change, a day has 23 "
                "or 25 hours. Counts are kept by hours of UTC, and each hour belongs to the local "
                "day that it begins in. Where a zone's midnight lies in the middle of an hour "
                "(`Asia/Kolkata`), that hour belongs to the day before, and `at` is the first "
                "whole hour. Intervals of hours are those of UTC in every zone."
            ),
            allowed=(
                "the IANA name of a time zone, as Europe/Berlin or America/New_York; UTC unless "
                "given"
            ),
            schema={"type": "string", "pattern": "^[A-Za-z0-9_+/-]{1,64}$", "default": UTC},
            parse=zone_name,
        )
    )
    client_id: str | None = declared(identifier("client_id", "Only what was done for this client."))
    project_id: str | None = declared(
        identifier("project_id", "Only what was done in this project.")
    )
    pipeline: str | None = declared(identifier("pipeline", "Only what this pipeline did."))
    group_by: str | None = declared(
        choice(
            "group_by",
            "Gives one series for each client, project, pipeline or language model. Unless given, "
            "there is one series over all of them. A series of a model has only the counters that "
            "the contract names; what was reported without a model, and all counts of jobs, are in "
            "`other`.",
            get_args(GroupBy),
        )
    )

    @property
    def is_by_project(self) -> bool:
        """Return whether the series distinguish projects."""
        return self.project_id is not None or self.group_by == "project"

    @property
    def is_over_all(self) -> bool:
        """Return whether there is one series over everything, without filters and groups."""
        return not (self.client_id or self.project_id or self.pipeline or self.group_by)

    def check(self) -> None:
        """Raise InvalidQuery where pipelines of a project are asked for."""
        if self.is_by_project and self.pipeline is not None:
            raise InvalidQuery("pipeline", f"{_NO_PIPELINES}; leave out project_id and group_by")
        if self.project_id is not None and self.group_by == "pipeline":
            raise InvalidQuery("group_by", f"{_NO_PIPELINES}; leave out project_id")

    def intervals(self, now: Instant) -> Intervals:
        """Return the intervals of the series at *now*.

        Raises InvalidQuery for a time range that is empty or too long.
        """
        interval = cast("Interval", self.interval or "day")
        return cut(interval, self.since, self.until, tz=self.tz or UTC, now=now)


class PointDocument(EndsDocument, frozen=True, kw_only=True):
    """Counts of one interval: of jobs, and of attempts beside them."""

    at: str
    created: int
    started: int
    attempts: AttemptFiguresDocument
    counters: Mapping[str, int]


class SeriesDocument(Struct, frozen=True):
    """The points of one group, oldest first; ``key`` names the group, and is empty without any."""

    key: Mapping[str, str]
    points: Sequence[PointDocument]


class TrendsDocument(Struct, frozen=True, rename={"from_": "from"}):
    """Series over one time range, sorted by key; ``to`` is exclusive.

    Where the groups are too many, those with most jobs have series, and ``other`` is the sum of the
    rest. By model, ``other`` is what was reported without a model, and the model ``other`` is the
    sum of the models without a series. What could not be added up at all is named in ``left_out``.
    """

    interval: Interval
    from_: str
    to: str
    tz: str
    group_by: GroupBy | None
    series: Sequence[SeriesDocument]
    other: SeriesDocument | None
    left_out: LeftOutDocument | None


def known_alone(sums: RowSums) -> dict[str, int]:
    """Return *sums* without the counters that the contract does not name."""
    return {
        name: count
        for name, count in sums.items()
        if not name.startswith(COUNTER) or name.removeprefix(COUNTER) in KNOWN_COUNTERS
    }


def series(key: Mapping[str, str], points: Iterable[tuple[Instant, RowSums]]) -> SeriesDocument:
    """Return a series of *points*, pairs of when an interval begins and its sums."""
    return SeriesDocument(
        key,
        [
            point(text(moment), sums)
            for moment, sums in sorted(points, key=lambda pair: pair[0])
            if any(sums.values())
        ],
    )


def point(at: str, sums: RowSums) -> PointDocument:
    """Return the point of *sums*, the added up attributes of rollup rows."""
    attempts = attempt_figures(sums)
    return PointDocument(
        at=at,
        created=max(0, sums.get("created", 0)),
        started=attempts.started,
        **ends_of_jobs(sums),
        attempts=attempts,
        counters=counters_of(folded(sums)),
    )


def counters_of(sums: RowSums) -> dict[str, int]:
    """Return the sums of deltas by the names of counters, sorted; zeros are left out."""
    return {
        name.removeprefix(COUNTER): sums[name]
        for name in sorted(sums)
        if name.startswith(COUNTER) and sums[name]
    }
