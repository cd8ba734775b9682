"""How notices come through to people, for staff: what fails, what waits, what was given up."""

from __future__ import annotations

import streamlit as st
from streamlit import column_config as column

from dashboard_app.api.api_requests import OVERVIEW
from dashboard_app.api.problems import ApiProblem
from dashboard_app.context import PageContext
from dashboard_app.frames.notice_channels import FAILS, OFF, are_all_well, channels, notice_words
from dashboard_app.ui import export
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import moment_column, name_column, table


def notices_part(here: PageContext) -> None:
    """Show the channels of all clients, and in one sentence whether all is well with them."""
    st.subheader("Notices to people")
    try:
        notices = here.api.get(OVERVIEW)["notices"]
    except ApiProblem as error:
        st.caption(f":material/cloud_off: {error.title}: how notices come through is not known.")
        return
    if notices is None:  # by the API, this person is not staff
        st.caption("How notices come through is shown to staff alone.")
        return
    sentence = plain(notice_words(notices, here.zone))
    if are_all_well(notices):
        st.caption(sentence)
    else:
        st.warning(sentence, icon=":material/notification_important:")
    frame = channels(notices)
    if frame.empty:
        return
    columns = {
        "whose": name_column("Client"),
        "channel": "Channel",
        "state": "State",
        "worked_at": moment_column("Last worked", here.zone),
    }
    if frame["since"].notna().any():
        columns |= {
            "since": moment_column("Not working since", here.zone),
            "reason": column.TextColumn("Why", width=300),
        }
    table(frame, columns, alarming=("state", [FAILS, OFF]), key="channels")
    export.offer(here, name="channels", frame=frame, requests=[OVERVIEW])
