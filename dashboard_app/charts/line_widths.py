"""Widths of lines: the one drawn first is the widest, so that no line hides another."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

_WIDEST, _THINNEST = 4.5, 1.5


def line_widths(field: str, names: Sequence[str]) -> alt.StrokeWidth:
    """Return the widths of the lines of some names, in pixels; the last one lies on top.

    Where two lines have the same values, the lower one is seen on both sides of the upper one.
    """
    steps = max(1, len(names) - 1)
    step = min(2.0, (_WIDEST - _THINNEST) / steps)
    widths = [_THINNEST + step * (len(names) - 1 - place) for place in range(len(names))]
    scale = alt.Scale(domain=list(names), range=widths)
    return alt.StrokeWidth(f"{field}:N", scale=scale, legend=None)
