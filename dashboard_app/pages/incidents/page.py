"""Incidents: what is wrong now, what was wrong in the period, and one of them with its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import spinner
from dashboard_app.context import PageContext, current
from dashboard_app.filters import choices
from dashboard_app.filters.declared import (
    CLIENT,
    INCIDENT,
    INCIDENT_FILTERS,
    STAFF_INCIDENT_FILTERS,
    STATE,
)
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.frames.incidents import incidents
from dashboard_app.pages.incidents import sections
from dashboard_app.pages.incidents.notices import notices_part
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
        asked = STAFF_INCIDENT_FILTERS if here.is_staff else INCIDENT_FILTERS
        filters = choices.ask_all(here, asked)
    filters[CLIENT.parameter] = here.client_id
    state = filters.pop(STATE.parameter)
    opened = api_requests.open_incidents(**filters)
    closed = api_requests.closed_incidents(here.period, **filters)
    wanted = [one for one, other in ((opened, "closed"), (closed, "open")) if state != other]
    with spinner("incidents"):
        here.api.load(wanted)
        found = {one: here.api.items(one, most=_MOST) for one in wanted}
    is_telling = bool(here.api.get(wanted[0])["telling"])
    if not is_telling:
        sections.silent()
    if opened in found:
        _open(here, opened, *found[opened], is_telling=is_telling)
    if closed in found:
        _closed(here, closed, *found[closed])
    if any(is_cut for _, is_cut in found.values()):
        st.caption(f"Each table has {words.whole(_MOST)} incidents at most: narrow them down.")
    if any(items for items, _ in found.values()):
        st.caption("Select a row to open the incident.")
    if here.is_staff and here.client_id is None and is_telling:
        notices_part(here)
    choices.refresh_choices(here)


def _open(
    here: PageContext,
    request: ApiRequest,
    items: list[Mapping[str, Any]],
    is_cut: bool,  # noqa: FBT001 - as the list of the API comes
    *,
    is_telling: bool,
) -> None:
    st.subheader("Open now")
    frame = incidents(items)
    if not frame.empty:
        sections.incident_table(here, frame, "incidents-open")
        export.offer(here, name="incidents-open", frame=frame, requests=[request], is_cut=is_cut)
    elif is_telling:
        st.success("No incident is open.", icon=":material/check_circle:")
    else:
        st.caption("No incident is open.")


def _closed(
    here: PageContext,
    request: ApiRequest,
    items: list[Mapping[str, Any]],
    is_cut: bool,  # noqa: FBT001 - as the list of the API comes
) -> None:
    st.subheader("Opened in this period, and closed")
    frame = incidents(items)
    if frame.empty:
        nothing_in_period(here, "No incident that opened in this period has closed.")
    else:
        sections.incident_table(here, frame, "incidents-closed")
        export.offer(here, name="incidents-closed", frame=frame, requests=[request], is_cut=is_cut)


show(current())
