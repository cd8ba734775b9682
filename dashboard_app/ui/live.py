"""The line that says what is running now."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard_app import words
from dashboard_app.api.api_requests import OVERVIEW
from dashboard_app.api.problems import ApiProblem
from dashboard_app.context import PageContext
from dashboard_app.sign_in.signing_in import signed_in

_LIVE_SECONDS = 15


@st.fragment(run_every=_LIVE_SECONDS)
def live_line(here: PageContext) -> None:
    """Show how many jobs are running and queued now. Reload this line alone every 15 s."""
    if signed_in() is None:
        st.rerun()
    try:
        document = here.api.get(OVERVIEW)
    except ApiProblem as error:
        st.caption(f":material/cloud_off: {error.title}: this line is not live.")
        return
    counts = document["totals"]
    if here.client_id is not None:
        found = [one for one in document["clients"] if one["client_id"] == here.client_id]
        if not found:
            return
        counts = found[0]
    last = counts["last_event_at"]
    last_event = words.moment(datetime.fromisoformat(last), here.zone) if last else "never"
    stalled = "" if counts["stalled"] is None else f" · **{counts['stalled']:,}** stalled"
    as_of = datetime.fromisoformat(document["as_of"]).astimezone(here.zone)
    st.caption(
        f":material/sensors: Now **{counts['running']:,}** running · "
        f"**{counts['queued']:,}** queued{stalled} · last event {last_event} · "
        f"as of {as_of:%H:%M:%S %Z}"
    )
