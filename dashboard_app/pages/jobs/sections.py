"""The parts of the Jobs page: the table, and what it is narrowed to."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import caption
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import ENDED, ERROR
from dashboard_app.frames import jobs as frames
from dashboard_app.periods import DAY, error_days
from dashboard_app.session import SessionKey
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import (
    bound_columns,
    count_column,
    moment_column,
    name_column,
    row_table,
    usd_column,
)

_STEP = 200


def jobs_of(here: PageContext, request: ApiRequest) -> tuple[pd.DataFrame, bool]:
    """Load as many jobs as are wanted, and offer to load more.

    Return a frame of `frames.jobs`, and whether the API has more jobs.
    """
    wanted = st.session_state.get(SessionKey.JOBS_WANTED, _STEP)
    items, more = here.api.items(
        request, most=wanted, heard=lambda count: caption(f"Loading jobs … {count:,} so far")
    )
    caption("")
    with st.container(horizontal=True, vertical_alignment="center"):
        there = f"The first {len(items):,} jobs" if more else words.counted(len(items), "job")
        st.caption(there)
        if more:
            for step in (_STEP, 5 * _STEP, 25 * _STEP):
                st.button(f"{step:,} more", on_click=_want, args=(wanted + step,), type="tertiary")
    return frames.jobs(items), more


def first_of(here: PageContext, request: ApiRequest) -> tuple[pd.DataFrame, bool]:
    """Load the longest or dearest of all jobs that a sorted list has, as many as a page holds.

    Return a frame of `frames.jobs`, and whether the API may have more jobs.
    """
    measure = dict(request.parameters)["sort"]
    items, _ = here.api.items(request, heard=lambda _: caption("Looking through all jobs …"))
    caption("")
    first = frames.first_by(measure, items, api_requests.JOBS_A_PAGE)
    is_cut = len(first) == api_requests.JOBS_A_PAGE
    how = f"the {words.SORTED[measure]} of all that match" if is_cut else "all that match"
    st.caption(f"{words.counted(len(first), 'job')}, {how}, {words.SORTED[measure]} first")
    return frames.jobs(first), is_cut


def _want(count: int) -> None:
    st.session_state[SessionKey.JOBS_WANTED] = count


def end_note(
    here: PageContext,
    frame: pd.DataFrame,
    fingerprint: str | None,
    ended: tuple[datetime, datetime] | None,
) -> None:
    """Show to which ends and error group the list is narrowed, and offer all jobs again."""
    what = "Ended" if fingerprint is None else f"Failed with **{_error_name(frame, fingerprint)}**"
    if ended is None:
        days = error_days(here.period)
        when = f"in the days of UTC {days.start:%Y-%m-%d} to {days.end - DAY:%Y-%m-%d}"
    else:
        begin, end = (plain(words.moment(at, here.zone)) for at in ended)
        when = f"from **{begin}** to **{end}**, whenever created"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/filter_alt: {what} {when}; jobs that were retried since are left out"
        )
        st.button("All jobs", on_click=_widen, type="tertiary", icon=":material/close:")


def _error_name(frame: pd.DataFrame, fingerprint: str) -> str:
    types = frame["error_type"].dropna()
    unnamed = "no reason given" if fingerprint == "none" else fingerprint
    return plain(str(types.iloc[0]) if len(types) else unnamed)


def _widen() -> None:
    ERROR.write(None)
    ENDED.write(None)


def jobs_table(here: PageContext, frame: pd.DataFrame) -> None:
    """Show jobs; a selected job opens on its page."""
    columns = {
        "job_id": name_column("Job"),
        "word": "Outcome",
        "client_id": "Client",
        "project_id": "Project",
        "pipeline": "Pipeline",
        "progress": column.ProgressColumn("Progress", format="percent", max_value=1),
        "created_at": moment_column("Created", here.zone),
        "duration_seconds": count_column("Duration (s)"),
        "attempt": column.NumberColumn("Attempt"),
        "records_ok": count_column("Records done"),
        "records_failed": count_column("Records failed"),
        "cost_usd": usd_column("Cost (USD)"),
        **bound_columns(frame),
        "error_type": "Error",
        "name": "Name",
    }
    shown = frame.assign(word=frame["outcome"].map(words.outcome))
    row_table(shown, columns, name="jobs-table", id_column="job_id", choose=_open)


def _open(job_id: str | None) -> None:
    st.session_state[SessionKey.JOB_TO_OPEN] = job_id
