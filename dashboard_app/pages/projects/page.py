"""Projects: progress against the jobs that are expected and the day that they are due."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.charts import drawings
from dashboard_app.charts.progress import progress
from dashboard_app.context import Desk, desk
from dashboard_app.frames import projects as frames
from dashboard_app.session import Param
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.tables import moment_column, table

_MOST = 1_000
_SHOWN = 30
_OPEN, _BEHIND, _ALL = words.STANDINGS
_LATE = ("overdue", "behind an even pace")
_CLOSED = ("done", "completed", "archived", "paused")


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Projects")
    if here.is_empty:
        panels.first_use(here.settings)
        return
    chosen = st.segmented_control(
        "Which",
        words.STANDINGS,
        default=_OPEN,
        required=True,
        key=Param.STANDING,
        bind="query-params",
    )
    asked = questions.projects(here.client_id)
    with st.spinner("Loading projects …", show_time=True):
        items, more = here.answers.items(asked, most=_MOST)
    frame = _chosen(frames.projects(items, here.now), chosen or _OPEN)
    if frame.empty:
        panels.nothing_here("No project is like that.", "Look at all of them, or at all clients.")
        return
    if more:
        st.caption(f"The first {_MOST:,} projects; choose a client for the rest.")
    chart = progress(frame=frame.head(_SHOWN))
    with card("projects", "Progress") as head:
        drawings.show(chart, alt="Jobs of each project by what they are, and how many are expected")
        st.caption(
            "The grey mark is how many jobs are expected. A project's whole life, not the span."
        )
        with head:
            export.take_away(here, name="projects", frame=frame, questions=[asked], chart=chart)
    _table(here, frame)


def _chosen(frame: pd.DataFrame, chosen: str) -> pd.DataFrame:
    """Return the projects that are wanted, those due first at the top."""
    kept: Mapping[str, Any] = {
        _OPEN: ~frame["standing"].isin(_CLOSED),
        _BEHIND: frame["standing"].isin(_LATE),
    }
    narrowed = frame[kept[chosen]] if chosen in kept else frame
    return narrowed.sort_values(["due_at", "project_id"], na_position="last").reset_index(drop=True)


def _table(here: Desk, frame: pd.DataFrame) -> None:
    table(
        frame,
        column_order=[
            *("project_id", "name", "client_id", "owner", "standing", "due_at", "progress"),
            *("done_a_day", "needed_a_day"),
            *("done", "jobs_expected", "running", "failed", "timed_out", "total", "last_seen_at"),
        ],
        column_config={
            "project_id": column.TextColumn("Project", pinned=True),
            "name": "Name",
            "client_id": "Client",
            "owner": "Owner",
            "standing": "Stands",
            "due_at": moment_column("Due", here.zone),
            "progress": column.ProgressColumn("Of expected", format="percent", max_value=1),
            "done_a_day": column.NumberColumn("Done a day", format="%.1f", help="Since it began"),
            "needed_a_day": column.NumberColumn(
                "Needed a day", format="%.1f", help="To have all expected jobs done when it is due"
            ),
            "done": column.NumberColumn("Jobs done", help="Succeeded or partly done"),
            "jobs_expected": column.NumberColumn("Expected"),
            "running": column.NumberColumn("Running"),
            "failed": column.NumberColumn("Failed"),
            "timed_out": column.NumberColumn("Timed out"),
            "total": column.NumberColumn("Jobs in all"),
            "last_seen_at": moment_column("Last update", here.zone),
        },
    )


show(desk())
