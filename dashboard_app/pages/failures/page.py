"""Errors: error groups by day, those that are new, and those that changed most."""

from __future__ import annotations

import streamlit as st

from dashboard_app import words
from dashboard_app.api.loading import spinner
from dashboard_app.context import PageContext, current
from dashboard_app.filters.declared import ERROR
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.pages.failures import sections
from dashboard_app.periods import MOST_ERROR_DAYS, error_days
from dashboard_app.ui import export, panels


def show(here: PageContext) -> None:
    """Show the page."""
    if here.is_empty:
        panels.first_use(here.settings)
        return
    days = error_days(here.period)
    with spinner("errors"):
        groups, requests = sections.all_groups(here, days)
    jobs = words.counted(int(groups["jobs"].sum()), "job")
    attempts = words.counted(int(groups["count"].sum()), "attempt")
    st.caption(
        f"{jobs} failed or timed out in {words.counted(days.days, 'day')} of UTC, and so did "
        f"{attempts}, including those that were retried. "
        f"They form {words.counted(len(groups), 'error group')}."
    )
    panels.left_out(here.api.get(one) for one in requests)
    if days.days == MOST_ERROR_DAYS:
        st.caption(f"This page shows {MOST_ERROR_DAYS} days at most.")
    if groups.empty:
        nothing_in_period(here, "Nothing failed in these days.")
    else:
        sections.over_time(here, days)
        sections.groups_table(here, groups, "groups")
        export.offer(here, name="errors", frame=groups, requests=requests)
        fingerprint = ERROR.read()
        if fingerprint:
            sections.one_group(here, groups, fingerprint)
    sections.new_groups(here)
    sections.movers(here, days)


show(current())
