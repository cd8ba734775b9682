"""The part of a span that a brush has chosen: it narrows the page, and is in its link."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import streamlit as st

from dashboard_app import words
from dashboard_app.charts.throughput import FOCUS
from dashboard_app.context import Desk
from dashboard_app.periods import Span, cut, read_moment, written
from dashboard_app.session import Param, SessionKey

_MILLISECONDS = 1_000


def focus_of(span: Span) -> Span | None:
    """Return the part of the span that the address names; None for no part, or one beside it."""
    text = st.query_params.get(Param.FOCUS, "")
    focus = read_focus(text, span)
    if text and focus is None:
        st.caption(":material/link_off: The part that the link names lies outside this span.")
    return focus


def read_focus(text: str, span: Span) -> Span | None:
    """Return the part of a span that a text like `FROM/TO` names."""
    first, _, last = text.partition("/")
    start, end = read_moment(first), read_moment(last)
    if start is None or end is None or start >= end:
        return None
    start, end = max(start, span.start), min(end, span.end)
    return cut(start, end, span.interval, span.zone) if start < end else None


def chart_key() -> str:
    """Return the key of the chart with the brush; a new one when the brush is to be gone."""
    return f"throughput-{st.session_state.setdefault(SessionKey.FOCUS_CHART, 0)}"


def note_brush() -> None:
    """Put what the brush has chosen into the address."""
    state: Mapping[str, Any] = st.session_state[chart_key()]
    chosen = brushed(state)
    if chosen is None:
        st.query_params.pop(Param.FOCUS, None)
    else:
        st.query_params[Param.FOCUS] = f"{written(chosen[0])}/{written(chosen[1])}"


def brushed(state: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """Return from where to where a chart's brush reaches; None where it chose nothing."""
    selection = (state.get("selection") or {}).get(FOCUS) or {}
    ranges = [value for value in selection.values() if isinstance(value, list)]
    edges = ranges[0] if ranges else []
    if len(edges) < 2:  # noqa: PLR2004 - a range has two ends
        return None
    first, last = min(edges), max(edges)
    return _moment(first), _moment(last)


def _moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / _MILLISECONDS, UTC)


def clear() -> None:
    """Take the brush away."""
    st.query_params.pop(Param.FOCUS, None)
    st.session_state[SessionKey.FOCUS_CHART] = st.session_state.get(SessionKey.FOCUS_CHART, 0) + 1


def focus_note(desk: Desk, focus: Span | None) -> None:
    """Say what the page is narrowed to, and offer the whole again."""
    if focus is None:
        st.caption("Drag over the chart to narrow the rest of the page to a part of the span.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        begin, end = words.moment(focus.start, desk.zone), words.moment(focus.end, desk.zone)
        st.markdown(f":material/filter_alt: Narrowed to **{begin} – {end}**")
        st.button("Show the whole span", on_click=clear, type="tertiary", icon=":material/close:")
