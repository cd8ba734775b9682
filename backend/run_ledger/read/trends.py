"""``/trends``: series over time, made of rollup rows alone.

The number of rows read depends on days, clients, projects and pipelines, not on jobs:

==============================  ==============================================================
asked for                       rows read
==============================  ==============================================================
everything by day               ``all``: one row a day and shard
by or of a project              ``project#P#DAY``, and a directory of projects where none is named
anything else                   ``client#C#DAY``, and the directory of clients where all are seen
==============================  ==============================================================

Rows of a client or a project hold an hour each, and add up to days of any zone. Rows of ``all``
hold days of UTC, so series over everything by day of another zone are added up from all clients.

Each partition is one Query; the queries of a round run side by side, `MOST_PARTITIONS` at most.
Series over everything, by day or by hour, have only the counters that the contract names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import cast

from msgspec import Struct

from run_ledger.domain.api.access import EVERYTHING
from run_ledger.domain.api.ends import RowSums
from run_ledger.domain.api.intervals import UTC, Intervals
from run_ledger.domain.api.trends import (
    GroupBy,
    SeriesDocument,
    TrendsDocument,
    TrendsQuery,
    known_alone,
    series,
)
from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import HOUR, Instant, day, later, midnight, text
from run_ledger.domain.state.rollups import ALL
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.lists.rollup_reads import Grouping, Range, beyond, day_cuts, read_sums
from run_ledger.store.lists.totals import read_project_ids

from .answers import fits
from .inquiries import Inquiry
from .views import clients_in_view

# Each partition is a call. This many take a function of the reader's size about eight seconds where
# every hour has rows, and three where few have. The reader gives up after fifteen.
MOST_PARTITIONS = 1_000
# A row of one shard and day has 3 KB at most, so 8 shards of this many days fit into one answer.
_DAYS_A_QUERY = 32

_NAMES = {"client": "client_id", "project": "project_id", "pipeline": "pipeline", None: ""}

GroupName = str | None
PointKey = tuple[GroupName, Instant]
"""A group, and when the interval of one of its points begins."""


def show_trends(inquiry: Inquiry) -> Struct:
    """Return the series that are asked for."""
    query = TrendsQuery.of(inquiry.parameters)
    intervals = query.intervals(inquiry.now)
    sums = _sums(inquiry, query, intervals)
    document = TrendsDocument(
        interval=intervals.interval,
        from_=text(intervals.start),
        to=text(intervals.end),
        tz=query.tz or UTC,
        group_by=cast("GroupBy | None", query.group_by),
        series=_series(query, sums),
    )
    if not fits(document):
        raise InvalidQuery(
            "from",
            f"{len(document.series)} series of this length are more than one answer carries; "
            "shorten the time range, or ask by day or for one client",
        )
    return document


def _sums(inquiry: Inquiry, query: TrendsQuery, intervals: Intervals) -> Mapping[PointKey, RowSums]:
    """Return the counts of each point, from the rows that the module's table names."""
    reading = inquiry.reading
    is_of_all_rows = query.is_over_all and intervals.are_days_of_utc
    if is_of_all_rows and inquiry.caller.scope == EVERYTHING:
        return read_sums(reading, _ranges_of_all(intervals), _place_of_all)
    scope, clients = clients_in_view(inquiry, query.client_id)
    if is_of_all_rows and scope == EVERYTHING:
        return read_sums(reading, _ranges_of_all(intervals), _place_of_all)
    if not query.is_by_project:
        ranges = _ranges("client", clients, intervals)
        return read_sums(reading, ranges, _place_of_clients(query, intervals))
    projects = _projects(inquiry, query, clients) if clients else []
    place = _place_of_projects(query, intervals, clients)
    return read_sums(reading, _ranges("project", projects, intervals), place)


def _projects(inquiry: Inquiry, query: TrendsQuery, clients: Sequence[str]) -> Sequence[str]:
    if query.project_id is not None:
        return [query.project_id]
    reading = inquiry.reading
    _check(len(clients), "client_id", "clients")
    found = reading.together(
        [partial(read_project_ids, reading.client, reading.tables.rollups, one) for one in clients]
    )
    return sorted({project for projects in found for project in projects})


def _ranges_of_all(intervals: Intervals) -> list[Range]:
    days = [day(moment) for moment in intervals.days_of_utc]
    return [Range(ALL, [*some, beyond(some[-1])]) for some in portions(days, _DAYS_A_QUERY)]


def _ranges(kind: str, names: Sequence[str], intervals: Intervals) -> list[Range]:
    """Return the ranges of rows of each of *names*, a client or project, one for each day."""
    days = day_cuts(intervals.start, intervals.end)
    _check(len(names) * len(days), "from", f"days of {kind}s")
    return [Range(f"{kind}#{name}#{one_day}", cuts) for name in names for one_day, cuts in days]


def _check(count: int, parameter: str, what: str) -> None:
    if count > MOST_PARTITIONS:
        raise InvalidQuery(
            parameter,
            f"that would add up {count} {what}, more than the {MOST_PARTITIONS} of one answer; "
            "shorten the time range, or ask for one client or project, or for everything by day "
            "of UTC",
        )


def _place_of_all(partition: str) -> Callable[[str], PointKey]:
    del partition
    return lambda sort: (None, midnight(sort))


def _place_of_clients(query: TrendsQuery, intervals: Intervals) -> Grouping[PointKey]:
    def place(partition: str) -> Callable[[str], PointKey | None]:
        client_id, first = _named(partition)

        def place_row(sort: str) -> PointKey | None:
            hour, _, pipeline = sort.partition("#")
            if query.pipeline is not None and pipeline != query.pipeline:
                return None
            group = pipeline if query.group_by == "pipeline" else client_id
            return group if query.group_by else None, _beginning(intervals, first, hour)

        return place_row

    return place


def _place_of_projects(
    query: TrendsQuery, intervals: Intervals, clients: Sequence[str]
) -> Grouping[PointKey]:
    in_view = frozenset(clients)

    def place(partition: str) -> Callable[[str], PointKey | None]:
        project_id, first = _named(partition)

        def place_row(sort: str) -> PointKey | None:
            hour, _, client_id = sort.partition("#")
            if client_id not in in_view:
                return None
            group = client_id if query.group_by == "client" else project_id
            return group if query.group_by else None, _beginning(intervals, first, hour)

        return place_row

    return place


def _named(partition: str) -> tuple[str, Instant]:
    """Return the id in a partition's key, and when its day begins.

    ``client#acme#2026-11-22`` gives ``("acme", midnight)``.
    """
    _, name, day_text = partition.split("#")
    return name, midnight(day_text)


def _beginning(intervals: Intervals, first: Instant, hour: str) -> Instant:
    """Return when the interval begins that *hour*, ``HH`` of the day from *first*, lies in."""
    if intervals.are_days_of_utc:
        return first
    return intervals.beginning(later(first, int(hour) * HOUR))


def _series(query: TrendsQuery, sums: Mapping[PointKey, RowSums]) -> list[SeriesDocument]:
    groups: dict[GroupName, list[tuple[Instant, RowSums]]] = {} if query.group_by else {None: []}
    for (group, moment), counts in sums.items():
        shown = known_alone(counts) if query.is_over_all else counts
        groups.setdefault(group, []).append((moment, shown))
    named = [
        series({} if group is None else {_NAMES[query.group_by]: group}, groups[group])
        for group in sorted(groups, key=lambda group: group or "")
    ]
    return [one for one in named if one.points or not query.group_by]
