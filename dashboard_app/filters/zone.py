"""The time zone of all pages: at first that of the reader's browser."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app.filters.declared import ZONE
from dashboard_app.periods import UTC_DAYS


def ask_zone() -> ZoneInfo:
    """Ask for the zone, and offer UTC, or in UTC the reader's own zone, for one click.

    The zone always stands in the address, so that a link shows everybody the same days.
    """
    mine = _own_zone()
    chosen = ZONE.ask() or mine
    other = mine if chosen == UTC_DAYS.key else UTC_DAYS.key
    if other != chosen:
        st.button(
            f"Show {other}", key="other-zone", on_click=_choose, args=(other,), type="tertiary"
        )
    return ZoneInfo(chosen)


def name_own_zone() -> None:
    """Put the zone of the reader's browser into an address that names none, and run anew."""
    own = ZONE.options.get(st.context.timezone or "")
    if not own or st.query_params.get(ZONE.name):
        return
    if ZONE.name in st.session_state:
        # Back has led to an address without a zone; what a widget holds it puts there itself.
        st.session_state[ZONE.name] = own
    else:
        st.query_params[ZONE.name] = own
        st.rerun()  # as Streamlit takes what a widget holds from the address of a run's start


def _own_zone() -> str:
    """Return the zone of the reader's browser; UTC where it names none that can be chosen."""
    return ZONE.options.get(st.context.timezone or "", UTC_DAYS.key)


def _choose(zone: str) -> None:
    st.session_state[ZONE.name] = zone
