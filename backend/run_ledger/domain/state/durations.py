"""A log-spaced histogram of durations: histograms can be added, and percentiles are within 5%.

Bucket *i* holds the durations from ``bound(i - 1)`` (exclusive) to ``bound(i)`` (inclusive). Each
bound is the one before times 1.1. A bucket's value is the geometric middle of its bounds, which is
within ``sqrt(1.1) - 1`` = 4.9% of everything in it. Durations of up to a millisecond share one
bucket. Bounds are integers (microseconds) from a table, so that every machine puts a duration into
the same bucket. The idea is that of DDSketch (Masson, Rim, Lee: VLDB 2019), with fixed bounds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping

from run_ledger.domain.instants import DAY, MICROSECONDS, Duration

_GROWTH_NUMERATOR, _GROWTH_DENOMINATOR = 11, 10
_FIRST_BOUND = 1_000  # one millisecond: no job needs a finer distinction
_LAST_BOUND = 400 * 366 * DAY
_SCALE = 10**6  # keeps the rounding of the integer products far below a microsecond


def _bounds() -> tuple[int, ...]:
    scaled, bounds = _FIRST_BOUND * _SCALE, [0]
    while scaled < _LAST_BOUND * _SCALE:
        bounds.append(scaled // _SCALE)
        scaled = scaled * _GROWTH_NUMERATOR // _GROWTH_DENOMINATOR
    return tuple(bounds)


BOUNDS = _bounds()


def bucket(duration: Duration) -> int:
    """Return the number of the bucket of *duration*; the last one holds all beyond it, too."""
    return min(bisect_left(BOUNDS, duration), len(BOUNDS) - 1)


def representative(number: int) -> float:
    """Return the value of bucket *number*, in seconds."""
    if number == 0:
        return 0.0
    return math.sqrt(max(BOUNDS[number - 1], 1) * BOUNDS[number]) / MICROSECONDS


def percentile(histogram: Mapping[int, int], fraction: float) -> float | None:
    """Return the duration in seconds that *fraction* of all durations do not exceed.

    *histogram* maps bucket numbers to counts: ``{70: 2, 71: 1}``. By the nearest-rank definition
    this is the value of the ``ceil(fraction × n)``-th smallest duration; None where there is none.
    """
    total = sum(histogram.values())
    if total <= 0:
        return None
    rank = max(1, -(-round(fraction * 1_000_000) * total // 1_000_000))
    seen = 0
    for number in sorted(histogram):
        seen += histogram[number]
        if seen >= rank:
            return representative(number)
    raise AssertionError("the ranks of a histogram add up to its total")
