"""What filters offer: the projects and pipelines there are. Others may be typed all the same."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.problems import BadQuestion
from dashboard_app.context import Desk
from dashboard_app.filters import period as common
from dashboard_app.session import Param, SessionKey


def project_filter(here: Desk) -> str | None:
    """Ask for a project, or all."""
    return common.choice_filter("Project", _project_ids(here), Param.PROJECT, "All projects")


def pipeline_filter(here: Desk) -> str | None:
    """Ask for a pipeline, or all."""
    return common.choice_filter("Pipeline", _pipelines(here), Param.PIPELINE, "All pipelines")


def learn(here: Desk) -> None:
    """Ask what there is to choose from: last on a page, as nobody should wait for that.

    A run that was told something new is followed by another, with the choices in their places.
    """
    asked = (questions.projects(here.client_id), _by_pipeline(here))
    before = [here.answers.known(one) for one in asked]
    with st.spinner("Asking for projects and pipelines …", show_time=True):
        here.answers.items(asked[0], most=questions.MOST_CHOICES)
        # More clients and days than one answer adds up: the name of a pipeline can be typed.
        with suppress(BadQuestion):
            here.answers.load([asked[1]])
    if any(here.answers.known(one) is not old for one, old in zip(asked, before, strict=True)):
        st.session_state[SessionKey.GOES_ON] = True
        st.rerun()


def _by_pipeline(here: Desk) -> Question:
    """Ask for what each pipeline did in the span: the API has no list of them."""
    return questions.trends(here.span, client_id=here.client_id, group_by="pipeline")


def _project_ids(here: Desk) -> list[str]:
    """Return the ids of projects that are known, as many as anybody looks through."""
    asked = questions.projects(here.client_id)
    found: list[str] = []
    while (page := here.answers.known(asked)) is not None:
        found += [item["project_id"] for item in page["items"]]
        if page["next_cursor"] is None or len(found) >= questions.MOST_CHOICES:
            break
        asked = asked.also(cursor=page["next_cursor"])
    return found


def _pipelines(here: Desk) -> list[str]:
    document = here.answers.known(_by_pipeline(here))
    return [str(one["key"]["pipeline"]) for one in document["series"]] if document else []
