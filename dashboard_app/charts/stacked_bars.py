"""Stacked bars over time, and the legends and colours that charts share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from zoneinfo import ZoneInfo

import altair as alt
import pandas as pd

from dashboard_app import words
from dashboard_app.charts import palette
from dashboard_app.charts.axes import with_times
from dashboard_app.periods import Period

_SO_FAR_OPACITY = 0.45
RESULT_COLOURS = {word: palette.OUTCOMES[name] for name, word in words.RESULTS.items()}


def stacked_bars(  # noqa: PLR0913 - all by name
    *,
    counts: pd.DataFrame,
    period: Period,
    zone: ZoneInfo,
    x: alt.X,
    y: alt.Y,
    colours: Mapping[str, str],
    tooltip: list[Any],
    key: alt.Legend | None,
) -> alt.Chart:
    """Return a bar for each interval, stacked by `kind`; the running interval is paler.

    `counts` has the columns of `trends.stacked`; `colours` gives each kind its colour.
    """
    timed = with_times(counts, period=period, zone=zone)
    return (
        alt.Chart(timed.drop(columns=["at", "complete", "middle"], errors="ignore"))
        .mark_rect()
        .encode(
            x=x,
            x2="x_end:Q",
            y=y,
            y2="high:Q",
            color=alt.Color("kind:N", title=None, scale=colour_scale(colours), legend=key),
            opacity=alt.condition(
                "datum.part == 'so far'", alt.value(_SO_FAR_OPACITY), alt.value(1)
            ),
            tooltip=tooltip,
        )
    )


def colour_scale(colours: Mapping[str, str]) -> alt.Scale:
    """Return the scale that gives each word its colour."""
    return alt.Scale(domain=list(colours), range=list(colours.values()))


def outcome_scale(names: Iterable[str]) -> alt.Scale:
    """Return the scale that gives the words of these outcomes their colours."""
    return colour_scale({words.OUTCOMES[name]: palette.OUTCOMES[name] for name in names})


def legend(columns: int = 3, orient: Literal["top", "bottom"] = "top") -> alt.Legend:
    """Return a legend above or below the chart; a phone has room for three columns."""
    return alt.Legend(
        orient=orient, direction="horizontal", columns=columns, labelLimit=220, title=None
    )
