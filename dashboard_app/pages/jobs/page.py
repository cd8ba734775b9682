"""Jobs: a table with filters; a selected job opens on its page."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.context import PageContext, current
from dashboard_app.filters import address, choices
from dashboard_app.filters.address import link
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
from dashboard_app.session import SessionKey
from dashboard_app.ui import export, panels
from dashboard_app.ui.live import live_line


def show(here: PageContext) -> None:
    """Show the page, or go to the job that was selected or that a link of before names."""
    st.session_state[SessionKey.JOBS_ADDRESS] = address.without(JOB)
    job_id = st.session_state.pop(SessionKey.JOB_TO_OPEN, None) or JOB.read()
    if job_id:
        JOB.write(None)
        # Without the filters that all pages share, which Streamlit takes along.
        st.switch_page(here.pages["job"], query_params=link({JOB: job_id}))
    live_line(here)
    if here.is_empty:
        panels.first_use(here.settings)
        return
    _jobs(here)
    choices.refresh_choices(here)


def _jobs(here: PageContext) -> None:
    """Show the table."""
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
        what = "No job of this time range matches." if ended else "No job of this period matches."
        nothing_in_period(here, what, (start, end))
    else:
        sections.jobs_table(here, frame)
        export.offer(here, name="jobs", frame=frame, requests=[request], is_cut=more)
    if not frame.empty:
        st.caption("Select a row to open the job.")


show(current())
