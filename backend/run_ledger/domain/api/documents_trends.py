"""The shape of ``/trends``.

A point stands for the interval that begins at ``at``. One in which nothing was counted is left
out, always: a reader who draws a line puts zeros there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from .trends import GroupBy, Interval


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
