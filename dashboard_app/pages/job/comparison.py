"""Two jobs side by side: facts, counters for each record, stages and configuration."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.problems import NothingFound
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import WITH
from dashboard_app.frames import job_times
from dashboard_app.frames import jobs as frames
from dashboard_app.pages.job.sections import LoadedJob, load_job
from dashboard_app.ui import export, panels
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import name_column, table

_OFFERED = 20
_PER_RECORD, _STAGES, _CONFIGURATION = "Per record", "Stages", "Configuration"
_CALLED = {
    _PER_RECORD: "{} per record",
    _STAGES: "Stage {}",
    _CONFIGURATION: "Configuration: {}",
}
"""What a thing of a group is called where the group is not named beside it."""


def compare(here: PageContext, one: LoadedJob, other_id: str | None) -> None:
    """Offer other jobs of the same pipeline, and show the two side by side."""
    st.subheader("Compare with another job")
    request = api_requests.latest_jobs(one.job["client_id"], one.job["pipeline"], _OFFERED)
    offered = [str(item["job_id"]) for item in here.api.get(request)["items"]]
    WITH.ask([job_id for job_id in offered if job_id != one.job["job_id"]])
    if not other_id:
        st.caption("Choose a recent job of this pipeline, or type a job id.")
        return
    try:
        other = load_job(here, other_id)
    except NothingFound:
        panels.nothing_here(
            f"There is no job {plain(other_id)}.",
            "It may be another client's, or may never have existed.",
        )
        return
    sides = [_side(here, side) for side in (one, other)]
    frame = job_times.compared(sides, {_CONFIGURATION: words.NOT_SET})
    columns = {
        "called": name_column("What", width=200),
        "one": str(one.job["job_id"]),
        "other": other_id,
        "differs": "Differs",
    }
    called = [
        _CALLED.get(group, "{}").format(what)
        for group, what in zip(frame["group"], frame["what"], strict=True)
    ]
    table(frame.assign(called=called), columns)
    requests = [api_requests.job(str(side.job["job_id"])) for side in (one, other)]
    export.offer(here, name="comparison", frame=frame, requests=requests)


def _side(here: PageContext, loaded: LoadedJob) -> dict[str, dict[str, str]]:
    """Return what is compared of a job, in words, by group."""
    job = loaded.job
    row = frames.jobs([job]).iloc[0]
    attempts = frames.attempts(job, here.now)
    stages = job_times.stages(attempts, loaded.entries, here.now)
    present = stages[stages["attempt"].eq(job["attempt"])]
    seconds = present.groupby("stage", sort=False)["duration_seconds"].sum()
    error = job["error"] or {}
    facts = {
        "Outcome": words.outcome(row["outcome"]),
        "Error": ": ".join(filter(None, (error.get("type"), error.get("message")))),
        "Client": job["client_id"],
        "Project": job["project_id"],
        "Pipeline": job["pipeline"],
        "Attempts": str(job["attempt"]),
        "Started": words.moment(
            row["started_at"] if pd.notna(row["started_at"]) else None, here.zone
        ),
        "Duration": words.duration(frames.seconds_so_far(job, here.now))
        + (" so far" if job["status"] == "running" else ""),
    }
    parameters = job_times.parameters(job, loaded.config)
    return {
        "Job": {name: str(value) for name, value in facts.items() if value},
        "Counters": {
            words.counter(name): words.amount(name, value)
            for name, value in sorted(job["counters"].items())
        },
        _PER_RECORD: {
            words.counter(str(name)): words.per_record(str(name), float(each))
            for name, _, each in job_times.counters(job).dropna().itertuples(index=False)
        },
        _STAGES: {str(name): words.duration(float(one)) for name, one in seconds.items()},
        _CONFIGURATION: {
            str(one.name): words.parameter(str(one.value))
            + (" (changed since)" if one.changed_since else "")
            for one in parameters.itertuples(index=False)
        },
    }
