"""``/trends``: series over time, made of rollup rows alone.

The number of rows read depends on days, clients, projects and pipelines, not on jobs:

==============================  ==============================================================
asked for                       rows read
==============================  ==============================================================
everything by day               ``all``: one row a day and shard
by or of a project              ``project#P#DAY``, and a directory of projects where none is named
by model                        ``models#C#DAY``, and the rows that the same without models takes
anything else                   ``client#C#DAY``, and the directory of clients where all are seen
==============================  ==============================================================

Rows of a client or a project hold an hour each, and add up to days of any zone. Rows of ``all``
hold days of UTC, so series over everything by day of another zone are added up from all clients.

Series over everything, by day or by hour, have only the counters that the contract names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from msgspec import Struct

from run_ledger.domain.api.ends import RowSums
from run_ledger.domain.api.intervals import UTC
from run_ledger.domain.api.trends import (
    GroupBy,
    SeriesDocument,
    TrendsDocument,
    TrendsQuery,
    known_alone,
    series,
)
from run_ledger.domain.contract.vocabulary import OTHER_MODELS
from run_ledger.domain.instants import Instant, text

from .answers import fits
from .inquiries import Inquiry
from .trend_sums import GroupName, PointKey, add_to, find_sums

_NAMES = {
    "client": "client_id",
    "project": "project_id",
    "pipeline": "pipeline",
    "model": "model",
    None: "",
}


def show_trends(inquiry: Inquiry) -> Struct:
    """Return the series that are asked for."""
    query = TrendsQuery.of(inquiry.parameters)
    intervals = query.intervals(inquiry.now)
    found = find_sums(inquiry, query, intervals)
    groups = _groups(query, found.points)
    ranked = sorted(groups, key=lambda group: (*_size(groups[group]), group or ""))
    room = len(ranked)
    while True:
        kept = {group: groups[group] for group in ranked[:room]}
        rest = [groups[group] for group in ranked[room:]]
        if rest and query.group_by == "model":
            kept[OTHER_MODELS] = _together([kept.get(OTHER_MODELS, {}), *rest])
            rest = []
        document = TrendsDocument(
            interval=intervals.interval,
            from_=text(intervals.start),
            to=text(intervals.end),
            tz=query.tz or UTC,
            group_by=cast("GroupBy | None", query.group_by),
            series=_series(query, kept),
            other=_other(found.other, rest),
            left_out=found.without,
        )
        # One group always fits, as a point has a bounded number of counters.
        if room <= 1 or fits(document):
            return document
        room = room * 3 // 4


def _groups(
    query: TrendsQuery, points: Mapping[PointKey, RowSums]
) -> dict[GroupName, dict[Instant, RowSums]]:
    """Return the points of each group, without groups that have counted nothing."""
    groups: dict[GroupName, dict[Instant, RowSums]] = {} if query.group_by else {None: {}}
    for (group, moment), counts in points.items():
        shown = known_alone(counts) if query.is_over_all else counts
        groups.setdefault(group, {})[moment] = shown
    return {
        group: sums
        for group, sums in groups.items()
        if not query.group_by or any(any(one.values()) for one in sums.values())
    }


def _size(points: Mapping[Instant, RowSums]) -> tuple[int, ...]:
    """Return what groups are ranked by, the largest first: jobs and attempts, cost, tokens."""

    def negative(*names: str) -> int:
        return -sum(one.get(name, 0) for one in points.values() for name in names)

    cost, tokens = negative("c_cost_microusd"), negative("c_input_tokens", "c_output_tokens")
    return negative("created", "started"), cost, tokens


def _series(
    query: TrendsQuery, groups: Mapping[GroupName, Mapping[Instant, RowSums]]
) -> list[SeriesDocument]:
    return [
        series({} if group is None else {_NAMES[query.group_by]: group}, groups[group].items())
        for group in sorted(groups, key=lambda group: group or "")
    ]


def _other(
    known: Mapping[Instant, RowSums], rest: Sequence[Mapping[Instant, RowSums]]
) -> SeriesDocument | None:
    """Return the series of what has none of its own, None where that is nothing."""
    made = series({}, _together([known, *rest]).items())
    return made if made.points else None


def _together(groups: Sequence[Mapping[Instant, RowSums]]) -> dict[Instant, RowSums]:
    """Return the points of several *groups* as those of one."""
    sums: dict[Instant, dict[str, int]] = {}
    for points in groups:
        for moment, counts in points.items():
            add_to(sums.setdefault(moment, {}), counts)
    return {**sums}
