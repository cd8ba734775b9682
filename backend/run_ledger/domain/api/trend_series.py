"""From sums of rollup rows to points: nothing is averaged, all of it can be added up.

The error rate of a span is that of its sums, so busy hours weigh more than quiet ones; percentiles
come from the merged histogram, never from other percentiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, RESULTS, JobResult
from run_ledger.domain.instants import text
from run_ledger.domain.state.durations import percentile

from .documents_trends import PointDocument, SeriesDocument

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


def series(key: Mapping[str, str], points: Iterable[tuple[int, Sums]]) -> SeriesDocument:
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
