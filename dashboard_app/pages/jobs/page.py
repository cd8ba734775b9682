"""Jobs: a table with filters; a selected job with its attempts, counters and events."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.problems import NothingFound
from dashboard_app.context import PageContext, current
from dashboard_app.filters import choices
from dashboard_app.filters.declared import (
    ENDED,
    ERROR,
    JOB,
    JOB_FILTERS,
    ORDER,
    TIME_OF,
    WHEN,
)
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.pages.jobs import sections
from dashboard_app.periods import error_days, recent
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
        when, time_of = WHEN.ask(), TIME_OF.ask()
    of_link = fingerprint is not None or ended is not None
    by_end = of_link or time_of is not None
    period = error_days(here.period) if fingerprint is not None else here.period
    if when is not None:
        ended = recent(when, here.now, here.zone)
    start, end = ended or (period.start, period.end)
    request = api_requests.jobs(
        start, end, by_end=by_end, fingerprint=fingerprint, client_id=here.client_id, **filters
    )
    sort = filters[ORDER.parameter]
    frame, more = (sections.first_of if sort else sections.jobs_of)(here, request)
    if of_link:
        sections.end_note(here, frame, fingerprint, ended)
    if frame.empty:
        what = "No job of this period matches."
        panels.nothing_here(what) if by_end or when else nothing_in_period(here, what)
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
