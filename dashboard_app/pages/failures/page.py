"""Errors: groups of failures over time, what is new since last week, what moved most."""

from __future__ import annotations

import streamlit as st

from dashboard_app.context import Desk, desk
from dashboard_app.pages.failures import sections
from dashboard_app.session import Param
from dashboard_app.ui import export, panels


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Errors")
    if here.is_empty:
        panels.first_use(here.settings)
        return
    days = sections.days_of(here)
    with st.spinner("Loading errors …", show_time=True):
        groups, asked = sections.all_groups(here, days)
    st.caption(
        f"{groups['count'].sum():,} attempts failed or timed out in {len(days.intervals())} days "
        f"of UTC, in {len(groups):,} groups"
        + (
            "; the most that are looked at here, as each day is a question"
            if days.days == sections.MOST_DAYS
            else ""
        )
    )
    if groups.empty:
        panels.nothing_here("Nothing failed in these days.")
    else:
        sections.over_time(here, days)
        sections.groups_table(here, groups, "groups")
        export.take_away(here, name="errors", frame=groups, questions=asked)
        fingerprint = st.query_params.get(Param.ERROR)
        if fingerprint:
            sections.one_group(here, groups, fingerprint)
    sections.new_groups(here)
    sections.movers(here, days)


show(desk())
