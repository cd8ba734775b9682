"""Projects: progress against the expected jobs and the due date."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import spinner
from dashboard_app.charts import drawings
from dashboard_app.charts.progress import progress
from dashboard_app.context import PageContext, current
from dashboard_app.filters.declared import OPENED, STANDING
from dashboard_app.frames.projects import projects
from dashboard_app.pages.projects import sections
from dashboard_app.ui import panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.tables import count_column, moment_column, name_column, row_table

_MOST = 1_000
_SHOWN = 30
_LATE = ("overdue", "behind an even pace")
_CLOSED = ("done", "completed", "archived", "paused")


def show(here: PageContext) -> None:
    """Show the page."""
    if here.is_empty:
        panels.first_use(here.settings)
        return
    opened = OPENED.read()
    if opened:
        sections.one_project(here, opened)
    else:
        _all_projects(here)


def _all_projects(here: PageContext) -> None:
    chosen = STANDING.ask()
    request = api_requests.projects(here.client_id)
    with spinner("projects"):
        items, more = here.api.items(request, most=_MOST)
    frame = _chosen(projects(items, here.now), chosen)
    if more:
        st.caption(f"These are of the first {_MOST:,} projects. Choose a client to see the others.")
    if frame.empty:
        panels.nothing_here("No project matches.", "Show all projects, or those of all clients.")
        return
    chart = progress(frame=frame.head(_SHOWN))
    with card(
        here,
        "projects",
        "Progress",
        chart=chart,
        frame=frame,
        requests=[request],
        is_cut=more,
    ):
        drawings.show(
            chart,
            alt="Jobs of each project by outcome, and the number expected",
            place="progress",
        )
        st.caption(
            "The grey mark is the number of expected jobs. All jobs of a project count here, not "
            "only those of the period."
        )
    _table(here, frame)


def _chosen(frame: pd.DataFrame, chosen: str | None) -> pd.DataFrame:
    """Return the open, the late or all projects, those with the next due date first."""
    kept = {"open": ~frame["standing"].isin(_CLOSED), "late": frame["standing"].isin(_LATE)}
    narrowed = frame[kept[chosen]] if chosen in kept else frame
    return narrowed.sort_values(["due_at", "project_id"], na_position="last").reset_index(drop=True)


def _table(here: PageContext, frame: pd.DataFrame) -> None:
    columns = {
        "project_id": name_column("Project"),
        "name": column.TextColumn("Name", width=200),
        "client_id": "Client",
        "standing": "Standing",
        "due_at": moment_column("Due", here.zone),
        "progress": column.ProgressColumn("Progress", format="percent", max_value=1),
        "done_a_day": column.NumberColumn(
            "Done per day", format="%.1f", help="Since the project was created"
        ),
        "needed_a_day": column.NumberColumn(
            "Needed per day", format="%.1f", help="To finish all expected jobs by the due date"
        ),
        "done": column.NumberColumn("Jobs done", help="Succeeded or partial"),
        "jobs_expected": column.NumberColumn("Expected"),
        "running": column.NumberColumn(words.outcome("running")),
        "failed": column.NumberColumn(words.outcome("failed")),
        "timed_out": column.NumberColumn(words.outcome("timed_out")),
        "total": count_column("All jobs"),
        "owner": column.TextColumn("Owner", width=140),
        "last_seen_at": moment_column("Last event", here.zone),
    }
    row_table(
        frame,
        columns,
        name="projects",
        id_column="key",
        choose=OPENED.write,
        alarming=("standing", ["overdue"]),
    )
    st.caption("Select a row to open the project.")


show(current())
