"""The figures of a period, and their changes since the previous period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import streamlit as st

from dashboard_app import words
from dashboard_app.frames.trends import SeriesTotals

_COMPARED = "The change since the previous period counts intervals that are complete."

_Colour = Literal["off", "inverse"]


def figures(
    now: SeriesTotals,
    complete: SeriesTotals | None = None,
    before: SeriesTotals | None = None,
    *,
    key: str = "tiles",
) -> None:
    """Show the sums of a period; and the change from `before` to `complete`, if both are given."""
    tiles: tuple[tuple[str, str, Callable[[float | None], str], _Colour], ...] = (
        ("Jobs created", "created", words.compact, "off"),
        ("Attempts ended", "ended", words.compact, "off"),
        ("Error rate", "error_rate", words.percent, "inverse"),
        ("Records", "records", words.compact, "off"),
        ("Tokens", "tokens", words.compact, "off"),
        ("Cost", "cost_usd", words.money, "off"),
    )
    with st.container(key=key):
        for label, name, shown, colour in tiles:
            moved = None
            if complete is not None and before is not None:
                compare = words.points_of_percent if name == "error_rate" else words.change
                moved = compare(complete[name], before[name])
            st.metric(
                label,
                words.cost(now[name], now["llm_calls_unpriced"])
                if name == "cost_usd"
                else shown(now[name]),
                moved,
                delta_color="off" if moved == words.UNCHANGED else colour,
                delta_arrow="off" if moved == words.UNCHANGED else "auto",
                help=_help(name, words.whole(now[name])),
                border=True,
            )


def _help(name: str, exact: str) -> str:
    if name == "error_rate":
        return "(failed + timed out) / (ended − cancelled), over the whole period"
    if name in {"created", "ended"}:
        return f"Exactly {exact}. {_COMPARED}"
    return f"The sum over the period. {_COMPARED}"
