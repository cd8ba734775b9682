"""Clients: names, contacts and jobs, and the configurations of one or two clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import load
from dashboard_app.context import PageContext, current
from dashboard_app.filters.declared import DIFFERENCES, ONE, OTHER
from dashboard_app.frames import clients as frames
from dashboard_app.ui import export, panels
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import count_column, moment_column, name_column, table

_COUNTS = {"total": "Jobs", "running": words.outcome("running"), **words.RESULTS}


def show(here: PageContext) -> None:
    """Show the page."""
    items, _ = here.api.items(api_requests.CLIENTS)
    frame = frames.clients(items)
    if frame.empty:
        panels.first_use(here.settings)
        return
    columns = {
        "client_id": name_column("Client"),
        "name": "Name",
        "description": "Description",
        "contact": "Contact",
        "declared": column.CheckboxColumn("Declared", help="If not, only its jobs name it."),
        **{name: count_column(title) for name, title in _COUNTS.items()},
    }
    table(frame, columns)
    export.offer(here, name="clients", frame=frame, requests=[api_requests.CLIENTS])
    _configurations(here, [str(one) for one in frame["client_id"]])


def _configurations(here: PageContext, client_ids: list[str]) -> None:
    """Show one client's configuration, or compare two clients' configurations."""
    st.subheader("Configuration")
    _explain(client_ids)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox("Client", client_ids, key=ONE.name, bind="query-params", width=260)
        other = st.selectbox(
            "Compare with",
            [name for name in client_ids if name != one],
            index=None,
            placeholder="No other client",
            key=OTHER.name,
            bind="query-params",
            width=260,
        )
        only_differences = DIFFERENCES.ask(disabled=other is None)
    requests = [api_requests.config(name) for name in (one, other) if name]
    load(here.api, requests, "configurations")
    documents = [here.api.get(request) for request in requests]
    for document in documents:
        _secrets(document)
    if other is None:
        frame = frames.parameters(documents[0])
        columns: dict[str, Any] = {
            "name": "Parameter",
            "value": "Value",
            "description": "Description",
            "updated_at": moment_column("Updated", here.zone),
        }
    else:
        both = frames.differences(*documents)
        frame = both[both["differs"]].reset_index(drop=True) if only_differences else both
        columns = {"name": "Parameter", "one": one, "other": other, "differs": "Differs"}
    if frame.empty:
        nothing = "No parameter is set." if other is None else "The two do not differ."
        panels.nothing_here(nothing, "")
        return
    values = [name for name in ("value", "one", "other") if name in frame]
    shown = frame.assign(
        **{
            name: [words.parameter(None if pd.isna(one) else str(one)) for one in frame[name]]
            for name in values
        }
    )
    table(shown, columns)
    export.offer(here, name="configuration", frame=frame, requests=requests)


def _explain(client_ids: list[str]) -> None:
    """Show which client of the link does not exist for this person."""
    for missing in [
        name for part in (ONE, OTHER) if (name := part.read()) and name not in client_ids
    ]:
        st.warning(
            f"The link names the client **{plain(missing)}**, which is not here. It may "
            "have been deleted, may never have existed, or you may not see it.",
            icon=":material/link_off:",
        )


def _secrets(document: Mapping[str, Any]) -> None:
    count = document["secrets_omitted"]
    if count:
        verb = "is" if count == 1 else "are"
        client = plain(document["client_id"])
        secret = f"{words.counted(count, 'parameter')} {verb} secret for {client}"
        st.caption(f":material/key: {secret}. Secrets are never shown here.")


show(current())
