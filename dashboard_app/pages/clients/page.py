"""Clients: who they are, how they are configured, and two of them side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit import column_config as column

from dashboard_app.api import endpoints as questions
from dashboard_app.api.loading import load
from dashboard_app.context import Desk, desk
from dashboard_app.frames import projects as frames
from dashboard_app.session import Param
from dashboard_app.ui import export, panels
from dashboard_app.ui.tables import moment_column, table

_TOTALS = {
    "total": "Jobs",
    "running": "Running",
    "succeeded": "Succeeded",
    "partial": "Partly done",
    "failed": "Failed",
    "timed_out": "Timed out",
    "cancelled": "Cancelled",
}


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Clients")
    items, _ = here.answers.items(questions.CLIENTS)
    frame = frames.clients(items)
    if frame.empty:
        panels.first_use(here.settings)
        return
    table(
        frame,
        column_order=["client_id", "name", "description", "contact", "declared", *_TOTALS],
        column_config={
            "client_id": column.TextColumn("Client", pinned=True),
            "name": "Name",
            "description": "Description",
            "contact": "Contact",
            "declared": column.CheckboxColumn("Declared", help="Or known by its jobs alone"),
            **{
                name: column.NumberColumn(title, format="localized")
                for name, title in _TOTALS.items()
            },
        },
    )
    export.take_away(here, name="clients", frame=frame, questions=[questions.CLIENTS])
    _configurations(here, [str(one) for one in frame["client_id"]])


def _configurations(here: Desk, client_ids: list[str]) -> None:
    """Show one client's configuration, or two clients' side by side."""
    st.subheader("Configuration")
    _explain(client_ids)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        one = st.selectbox("Client", client_ids, key=Param.ONE, bind="query-params", width=260)
        other = st.selectbox(
            "Side by side with",
            [name for name in client_ids if name != one],
            index=None,
            placeholder="Nobody",
            key=Param.OTHER,
            bind="query-params",
            width=260,
        )
        only = st.toggle(
            "Only what differs",
            value=True,
            disabled=other is None,
            key=Param.DIFFERENCES,
            bind="query-params",
        )
    asked = [questions.config(name) for name in (one, other) if name]
    load(here.answers, asked, "configurations")
    documents = [here.answers.get(question).document for question in asked]
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
        frame = both[both["differs"]].reset_index(drop=True) if only else both
        columns = {"name": "Parameter", "one": one, "other": other, "differs": "Differs"}
    if frame.empty:
        nothing = "No plain parameter is set." if other is None else "The two do not differ."
        panels.nothing_here(nothing, "")
        return
    table(frame, column_config=columns, column_order=list(columns))
    export.take_away(here, name="configuration", frame=frame, questions=asked)


def _explain(client_ids: list[str]) -> None:
    """Say which client that a link names is none of those there are."""
    named = [st.query_params.get(name) for name in (Param.ONE, Param.OTHER)]
    for missing in [name for name in named if name and name not in client_ids]:
        st.warning(
            f"The link names the client **{panels.plain(missing)}**, which is not here: it may be "
            "gone, never have been, or be somebody else's.",
            icon=":material/link_off:",
        )


def _secrets(document: Mapping[str, Any]) -> None:
    count = document["secrets_omitted"]
    if count:
        client = panels.plain(document["client_id"])
        noun = "parameter is" if count == 1 else "parameters are"
        st.caption(
            f":material/key: {count} {noun} secret for {client}: never shown, nowhere kept here."
        )


show(desk())
