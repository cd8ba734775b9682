"""The focus: a part of the period, chosen with a brush, to which the page is narrowed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app import words
from dashboard_app.charts.throughput import FOCUS
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import FOCUS as FOCUS_PART
from dashboard_app.filters.kinds import moments
from dashboard_app.periods import Period, cut
from dashboard_app.session import SessionKey
from dashboard_app.ui.plain_text import plain

_MILLISECONDS = 1_000


def focus_of(period: Period, zone: ZoneInfo) -> Period | None:
    """Return the focus that the address names; None for none, or for one outside the period."""
    text = FOCUS_PART.read()
    focus = read_focus(text, period) if text else None
    if text and focus is None:
        st.caption(f":material/link_off: {_outside(text, period, zone)}")
    return focus


def _outside(text: str, period: Period, zone: ZoneInfo) -> str:
    """Say which part a link names that lies outside the period; what is no part is told above."""
    chosen = moments(text)
    part = f"the part {_range(*chosen, zone)}" if chosen else "a part"
    return (
        f"The link names {part}, which lies outside this period: all of it is shown, "
        f"{_range(period.start, period.end, zone)}."
    )


def _range(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    return plain(f"{words.moment(start, zone)} – {words.moment(end, zone)}")


def read_focus(text: str, period: Period) -> Period | None:
    """Return the part of a period that a text such as FROM/TO names; None where it names none."""
    chosen = moments(text)
    if chosen is None:
        return None
    start, end = max(chosen[0], period.start), min(chosen[1], period.end)
    return cut(start, end, period.interval, period.zone) if start < end else None


def chart_key() -> str:
    """Return the key of the chart with the brush. A new key removes the brush."""
    return f"throughput-{st.session_state.setdefault(SessionKey.FOCUS_CHART, 0)}"


def note_brush() -> None:
    """Put the focus that the brush has chosen into the address."""
    state: Mapping[str, Any] = st.session_state[chart_key()]
    chosen = brushed(state)
    FOCUS_PART.write(chosen and FOCUS_PART.text(*chosen))


def brushed(state: Mapping[str, Any]) -> tuple[datetime, datetime] | None:
    """Return the begin and end of a chart's brush; None where nothing is chosen."""
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
    """Remove the focus and the brush."""
    FOCUS_PART.write(None)
    st.session_state[SessionKey.FOCUS_CHART] = st.session_state.get(SessionKey.FOCUS_CHART, 0) + 1


def focus_note(here: PageContext, focus: Period | None) -> None:
    """Show to which part the page is narrowed, and offer the whole period again."""
    if focus is None:
        st.caption("Drag over the chart to narrow the rest of the page to a part of the period.")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        part = _range(focus.start, focus.end, here.zone)
        st.markdown(f":material/filter_alt: Narrowed to **{part}**")
        st.button("Show the whole period", on_click=clear, type="tertiary", icon=":material/close:")
