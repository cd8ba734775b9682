"""Jobs: a table with filters; a selected job with its attempts, counters and timeline."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api.problems import NotFound
from dashboard_app.context import Desk, desk
from dashboard_app.filters import choices
from dashboard_app.pages.jobs import sections
from dashboard_app.pages.jobs.filters import job_filters
from dashboard_app.pages.trends import figures
from dashboard_app.session import Param
from dashboard_app.ui import export, panels


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Jobs")
    figures.live_strip(here)
    if here.is_empty:
        panels.first_use(here.settings)
        return
    _jobs(here)
    choices.learn(here)


def _jobs(here: Desk) -> None:
    """Show the table, and the job that the address names."""
    asked = job_filters(here)
    frame = sections.jobs_of(here, asked)
    sections.error_note(here, frame)
    if frame.empty:
        panels.nothing_here("No job of this span matches.")
    else:
        sections.jobs_table(here, frame)
        export.take_away(here, name="jobs", frame=frame, questions=[asked])
    job_id = st.query_params.get(Param.JOB)
    if not job_id:
        if not frame.empty:
            st.caption("Select a row to open the job.")
        return
    try:
        sections.job_of(here, job_id)
    except NotFound:
        panels.nothing_here(
            "There is no such job.", "It may be another client's, or never have been."
        )


show(desk())
