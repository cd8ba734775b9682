"""What may be asked of ``/trends``: a span cut into intervals, filters, and what to group by.

The rollups tell pipelines apart by client, and clients apart by project, but not the pipelines of
a project: that combination is refused, as an answer would have to read every job.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import Struct

from run_ledger.domain.api.parameters import (
    Given,
    Parameter,
    check_names,
    choice,
    identifier,
    moment_or_day,
)
from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, RESULTS, JobResult
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    Duration,
    Instant,
    ceiling,
    every,
    floor,
    later,
    midnight,
    text,
)
from run_ledger.domain.state.durations import percentile

if TYPE_CHECKING:
    from .zones import Zone

Interval = Literal["hour", "day"]
GroupBy = Literal["client", "project", "pipeline"]
MOST_DAYS_BY_HOUR = 31
MOST_DAYS_BY_DAY = 400
_LENGTH: Mapping[Interval, Duration] = {"hour": HOUR, "day": DAY}
_MOST_DAYS = {"hour": MOST_DAYS_BY_HOUR, "day": MOST_DAYS_BY_DAY}
_DEFAULT_SPAN: Mapping[Interval, Duration] = {"hour": DAY, "day": Duration(30 * DAY)}
UTC = "UTC"
_DATE_TEXT = "a time in the years 2 to 9998"
_FIRST_IN_ZONES, _LAST_IN_ZONES = midnight("0002-01-01"), midnight("9998-12-31")


def _zone_name(name: str) -> str:
    """Return *name* where it is a zone's; ValueError otherwise."""
    if name != UTC:
        _zone(name)
    return name


def _zone(name: str) -> Zone:
    # Reading zones takes a cold function milliseconds that most requests have no use for.
    from .zones import zone  # noqa: PLC0415

    return zone(name)


_INTERVAL = choice("interval", "How long a point is: `day` unless said.", ("hour", "day"))
_FROM = moment_or_day(
    "from",
    "Where the series begin: the interval that this lies in is the first. 30 days before `to` "
    f"unless said, by hour one day. By day {MOST_DAYS_BY_DAY} days at most, by hour "
    f"{MOST_DAYS_BY_HOUR}. A date is its midnight in `tz`.",
)


_TO = moment_or_day(
    "to",
    "Where the series end, exclusive: the interval that the moment before this lies in is the "
    "last. Now unless said. A date is its midnight in `tz`.",
)


_TZ = Parameter(
    name="tz",
    about=(
        "The time zone whose days are meant, by its IANA name: those of `interval=day`, and those "
        "that `from` and `to` name as a date. Where clocks change, a day has 23 or 25 hours. "
        "Counted is by hours of UTC, each of which belongs to the local day that it begins in: "
        "where a zone's midnight lies in the middle of one (`Asia/Kolkata`), that hour is of the "
        "day before, and `at` is the first whole hour. Hours are those of UTC in every zone."
    ),
    allowed="the IANA name of a time zone, as Europe/Berlin or America/New_York; UTC unless said",
    schema={"type": "string", "pattern": "^[A-Za-z0-9_+/-]{1,64}$", "default": "UTC"},
    parse=_zone_name,
)


_CLIENT_ID = identifier("client_id", "Only what was done for this client.")
_PROJECT_ID = identifier("project_id", "Only what was done in this project.")
_PIPELINE = identifier("pipeline", "Only what this pipeline did.")
_GROUP_BY = choice(
    "group_by",
    "Gives a series for each client, project or pipeline; one over all of them unless said.",
    ("client", "project", "pipeline"),
)


TRENDS_PARAMETERS: tuple[Parameter[Any], ...] = (
    _INTERVAL,
    _FROM,
    _TO,
    _TZ,
    _CLIENT_ID,
    _PROJECT_ID,
    _PIPELINE,
    _GROUP_BY,
)


