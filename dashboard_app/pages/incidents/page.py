"""Incidents: what is wrong now, what was wrong in the period, and one of them with its history."""

from __future__ import annotations

import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import spinner
from dashboard_app.context import PageContext, current
from dashboard_app.filters import choices
from dashboard_app.filters.declared import CLIENT, INCIDENT, INCIDENT_FILTERS
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.frames.incidents import incidents
from dashboard_app.pages.incidents import sections
from dashboard_app.ui import export, panels

_MOST = 1_000


def show(here: PageContext) -> None:
    """Show the page."""
    incident_id = INCIDENT.read()
    if incident_id:
        sections.one_incident(here, incident_id)
    elif here.is_empty and not here.api.get(api_requests.open_incidents())["items"]:
        panels.first_use(here.settings)
    else:
        _all_incidents(here)


def _all_incidents(here: PageContext) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        filters = choices.ask_all(here, INCIDENT_FILTERS)
    filters[CLIENT.parameter] = here.client_id
    opened = api_requests.open_incidents(**filters)
    closed = api_requests.closed_incidents(here.period, **filters)
    with spinner("incidents"):
        here.api.load([opened, closed])
        still, more_open = here.api.items(opened, most=_MOST)
        gone, more_closed = here.api.items(closed, most=_MOST)
    is_telling = bool(here.api.get(opened)["telling"])
    if not is_telling:
        sections.silent()
    st.subheader("Open now")
    frame = incidents(still)
    if not frame.empty:
        sections.incident_table(here, frame, "incidents-open")
        export.offer(here, name="incidents-open", frame=frame, requests=[opened], is_cut=more_open)
    elif is_telling:
        st.success("No incident is open.", icon=":material/check_circle:")
    else:
        st.caption("No incident is open.")
    st.subheader("Opened in this period, and closed")
    frame = incidents(gone)
    if frame.empty:
        nothing_in_period(here, "No incident that opened in this period has closed.")
    else:
        sections.incident_table(here, frame, "incidents-closed")
        export.offer(
            here, name="incidents-closed", frame=frame, requests=[closed], is_cut=more_closed
        )
    if more_open or more_closed:
        st.caption(f"Each table has {words.whole(_MOST)} incidents at most: narrow them down.")
    if still or gone:
        st.caption("Select a row to open the incident.")
    choices.refresh_choices(here)


show(current())
