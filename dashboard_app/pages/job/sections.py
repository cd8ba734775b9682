"""The parts of a job's page: its facts, time, counters, configuration, parts and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import load
from dashboard_app.charts.drawings import show
from dashboard_app.charts.gantt import gantt
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import JOB, WITH
from dashboard_app.frames import job_times
from dashboard_app.frames import jobs as frames
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

_MOST_ENTRIES = 1_000
_MOST_PARTS = 500


@dataclass(frozen=True)
class LoadedJob:
    """A job, its newest entries, and the configuration that its client has now."""

    job: Mapping[str, Any]
    entries: Sequence[Mapping[str, Any]]
    has_more: bool
    config: Mapping[str, Any]


def load_job(here: PageContext, job_id: str) -> LoadedJob:
    """Load a job with what its page shows of it. Raise NothingFound where there is none."""
    requests = [api_requests.job(job_id), api_requests.entries(job_id)]
    load(here.api, requests, "the job")
    job = here.api.get(requests[0])
    items, has_more = here.api.items(requests[1], most=_MOST_ENTRIES)
    return LoadedJob(job, items, has_more, here.api.get(api_requests.config(job["client_id"])))


def job_of(here: PageContext, job_id: str) -> LoadedJob:
    """Show one job and return it. Raise NothingFound where there is none."""
    one = load_job(here, job_id)
    request = api_requests.parts(job_id)
    items, more_parts = here.api.items(request, most=_MOST_PARTS)
    parts = job_times.parts(items, here.now)
    attempts, entries = frames.attempts(one.job, here.now), frames.entries(one.entries)
    stages = job_times.stages(attempts, one.entries, here.now)
    st.subheader(plain(str(one.job["name"] or job_id)))
    _facts(here, one)
    chart = None
    if attempts["started_at"].notna().any() or not entries.empty:
        chart = gantt(frame=attempts, events=entries, stages=stages, parts=parts, zone=here.zone)
        show(
            chart,
            alt="Attempts, stages and parts over time; the tables below say the same",
            place="job-time",
        )
        _times(here, one.job, attempts, stages)
    if not parts.empty:
        _parts(here, parts, is_cut=more_parts)
    _sums(job_times.counters(one.job), frames.models(one.job))
    newest = f" (the newest {len(entries):,})" if one.has_more else ""
    st.markdown(f"**Events**, newest first{newest}")
    _entries(here, entries, one.entries)
    _configuration(here, one)
    export.offer(
        here,
        name=f"job-{job_id}",
        frame=entries,
        requests=[api_requests.job(job_id), api_requests.entries(job_id), request],
        chart=chart,
        is_cut=one.has_more,
    )
    return one


def _facts(here: PageContext, one: LoadedJob) -> None:
    job = one.job
    row = frames.jobs([job]).iloc[0]
    facts = {
        "Outcome": words.outcome(row["outcome"]),
        "Client": job["client_id"],
        "Project": job["project_id"],
        "Pipeline": job["pipeline"],
        "Stage": job["stage"],
        "Created": words.moment(row["created_at"], here.zone),
        _took(job): words.duration(frames.seconds_so_far(job, here.now)),
        "Cost": words.cost(row["cost_usd"], row["llm_calls_unpriced"]),
    }
    lines = [f"{name} **{plain(str(value))}**" for name, value in facts.items() if value]
    st.markdown(" · ".join(lines))
    if job["parent_job_id"]:
        st.button(
            plain(f"Part of {job['parent_job_id']}"),
            key="parent",
            on_click=_open,
            args=(job["parent_job_id"],),
            type="tertiary",
            icon=":material/subdirectory_arrow_left:",
        )
    pace = job_times.pace(job, one.entries, here.now)
    if pace is not None:
        st.markdown(_pace(here, pace))
    if job["error"]:
        st.error(f"**{plain(job['error']['type'])}**", icon=":material/error:")
        if job["error"]["message"]:
            st.code(job["error"]["message"], language=None, wrap_lines=True)
    if job["restarted_at"]:
        st.warning(words.restarted(job, here.zone), icon=":material/history:")
    if job["log_url"]:
        st.link_button("Open the logs", job["log_url"], icon=":material/article:")


def _took(job: Mapping[str, Any]) -> str:
    return "Running for" if job["status"] == "running" else "Duration"


def _pace(here: PageContext, pace: job_times.Pace) -> str:
    each_minute = pace.per_second < 1
    count = pace.per_second * 60 if each_minute else pace.per_second
    unit = "minute" if each_minute else "second"
    end = f"; at this rate it ends at **{plain(words.moment(pace.ends_at, here.zone))}**"
    return f"About **{words.three_digits(count)}** records a {unit}{end if pace.ends_at else ''}."


def _times(
    here: PageContext, job: Mapping[str, Any], attempts: pd.DataFrame, stages: pd.DataFrame
) -> None:
    """Show attempts and stages as tables; a message that stands above is not repeated."""
    told = (job["error"] or {}).get("message") or ""
    # Of attempts that failed alike, the newest says why.
    newest = attempts.sort_values("attempt", ascending=False)
    repeated = newest["error_message"].duplicated() | newest["error_message"].eq(told)
    shown = newest.assign(
        word=newest["outcome"].map(words.outcome),
        why=newest["error_type"].str.cat(
            newest["error_message"].mask(repeated).map(lambda one: f": {one}", na_action="ignore"),
            na_rep="",
        ),
    )
    times = {
        "started_at": moment_column("Started", here.zone),
        "until": moment_column("Until", here.zone),
        "duration_seconds": count_column("Duration (s)"),
    }
    table(shown, {"attempt": "Attempt", "word": "Outcome", **times, "why": "Error"})
    if not stages.empty:
        table(stages, {"attempt": "Attempt", "stage": "Stage", **times})


def _parts(here: PageContext, parts: pd.DataFrame, *, is_cut: bool) -> None:
    """Show the jobs that this job has started; a selected one opens on its page."""
    total = words.counted(len(parts), "part")
    st.markdown(f"**Parts of this job**: {'the newest ' if is_cut else ''}{total}")
    columns = {
        "job_id": name_column("Job"),
        "word": "Outcome",
        "started_at": moment_column("Started", here.zone),
        "until": moment_column("Until", here.zone),
        "duration_seconds": count_column("Duration (s)"),
        "error_type": column.TextColumn("Error", width=140),
        "name": "Name",
    }
    shown = parts.assign(word=parts["outcome"].map(words.outcome))
    row_table(shown, columns, name="parts", id_column="job_id", choose=_open)
    st.caption("Select a row to open the part.")


def _open(job_id: str | None) -> None:
    # Not by a link to a page: one to the same page leaves the address as it is.
    if job_id is not None:
        st.session_state[WITH.name] = None
        JOB.write(job_id)


def _sums(counters: pd.DataFrame, models: pd.DataFrame) -> None:
    """Show a job's counters, and beside them those by language model, where events told them."""
    columns = st.columns(1 if models.empty else 2, gap="medium")
    with columns[0]:
        st.markdown("**Counters**")
        _counters(counters)
    if not models.empty:
        with columns[1]:
            st.markdown("**By model**")
            _models(models)


