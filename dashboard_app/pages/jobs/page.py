"""Jobs: a table with filters; a selected job with its attempts, counters and events."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.problems import NothingFound
from dashboard_app.context import PageContext, current
from dashboard_app.filters import choices
from dashboard_app.filters.declared import ENDED, ERROR, JOB, JOB_FILTERS
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.pages.jobs import sections
from dashboard_app.periods import error_days
from dashboard_app.ui import export, panels
from dashboard_app.ui.live import live_line


def show(here: PageContext) -> None:
    """Show the page."""
    live_line(here)
    if here.is_empty:
        panels.first_use(here.settings)
        return
    _jobs(here)
    choices.refresh_choices(here)


def _jobs(here: PageContext) -> None:
    """Show the table, and the job that the address names."""
    fingerprint, ended = ERROR.read(), ENDED.read_range()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        filters = choices.ask_all(here, JOB_FILTERS)
    by_end = fingerprint is not None or ended is not None
    period = error_days(here.period) if by_end else here.period
    start, end = ended or (period.start, period.end)
    request = api_requests.jobs(
        start, end, by_end=by_end, fingerprint=fingerprint, client_id=here.client_id, **filters
    )
    frame, more = sections.jobs_of(here, request)
    if by_end:
        sections.end_note(here, frame, fingerprint, ended)
    if frame.empty:
        what = "No job of this period matches."
        panels.nothing_here(what) if by_end else nothing_in_period(here, what)
    else:
        sections.jobs_table(here, frame)
        export.offer(here, name="jobs", frame=frame, requests=[request], is_cut=more)
    job_id = JOB.read()
    if not job_id:
        if not frame.empty:
            st.caption("Select a row to open the job.")
        return
    try:
        sections.job_of(here, job_id)
    except NothingFound:
        panels.nothing_here(
            "There is no such job.", "It may be another client's, or may never have existed."
        )


show(current())
