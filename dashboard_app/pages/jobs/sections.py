"""The parts of the Jobs page: the table, and one job with its attempts, counters and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import caption, load
from dashboard_app.charts.drawings import show
from dashboard_app.charts.gantt import gantt
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import ENDED, ERROR, JOB
from dashboard_app.frames import jobs as frames
from dashboard_app.periods import DAY, error_days
from dashboard_app.session import SessionKey
from dashboard_app.ui import export
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import (
    bound_columns,
    count_column,
    moment_column,
    name_column,
    row_table,
    table,
    usd_column,
)

_STEP = 200
_MOST_ENTRIES = 1_000


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
        st.markdown(f":material/filter_alt: {what} {when}; not tried again since")
        st.button("All jobs", on_click=_widen, type="tertiary", icon=":material/close:")


def _error_name(frame: pd.DataFrame, fingerprint: str) -> str:
    types = frame["error_type"].dropna()
    unnamed = "no reason given" if fingerprint == "none" else fingerprint
    return plain(str(types.iloc[0]) if len(types) else unnamed)


def _widen() -> None:
    ERROR.write(None)
    ENDED.write(None)


def jobs_table(here: PageContext, frame: pd.DataFrame) -> None:
    """Show jobs; a selected job is put into the address, and opens below."""
    columns = {
        "job_id": name_column("Job", width=220),
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
    row_table(shown, columns, name="jobs-table", id_column="job_id", choose=JOB.write)


def job_of(here: PageContext, job_id: str) -> None:
    """Show one job. Raise NothingFound where there is none."""
    requests = [api_requests.job(job_id), api_requests.entries(job_id)]
    load(here.api, requests, "the job")
    job = here.api.get(requests[0])
    items, more = here.api.items(requests[1], most=_MOST_ENTRIES)
    st.subheader(plain(str(job["name"] or job_id)))
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
        _counters(frames.counters(job))
        _models(frames.models(job))
    with right:
        st.markdown("**Events**" + (f" (the first {len(entries):,})" if more else ""))
        _entries(here, entries, items)
    export.offer(
        here, name=f"job-{job_id}", frame=entries, requests=requests, chart=chart, is_cut=more
    )


def _facts(here: PageContext, job: Mapping[str, Any]) -> None:
    row = frames.jobs([job]).iloc[0]
    facts = {
        "Outcome": words.outcome(row["outcome"]),
        "Client": job["client_id"],
        "Project": job["project_id"],
        "Pipeline": job["pipeline"],
        "Stage": job["stage"],
        "Created": words.moment(row["created_at"], here.zone),
        "Duration": words.duration(job["duration_seconds"]),
        "Cost": words.cost(row["cost_usd"], row["llm_calls_unpriced"]),
    }
    lines = [f"{name} **{plain(str(value))}**" for name, value in facts.items() if value]
    st.markdown(" · ".join(lines))
    if job["error"]:
        st.error(f"**{plain(job['error']['type'])}**", icon=":material/error:")
        if job["error"]["message"]:
            st.code(job["error"]["message"], language=None, wrap_lines=True)
    if job["restarted_at"]:
        st.warning(words.restarted(job, here.zone), icon=":material/history:")
    if job["log_url"]:
        st.link_button("Open the logs", job["log_url"], icon=":material/article:")


def _counters(counters: pd.DataFrame) -> None:
    """Show a job's counters, each in its unit."""
    shown = counters.assign(
        word=[words.counter(name) for name in counters["counter"]],
        amount=[words.amount(*row) for row in counters.itertuples(index=False)],
    )
    table(shown, {"word": "Counter", "amount": column.TextColumn("Amount", alignment="right")})


def _models(models: pd.DataFrame) -> None:
    """Show what a job's events told by language model, where they did."""
    if models.empty:
        return
    st.markdown("**By model**")
    columns = {
        "model": name_column("Model"),
        "cost_usd": usd_column("Cost (USD)"),
        **bound_columns(models),
        "llm_calls": count_column(words.counter("llm_calls")),
        "input_tokens": count_column("Input tokens"),
        "output_tokens": count_column("Output tokens"),
    }
    table(models, columns)


def _entries(here: PageContext, entries: pd.DataFrame, items: Sequence[Mapping[str, Any]]) -> None:
    shown = entries.assign(
        happened=[words.happened(item["detail"]) for item in items],
        deltas=[words.deltas(frames.delta(item["detail"])) for item in items],
    )
    columns = {
        "occurred_at": moment_column("Occurred", here.zone),
        "attempt": "Attempt",
        "happened": "What happened",
        "deltas": "Added to counters",
        **({"models": "Models"} if (shown["models"] != "").any() else {}),
        "source": "Source",
    }
    table(shown, columns)
