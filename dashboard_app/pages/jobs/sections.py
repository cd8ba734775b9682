"""The parts of the Jobs page: the table, and one job with its attempts, counters and history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.loading import load
from dashboard_app.charts.drawings import show
from dashboard_app.charts.gantt import gantt
from dashboard_app.context import Desk
from dashboard_app.frames import jobs as frames
from dashboard_app.pages.failures.sections import days_of
from dashboard_app.periods import DAY
from dashboard_app.session import Param, SessionKey
from dashboard_app.ui import export, panels
from dashboard_app.ui.tables import key_of_rows, moment_column, table

_STEP = 200
_MOST_ENTRIES = 1_000
_COLUMNS = ("job_id", "word", "client_id", "project_id", "pipeline", "progress", "created_at")
_MORE = ("duration", "attempt", "records_ok", "records_failed", "cost_usd", "error", "name")


def jobs_of(here: Desk, asked: Question) -> pd.DataFrame:
    """Load jobs up to as many as are wanted; say whether there are more, and offer them."""
    wanted = st.session_state.get(SessionKey.JOBS_WANTED, _STEP)
    bar = st.empty()
    items, more = here.answers.items(
        asked, most=wanted, heard=lambda count: bar.caption(f"Loading jobs … {count:,} so far")
    )
    bar.empty()
    frame = frames.jobs(items)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{len(frame):,} jobs{', and there are more' if more else ', all there are'}")
        if more:
            for step in (_STEP, 5 * _STEP, 25 * _STEP):
                st.button(f"{step:,} more", on_click=_want, args=(wanted + step,), type="tertiary")
    return frame


def error_note(here: Desk, frame: pd.DataFrame) -> None:
    """Say which error the list is narrowed to, if to any, and offer all jobs again."""
    fingerprint = st.query_params.get(Param.ERROR)
    if not fingerprint:
        return
    types = frame["error_type"].dropna()
    unnamed = "no reason given" if fingerprint == "none" else fingerprint
    name = str(types.iloc[0]) if len(types) else unnamed
    days = days_of(here)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/filter_alt: Failed with **{panels.plain(name)}** in the days of UTC "
            f"{days.start:%Y-%m-%d} to {days.end - DAY:%Y-%m-%d}; not tried again since"
        )
        st.button("All jobs", on_click=_any_error, type="tertiary", icon=":material/close:")


def _any_error() -> None:
    st.query_params.pop(Param.ERROR, None)


def _want(count: int) -> None:
    st.session_state[SessionKey.JOBS_WANTED] = count


def jobs_table(here: Desk, frame: pd.DataFrame) -> None:
    """Show jobs; selecting a row opens the job below and puts it into the address."""
    shown = frame.assign(
        word=frame["outcome"].map(words.outcome),
        duration=frame["duration_seconds"],
        error=frame["error_type"],
    )
    key = key_of_rows("jobs-table", frame["job_id"])
    table(
        shown,
        key=key,
        on_select=lambda: _open(frame, key),
        selection_mode="single-row",
        column_order=[*_COLUMNS, *_MORE],
        column_config={
            "job_id": column.TextColumn("Job", pinned=True, width=220),
            "name": "Name",
            "client_id": "Client",
            "project_id": "Project",
            "pipeline": "Pipeline",
            "word": "Outcome",
            "progress": column.ProgressColumn("Records through", format="percent", max_value=1),
            "created_at": moment_column("Created", here.zone),
            "duration": column.NumberColumn("Duration (s)", format="localized"),
            "attempt": column.NumberColumn("Attempt"),
            "records_ok": column.NumberColumn("Records done", format="localized"),
            "records_failed": column.NumberColumn("Records failed", format="localized"),
            "cost_usd": column.NumberColumn("Cost (USD)", format="$%.4f"),
            "error": "Error",
        },
    )


def _open(frame: pd.DataFrame, key: str) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    if rows and rows[0] < len(frame):
        st.query_params[Param.JOB] = str(frame["job_id"].iloc[rows[0]])
    else:
        st.query_params.pop(Param.JOB, None)


def job_of(here: Desk, job_id: str) -> None:
    """Show one job."""
    asked, history = questions.job(job_id), questions.entries(job_id)
    load(here.answers, [asked, history], "the job")
    job = here.answers.get(asked).document
    items, more = here.answers.items(history, most=_MOST_ENTRIES)
    st.subheader(panels.plain(str(job["name"] or job_id)))
    _facts(here, job)
    attempts = frames.attempts(job, here.now)
    entries = frames.entries(items)
    chart = None
    if attempts["started_at"].notna().any() or not entries.empty:
        chart = gantt(frame=attempts, events=entries, zone=here.zone)
        show(chart, alt="Attempts from start to end, with a tick for each event")
    left, right = st.columns([2, 3], gap="medium")
    with left:
        st.markdown("**Counters**")
        counters = frames.counters(job)
        _counters(counters)
    with right:
        st.markdown("**Events**" + (f" (the first {len(entries):,})" if more else ""))
        _entries(here, entries, items)
    export.take_away(
        here, name=f"job-{job_id}", frame=entries, questions=[asked, history], chart=chart
    )


def _facts(here: Desk, job: Mapping[str, Any]) -> None:
    frame = frames.jobs([job])
    row = frame.iloc[0]
    facts = {
        "Outcome": words.outcome(row["outcome"]),
        "Client": job["client_id"],
        "Project": job["project_id"],
        "Pipeline": job["pipeline"],
        "Stage": job["stage"],
        "Created": words.moment(row["created_at"], here.zone),
        "Duration": words.duration(job["duration_seconds"]),
        "Cost": words.money(row["cost_usd"]),
    }
    lines = [f"{name} **{panels.plain(str(value))}**" for name, value in facts.items() if value]
    st.markdown(" · ".join(lines))
    if job["error"]:
        st.error(
            f"**{panels.plain(job['error']['type'])}**  \n{panels.plain(job['error']['message'])}"
        )
    if job["log_url"]:
        st.link_button("Its logs", job["log_url"], icon=":material/article:")


def _counters(counters: pd.DataFrame) -> None:
    """Show what a job counted, each in its unit."""
    shown = counters.assign(
        word=[words.counter(name) for name in counters["counter"]],
        amount=[words.amount(*row) for row in counters.itertuples(index=False)],
    )
    table(
        shown,
        column_order=["word", "amount"],
        column_config={
            "word": "Counter",
            "amount": column.TextColumn("Amount", alignment="right"),
        },
    )


def _entries(here: Desk, entries: pd.DataFrame, items: Sequence[Mapping[str, Any]]) -> None:
    shown = entries.assign(
        says=[words.said(item["detail"]) for item in items],
        adds=[words.added(item["detail"].get("delta") or {}) for item in items],
    )
    table(
        shown,
        column_order=["occurred_at", "attempt", "says", "adds", "source"],
        column_config={
            "occurred_at": moment_column("Occurred", here.zone),
            "attempt": "Attempt",
            "says": "Says",
            "adds": "Adds",
            "source": "Source",
        },
    )
