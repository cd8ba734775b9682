"""What may be asked of ``/trends``: a span cut into intervals, filters, and what to group by.

The rollups tell pipelines apart by client, and clients apart by project, but not the pipelines of
a project: that combination is refused, as an answer would have to read every job.
"""

from __future__ import annotations

from typing import Any, Literal, cast

from msgspec import Struct

from .errors import InvalidQuery
from .instants import EARLIEST, LATEST, MICROSECONDS
from .parameters import Given, Parameter, check_names, choice, identifier, moment

Interval = Literal["hour", "day"]
GroupBy = Literal["client", "project", "pipeline"]

HOUR = 3_600 * MICROSECONDS
DAY = 24 * HOUR
MOST_DAYS_BY_HOUR = 31
MOST_DAYS_BY_DAY = 400
_LENGTH = {"hour": HOUR, "day": DAY}
_MOST_DAYS = {"hour": MOST_DAYS_BY_HOUR, "day": MOST_DAYS_BY_DAY}
_DEFAULT_SPAN = {"hour": DAY, "day": 30 * DAY}

_INTERVAL = choice("interval", "How long a point is: `day` unless said.", ("hour", "day"))
_FROM = moment(
    "from",
    "Where the series begin: the interval that this lies in is the first. 30 days before `to` "
    f"unless said, by hour one day. By day {MOST_DAYS_BY_DAY} days at most, by hour "
    f"{MOST_DAYS_BY_HOUR}.",
)
_TO = moment(
    "to",
    "Where the series end, exclusive: the interval that the moment before this lies in is the "
    "last. Now unless said.",
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
    _CLIENT_ID,
    _PROJECT_ID,
    _PIPELINE,
    _GROUP_BY,
)


class TrendsQuery(Struct, frozen=True):
    """Which series: ``start`` and ``end`` lie on the edges of intervals, ``end`` is exclusive."""

    interval: Interval
    start: int
    end: int
    client_id: str | None
    project_id: str | None
    pipeline: str | None
    group_by: GroupBy | None

    @property
    def is_by_project(self) -> bool:
        """Return whether projects have to be told apart."""
        return self.project_id is not None or self.group_by == "project"

    @property
    def is_over_all(self) -> bool:
        """Return whether nothing is told apart, so that the series is one over everything."""
        return not (self.client_id or self.project_id or self.pipeline or self.group_by)

    @property
    def moments(self) -> range:
        """Return where each interval begins."""
        return range(self.start, self.end, _LENGTH[self.interval])


def trends_query(given: Given, now: int) -> TrendsQuery:
    """Return the query that the parameters of trends make at *now*."""
    check_names(given, TRENDS_PARAMETERS)
    interval = cast("Interval", _INTERVAL.of(given) or "day")
    start, end = _span(given, interval, now)
    query = TrendsQuery(
        interval=interval,
        start=start,
        end=end,
        client_id=_CLIENT_ID.of(given),
        project_id=_PROJECT_ID.of(given),
        pipeline=_PIPELINE.of(given),
        group_by=cast("GroupBy | None", _GROUP_BY.of(given)),
    )
    if query.is_by_project and query.pipeline is not None:
        raise InvalidQuery("pipeline", f"{_NO_PIPELINES}; leave out project_id and group_by")
    if query.project_id is not None and query.group_by == "pipeline":
        raise InvalidQuery("group_by", f"{_NO_PIPELINES}; leave out project_id")
    return query


_NO_PIPELINES = "the pipelines of a project are not counted apart"


def _span(given: Given, interval: Interval, now: int) -> tuple[int, int]:
    """Return the first moment of the first interval, and that after the last."""
    length = _LENGTH[interval]
    until = _TO.of(given)
    end = now if until is None else until
    since = _FROM.of(given)
    start = max(EARLIEST, end - _DEFAULT_SPAN[interval]) if since is None else since
    if start >= end:
        parameter = "to" if since is None else "from"
        raise InvalidQuery(parameter, "the span is empty: from must lie before to")
    most = _MOST_DAYS[interval]
    if end - start > most * DAY:
        raise InvalidQuery(
            "from", f"more than {most} days before the end; by {interval} that is the most"
        )
    last = -(-end // length) * length
    if last > LATEST:
        raise InvalidQuery("to", "allowed: a time before the last day of the year 9999")
    return start // length * length, last
