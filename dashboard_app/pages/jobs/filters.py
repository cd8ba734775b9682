"""What the Jobs page is asked for beyond span and client."""

from __future__ import annotations

import streamlit as st

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.context import Desk
from dashboard_app.filters import choices
from dashboard_app.frames.columns import RESULTS
from dashboard_app.pages.failures.sections import days_of
from dashboard_app.session import Param

_STATUSES = {word: name for name, word in words.STATUSES.items()}
_RESULTS = {words.OUTCOMES[name]: name for name in RESULTS}


def job_filters(here: Desk) -> Question:
    """Ask for status, result, project, pipeline and the beginning of an id.

    The address may ask for the jobs of an error besides, over the days that it is counted over.
    """
    fingerprint = st.query_params.get(Param.ERROR) or None
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        status = _choice("Status", _STATUSES, Param.STATUS, "Any status")
        result = _choice("Result", _RESULTS, Param.RESULT, "Any result")
        project, pipeline = choices.project_filter(here), choices.pipeline_filter(here)
        beginning = st.text_input(
            "Job id begins with", key=Param.SEARCH, bind="query-params", width=200
        )
        stalled = st.toggle("Stalled only", key=Param.STALLED, bind="query-params")
    return questions.jobs(
        here.span if fingerprint is None else days_of(here),
        client_id=here.client_id,
        project_id=project,
        pipeline=pipeline,
        status=status,
        result=result,
        stalled=stalled,
        beginning=(beginning or "").strip() or None,
        fingerprint=fingerprint,
    )


def _choice(label: str, options: dict[str, str], key: Param, everything: str) -> str | None:
    chosen = st.selectbox(
        label,
        list(options),
        index=None,
        placeholder=everything,
        key=key,
        bind="query-params",
        width=160,
    )
    return options.get(chosen or "")
