"""One job: what it did, how long that took, what it counted, and another job beside it."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api.problems import NothingFound
from dashboard_app.context import PageContext, current
from dashboard_app.filters.declared import JOB, WITH
from dashboard_app.pages.job import comparison, sections
from dashboard_app.session import SessionKey
from dashboard_app.ui import panels


def show(here: PageContext) -> None:
    """Show the job that the address names."""
    with st.container(key="back"):
        st.page_link(
            here.pages["jobs"],
            label="All jobs",
            icon=":material/arrow_back:",
            query_params=st.session_state.get(SessionKey.JOBS_ADDRESS, {}),
        )
    if here.is_empty:
        panels.first_use(here.settings)
        return
    job_id = JOB.read()
    if not job_id:
        panels.nothing_here("The link names no job.", "Choose one in the list of jobs.")
        return
    try:
        one = sections.job_of(here, job_id)
    except NothingFound:
        panels.nothing_here(
            "There is no such job.", "It may be another client's, or may never have existed."
        )
        return
    comparison.compare(here, one, WITH.read())


show(current())