class TrendsQuery(Struct, frozen=True):
    """Which series: ``start`` and ``end`` lie on the edges of intervals, ``end`` is exclusive."""

    interval: Interval
    start: Instant
    end: Instant
    client_id: str | None
    project_id: str | None
    pipeline: str | None
    group_by: GroupBy | None
    tz: str = UTC
    edges: tuple[Instant, ...] = ()
    """Where the days of another zone than UTC begin, and where the last one ends."""

    @property
    def is_by_project(self) -> bool:
        """Return whether projects have to be told apart."""
        return self.project_id is not None or self.group_by == "project"

    @property
    def is_over_all(self) -> bool:
        """Return whether nothing is told apart, so that the series is one over everything."""
        return not (self.client_id or self.project_id or self.pipeline or self.group_by)

    @property
    def is_by_day_of_utc(self) -> bool:
        """Return whether the points are the days that rows are kept by."""
        return self.interval == "day" and not self.edges

    @property
    def moments(self) -> Sequence[Instant]:
        """Return where each interval of UTC begins."""
        return every(_LENGTH[self.interval], self.start, self.end)

    def interval_of(self, hour: Instant) -> Instant:
        """Return where the interval begins that the *hour* beginning then belongs to."""
        if self.edges:
            return self.edges[bisect_right(self.edges, hour) - 1]
        return floor(hour, _LENGTH[self.interval])


def trends_query(given: Given, now: Instant) -> TrendsQuery:
    """Return the query that the parameters of trends make at *now*."""
    check_names(given, TRENDS_PARAMETERS)
    interval = cast("Interval", _INTERVAL.of(given) or "day")
    tz = _TZ.of(given) or UTC
    start, end, edges = (
        (*_span(given, interval, now), ()) if tz == UTC else _span_in(tz, given, interval, now)
    )
    query = TrendsQuery(
        interval=interval,
        start=start,
        end=end,
        client_id=_CLIENT_ID.of(given),
        project_id=_PROJECT_ID.of(given),
        pipeline=_PIPELINE.of(given),
        group_by=cast("GroupBy | None", _GROUP_BY.of(given)),
        tz=tz,
        edges=edges,
    )
    if query.is_by_project and query.pipeline is not None:
        raise InvalidQuery("pipeline", f"{_NO_PIPELINES}; leave out project_id and group_by")
    if query.project_id is not None and query.group_by == "pipeline":
        raise InvalidQuery("group_by", f"{_NO_PIPELINES}; leave out project_id")
    return query


_NO_PIPELINES = "the pipelines of a project are not counted apart"


def _span(given: Given, interval: Interval, now: Instant) -> tuple[Instant, Instant]:
    """Return the first moment of the first interval, and that after the last."""
    length = _LENGTH[interval]
    since, until = _in_utc(_FROM.of(given)), _in_utc(_TO.of(given))
    end = now if until is None else until
    start = max(EARLIEST, later(end, -_DEFAULT_SPAN[interval])) if since is None else since
    _check(start < end, end - start <= _MOST_DAYS[interval] * DAY, interval, since)
    last = ceiling(end, length)
    if last > LATEST:
        raise InvalidQuery("to", "allowed: a time before the last day of the year 9999")
    return floor(start, length), last


def _span_in(
    tz: str, given: Given, interval: Interval, now: Instant
) -> tuple[Instant, Instant, tuple[Instant, ...]]:
    """Return the same in the zone *tz*, and where its days begin, by day."""
    zone = _zone(tz)
    since, until = _in_zone(zone, _FROM, given), _in_zone(zone, _TO, given)
    end = now if until is None else until
    wall_end = zone.wall_clock(end)
    if since is None:
        start = zone.moment(wall_end - timedelta(microseconds=_DEFAULT_SPAN[interval]))
    else:
        start = since
    # As clocks there show it: a year of days is one, whether clocks changed in it or not.
    length = (wall_end - zone.wall_clock(start)) - timedelta(hours=1)
    _check(start < end, length <= timedelta(days=_MOST_DAYS[interval]), interval, since)
    if interval == "hour":
        return floor(start, HOUR), ceiling(end, HOUR), ()
    edges = zone.edges(start, end)
    return edges[0], edges[-1], edges