def _counters(counters: pd.DataFrame) -> None:
    """Show a job's counters, each in its unit, and for each record."""
    shown = counters.assign(
        word=[words.counter(name) for name in counters["counter"]],
        amount=[
            words.amount(*row) for row in counters[["counter", "value"]].itertuples(index=False)
        ],
        each=[
            words.per_record(name, None if pd.isna(one) else float(one))
            for name, one in zip(counters["counter"], counters["per_record"], strict=True)
        ],
    )
    columns = {
        "word": "Counter",
        "amount": column.TextColumn("Amount", alignment="right"),
        "each": column.TextColumn("Per record", alignment="right"),
    }
    table(shown, columns)


def _models(models: pd.DataFrame) -> None:
    """Show what a job's events told by language model."""
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


def _configuration(here: PageContext, one: LoadedJob) -> None:
    """Show the client's configuration, and what was changed after the job had begun."""
    frame = job_times.parameters(one.job, one.config)
    with st.expander("Configuration at the time", icon=":material/tune:"):
        st.caption(
            "These are the present values. Where one was changed after the job began, the earlier "
            "value is not kept. Parameters that were removed since are not listed."
        )
        then = [
            "changed since" if changed else "the same then" for changed in frame["changed_since"]
        ]
        columns = {
            "name": "Parameter",
            "shown": "Value",
            "then": "When the job began",
            "updated_at": moment_column("Updated", here.zone),
        }
        shown = [words.parameter(str(value)) for value in frame["value"]]
        table(frame.assign(then=then, shown=shown), columns)
