"""The tables of incidents, and one incident: what is wrong, which jobs, and its history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import spinner
from dashboard_app.api.problems import NothingFound, RequestRefused
from dashboard_app.context import PageContext
from dashboard_app.filters.address import link
from dashboard_app.filters.declared import (
    CLIENT,
    ENDED,
    ERROR,
    INCIDENT,
    JOB,
    PIPELINE,
    PROJECT,
    RESULT,
    TAG,
)
from dashboard_app.frames.incidents import (
    about,
    client_of,
    counted_jobs,
    end_of,
    error_of,
    last_job_of,
    rule_of,
    turns,
)
from dashboard_app.ui import export, panels
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import count_column, moment_column, name_column, row_table, table

_COUNTED = "How many jobs or runs are so; of a closed incident, how many were"


def silent() -> None:
    """Say that nobody is told, so that nobody takes an empty table for calm."""
    st.warning(
        "**Incidents are turned off for this ledger.** Nobody is told of what fails, and no "
        "incident opens or closes.",
        icon=":material/notifications_off:",
    )


def incident_table(here: PageContext, frame: pd.DataFrame, name: str) -> None:
    """Show incidents, of which one can be selected."""
    is_closed = frame["closed_at"].notna().any()
    is_of_staff = frame["rule"].notna().any()
    columns = {
        "about": name_column("Pipeline or project"),
        "what": column.TextColumn("What is wrong", width=150),
        "jobs": count_column("How many", help=_COUNTED),
        "began_at": moment_column("Since", here.zone),
        "error": column.TextColumn("Last error", width=300),
        "client_id": "Client",
        **({"rule": "Rule"} if is_of_staff else {}),
        **({"closed_because": "Closed: why"} if is_closed else {}),
        **({"closed_at": moment_column("Closed", here.zone)} if is_closed else {}),
        **({} if is_closed else {"acknowledged_by": "Acknowledged by"}),
        **({} if is_closed else {"muted": column.CheckboxColumn("Muted")}),
        "opened_at": moment_column("Opened", here.zone),
        "last_job_id": column.TextColumn("Last job", width=160),
    }
    row_table(frame, columns, name=name, id_column="incident_id", choose=INCIDENT.write)


def one_incident(here: PageContext, incident_id: str) -> None:
    """Show the incident that a link names, and the way back to all of them."""
    st.button("All incidents", icon=":material/arrow_back:", on_click=INCIDENT.write, args=(None,))
    request = api_requests.incident(incident_id)
    try:
        with spinner("the incident"):
            incident = here.api.get(request)
    except (NothingFound, RequestRefused):
        panels.nothing_here(
            "There is no such incident.",
            "It may be another client's, may have closed long ago, or may never have existed.",
        )
        return
    st.subheader(plain(about(incident)))
    st.markdown(" · ".join(_standing(here, incident)))
    message = error_of(incident)
    if message:
        st.code(message, language=None, wrap_lines=True)
    _links(here, incident)
    if here.settings.site_url and incident["state"] == "open":
        st.link_button(
            "Answer on the site",
            f"{here.settings.site_url.rstrip('/')}/#/incidents/{quote(incident_id, safe='')}",
            icon=":material/open_in_new:",
        )
    st.markdown("**History**")
    frame = turns(incident)
    columns = {
        "at": moment_column("Time", here.zone),
        "happened": column.TextColumn("What happened", width=200),
        "by": "By",
        "text": column.TextColumn("Words", width=300),
        "until": moment_column("Until", here.zone),
        "jobs": count_column("How many"),
    }
    table(frame, columns)
    export.offer(here, name="incident", frame=frame, requests=[request])


def _standing(here: PageContext, incident: Mapping[str, Any]) -> list[str]:
    """Return in a few words each, as Markdown, how an incident stands."""

    def moment(name: str) -> str:
        return words.moment(datetime.fromisoformat(incident[name]), here.zone)

    is_open = incident["state"] == "open"
    named = [("project", incident["project_id"]), ("tag", incident["tag"])]
    parts = [
        ":red[**Open**]" if is_open else f"Closed {moment('closed_at')}",
        *([] if is_open else [end_of(incident["closed_because"])]),
        words.what_is_wrong(incident["what"]),
        client_of(incident),
        *([rule] if (rule := rule_of(incident)) else []),
        *(f"{label} {name}" for label, name in named if name),
        f"since {moment('began_at')}",
    ]
    if incident["acknowledged_by"]:
        parts.append(f"acknowledged by {incident['acknowledged_by']}")
    if incident["muted"]:
        parts.append(f"muted until {moment('muted_until')}" if incident["muted_until"] else "muted")
    return [parts[0] if is_open else plain(parts[0]), *map(plain, parts[1:])]


def _links(here: PageContext, incident: Mapping[str, Any]) -> None:
    """Show the number of jobs, as a link where a list has just these, and the last job."""
    counted, last = counted_jobs(incident), last_job_of(incident)
    if counted is not None:
        since = datetime.fromisoformat(counted.since)
        result = next(word for word, name in RESULT.options.items() if name == counted.result)
        jobs = {
            CLIENT: counted.client_id,
            PROJECT: counted.project_id,
            PIPELINE: counted.pipeline,
            TAG: counted.tag,
            RESULT: result,
            ERROR: counted.fingerprint,
            ENDED: ENDED.text(since, here.now),
        }
        st.page_link(
            here.pages["jobs"],
            label=f"{words.counted(incident['jobs'], 'job')}: "
            f"{words.what_is_wrong(incident['what']).lower()}",
            icon=":material/filter_alt:",
            query_params=link(jobs),
        )
    elif incident["jobs"]:
        st.markdown(f"How many: {words.whole(incident['jobs'])}")
    if last is not None:
        st.page_link(
            here.pages["job"],
            label=f"The last job: {plain(last)}",
            icon=":material/list_alt:",
            query_params=link({JOB: last}),
        )
