"""Numbers on axes: durations in the unit that suits them, money with its sign, counts in short."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# Each value by itself: Vega would give all ticks the prefix of the greatest, and nothing as 0k.
_SHORT = (
    "abs(datum.value) < 1000 ? format(datum.value, ',~r')"
    " : replace(format(datum.value, '.4~s'), 'G', 'B')"
)


@dataclass(frozen=True)
class Unit:
    """A unit of durations, and how many seconds it has."""

    name: str
    seconds: int


_UNITS = (
    (3 * _MINUTE, Unit("seconds", 1)),
    (3 * _HOUR, Unit("minutes", _MINUTE)),
    (4 * _DAY, Unit("hours", _HOUR)),
)
_LONGEST = Unit("days", _DAY)


def unit_of(durations: Iterable[pd.Series[Any]]) -> Unit:
    """Return the unit in which the longest of some durations, given in seconds, is a few."""
    longest = max((one.max() for one in durations if one.notna().any()), default=0)
    return next((unit for below, unit in _UNITS if longest < below), _LONGEST)


def short_axis(**more: Any) -> alt.Axis:
    """Return an axis of counts or durations: 0, 500, 1k, 1.5M."""
    return alt.Axis(labelExpr=_SHORT, **more)


def count_axis(**more: Any) -> alt.Axis:
    """Return an axis of what is counted: no tick lies between two whole numbers."""
    return short_axis(tickMinStep=1, **more)


def axis_for(number: str, **more: Any) -> alt.Axis:
    """Return the axis that suits a format of values: a share's, money's, a count's or any other."""
    if number.endswith("%"):
        return alt.Axis(format="%", **more)
    if number.startswith("$"):
        # As many decimals as the ticks need, the same on all of them.
        return alt.Axis(format="$,f", **more)
    return count_axis(**more) if number.endswith("d") else short_axis(**more)
