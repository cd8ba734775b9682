"""What ended in some time, by result and duration: jobs first, and attempts beside them.

Rollups count every attempt that ended, and those of them once more that a later attempt follows
(see `run_ledger.domain.state.rollups`). The rest are jobs, each by its present result, in the hour
in which its present attempt ended. So a failure that a retry has healed is a failed attempt, and no
failed job.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from run_ledger.domain.contract.vocabulary import FAILURES, RESULTS, JobResult
from run_ledger.domain.state.durations import percentile
from run_ledger.domain.state.rollups import DURATIONS, ENDED, RETRIED, RETRIED_DURATIONS

RowSums = Mapping[str, int]
"""The attributes of rollup rows, added up: `{"created": 2, "ended_failed": 1}`."""


class EndsDocument(Struct, frozen=True, kw_only=True):
    """How many ended, by result, with their error rate and durations."""

    ended: int
    succeeded: int
    partial: int
    failed: int
    cancelled: int
    timed_out: int
    error_rate: float | None
    duration_p50_seconds: float | None
    duration_p95_seconds: float | None


class AttemptFiguresDocument(EndsDocument, frozen=True, kw_only=True):
    """The same of attempts: a job that was tried three times counts three times."""

    started: int


def ends_of_jobs(sums: RowSums) -> dict[str, Any]:
    """Return the members of `EndsDocument` for jobs."""
    results = jobs_by_result(sums)
    retried = _histogram(sums, RETRIED_DURATIONS)
    histogram = {
        number: count - retried.get(number, 0)
        for number, count in _histogram(sums, DURATIONS).items()
    }
    return _ends(results, histogram)


def attempt_figures(sums: RowSums) -> AttemptFiguresDocument:
    """Return what attempts started and ended."""
    results = {name: max(0, sums.get(ENDED + name, 0)) for name in RESULTS}
    ends = _ends(results, _histogram(sums, DURATIONS))
    return AttemptFiguresDocument(started=max(0, sums.get("started", 0)), **ends)


def jobs_by_result(sums: RowSums) -> dict[JobResult, int]:
    """Return how many jobs ended with each result."""
    # Shards are read one after the other while writers go on. A job that moves from one hour to
    # another may be missing from both for a moment, and no count may be negative.
    return {
        name: max(0, sums.get(ENDED + name, 0) - sums.get(RETRIED + name, 0)) for name in RESULTS
    }


def error_rate(ended: Mapping[JobResult, int]) -> float | None:
    """Return (failed + timed out) / (ended - cancelled), None where nothing else ended."""
    judged = sum(ended.values()) - ended["cancelled"]
    return sum(ended[result] for result in FAILURES) / judged if judged > 0 else None


def _ends(results: dict[JobResult, int], histogram: Mapping[int, int]) -> dict[str, Any]:
    positive = {number: count for number, count in histogram.items() if count > 0}
    return {
        "ended": sum(results.values()),
        **{str(name): count for name, count in results.items()},
        "error_rate": error_rate(results),
        "duration_p50_seconds": percentile(positive, 0.50),
        "duration_p95_seconds": percentile(positive, 0.95),
    }


def _histogram(sums: RowSums, kind: str) -> dict[int, int]:
    return {
        int(name.removeprefix(kind)): count for name, count in sums.items() if name.startswith(kind)
    }
