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
        ("Jobs ended", "ended", words.compact, "off"),
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
                help=_help(name, now),
                border=True,
            )


def _help(name: str, now: SeriesTotals) -> str:
    if name == "error_rate":
        return (
            "(failed + timed out) / (ended − cancelled), of jobs, over the whole period. A job "
            "counts once, by the result of its latest attempt."
        )
    if name == "ended":
        return f"Exactly {words.whole(now[name])}. {_attempts(now)} {_COMPARED}"
    if name == "created":
        return f"Exactly {words.whole(now[name])}. {_COMPARED}"
    return f"The sum over the period. {_COMPARED}"


def _attempts(now: SeriesTotals) -> str:
    """Say how many attempts ended, retries among them, and how many of these failed."""
    ended, failed = now["attempts_ended"], now["attempts_failed"]
    return f"Attempts: {words.whole(ended)} ended, {words.whole(failed)} failed or timed out."
