"""Numbers on axes: durations in a suitable unit, money in dollars, counts such as 1.5M."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

TICKS = 5
"""How many ticks an axis of counts has, more or less."""
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
# Each value has its own prefix: Vega would give all ticks that of the greatest, and 0 as 0k.
# Thousands have a K, as in texts.
_SHORT = (
    "abs(datum.value) < 1000 ? format(datum.value, ',~r')"
    " : replace(replace(format(datum.value, '.4~s'), 'G', 'B'), 'k', 'K')"
)


@dataclass(frozen=True)
class DurationUnit:
    """A unit of durations and its length in seconds."""

    name: str
    seconds: int


_UNITS = (
    (3 * _MINUTE, DurationUnit("seconds", 1)),
    (3 * _HOUR, DurationUnit("minutes", _MINUTE)),
    (4 * _DAY, DurationUnit("hours", _HOUR)),
)
_LONGEST = DurationUnit("days", _DAY)


def unit_of(durations: Iterable[pd.Series[Any]]) -> DurationUnit:
    """Return the unit for some durations in seconds, by the longest of them."""
    longest = max((one.max() for one in durations if one.notna().any()), default=0)
    return next((unit for below, unit in _UNITS if longest < below), _LONGEST)


def short_axis(**more: Any) -> alt.Axis:
    """Return an axis with short labels: 0, 500, 1K, 1.5M."""
    return alt.Axis(labelExpr=_SHORT, **more)


def count_axis(**more: Any) -> alt.Axis:
    """Return an axis of counts: ticks are at whole numbers alone."""
    return short_axis(tickMinStep=1, **more)


def count_y(field: str, title: str, *, ticks: int = TICKS, most: float | None = None) -> alt.Y:
    """Return a vertical axis of counts, up to `most` if given; it ends at a tick above all bars."""
    domain: dict[str, Any] = {} if most is None else {"domain": [0, most]}
    scale = alt.Scale(nice=ticks, **domain)  # Vega rounds to ten ticks, however many it draws
    return alt.Y(field, title=title, axis=count_axis(tickCount=ticks), scale=scale)


def axis_for(number: str, **more: Any) -> alt.Axis:
    """Return the axis for a number format (d3-format): of shares, dollars, counts or others."""
    if number.endswith("%"):
        return alt.Axis(format="%", **more)
    if number.startswith("$"):
        # As many decimals as the ticks need, the same on all of them.
        return alt.Axis(format="$,f", **more)
    return count_axis(**more) if number.endswith("d") else short_axis(**more)