def _check(
    is_there: bool,  # noqa: FBT001
    is_short: bool,  # noqa: FBT001
    interval: Interval,
    since: Instant | None,
) -> None:
    """Raise InvalidQuery for a span that has no length or too much of it."""
    if not is_there:
        parameter = "to" if since is None else "from"
        raise InvalidQuery(parameter, "the span is empty: from must lie before to")
    if not is_short:
        most = _MOST_DAYS[interval]
        raise InvalidQuery(
            "from", f"more than {most} days before the end; by {interval} that is the most"
        )


def _in_utc(given: Instant | date | None) -> Instant | None:
    return midnight(str(given)) if isinstance(given, date) else given


def _in_zone(zone: Zone, parameter: Parameter[Instant | date], given: Given) -> Instant | None:
    """Return the moment that is given, of a date the first hour that belongs to it."""
    value = parameter.of(given)
    moment = _in_utc(value)
    if moment is not None and not _FIRST_IN_ZONES <= moment <= _LAST_IN_ZONES:
        raise InvalidQuery(parameter.name, f"allowed with tz: {_DATE_TEXT}")
    return zone.begins(value) if isinstance(value, date) else moment


class PointDocument(Struct, frozen=True):
    """What was counted in one interval."""

    at: str
    created: int
    started: int
    ended: int
    succeeded: int
    partial: int
    failed: int
    cancelled: int
    timed_out: int
    error_rate: float | None
    duration_p50_seconds: float | None
    duration_p95_seconds: float | None
    counters: Mapping[str, int]


class SeriesDocument(Struct, frozen=True):
    """The points of one group, oldest first; ``key`` names it, empty where nothing is grouped."""

    key: Mapping[str, str]
    points: Sequence[PointDocument]


class TrendsDocument(Struct, frozen=True, rename={"from_": "from"}):
    """Series over one span, sorted by key. ``to`` is exclusive, ``tz`` that of the days."""

    interval: Interval
    from_: str
    to: str
    tz: str
    group_by: GroupBy | None
    series: Sequence[SeriesDocument]


Sums = Mapping[str, int]
_COUNTER, _DURATIONS, _ENDED = "c_", "h_", "ended_"
_KNOWN = frozenset(KNOWN_COUNTERS)


def known_alone(sums: Sums) -> dict[str, int]:
    """Return *sums* without the counters that the contract doesn't name."""
    return {
        name: count
        for name, count in sums.items()
        if not name.startswith(_COUNTER) or name.removeprefix(_COUNTER) in _KNOWN
    }


def series(key: Mapping[str, str], points: Iterable[tuple[Instant, Sums]]) -> SeriesDocument:
    """Return a series of *points*, each with the moment that its interval begins at."""
    return SeriesDocument(
        key,
        [
            point(text(moment), sums)
            for moment, sums in sorted(points, key=lambda pair: pair[0])
            if any(sums.values())
        ],
    )


def point(at: str, sums: Sums) -> PointDocument:
    """Return the point of *sums*, the attributes of rollup rows added up."""
    # Shards are read one after the other while writers go on: a job that moves from one hour to
    # another may be missing from both for a moment, which no count of things shows as negative.
    ended = {name: max(0, sums.get(_ENDED + name, 0)) for name in RESULTS}
    histogram = {
        int(name.removeprefix(_DURATIONS)): count
        for name, count in sums.items()
        if name.startswith(_DURATIONS) and count > 0
    }
    return PointDocument(
        at=at,
        created=max(0, sums.get("created", 0)),
        started=max(0, sums.get("started", 0)),
        ended=sum(ended.values()),
        **ended,
        error_rate=error_rate(ended),
        duration_p50_seconds=percentile(histogram, 0.50),
        duration_p95_seconds=percentile(histogram, 0.95),
        counters={
            name.removeprefix(_COUNTER): sums[name]
            for name in sorted(sums)
            if name.startswith(_COUNTER) and sums[name]
        },
    )


def error_rate(ended: Mapping[JobResult, int]) -> float | None:
    """Return (failed + timed out) / (ended - cancelled), None where nothing else ended."""
    judged = sum(ended.values()) - ended["cancelled"]
    return (ended["failed"] + ended["timed_out"]) / judged if judged > 0 else None
