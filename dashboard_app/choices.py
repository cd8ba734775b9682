"""What filters offer: the projects and pipelines there are. Others may be typed all the same."""

from __future__ import annotations

import streamlit as st

from dashboard_app import filters, questions
from dashboard_app.api.problems import BadQuestion
from dashboard_app.desk import Desk
from dashboard_app.session import Param


def project_filter(here: Desk) -> str | None:
    """Ask for a project, or all."""
    return filters.choice_filter("Project", _project_ids(here), Param.PROJECT, "All projects")


def pipeline_filter(here: Desk) -> str | None:
    """Ask for a pipeline, or all."""
    return filters.choice_filter("Pipeline", _pipelines(here), Param.PIPELINE, "All pipelines")


def _project_ids(here: Desk) -> list[str]:
    """Return the ids of projects, as many as anybody looks through."""
    asked = questions.projects(here.client_id)
    with st.spinner("Asking for projects …", show_time=True):
        items, _ = here.answers.items(asked, most=questions.MOST_CHOICES)
    return [item["project_id"] for item in items]


def _pipelines(here: Desk) -> list[str]:
    """Return the pipelines that did something in the span: the API has no list of them."""
    asked = questions.trends(here.span, client_id=here.client_id, group_by="pipeline")
    with st.spinner("Asking for pipelines …", show_time=True):
        try:
            document = here.answers.get(asked).document
        except BadQuestion:  # more clients and days than one answer adds up
            return []
    return [str(one["key"]["pipeline"]) for one in document["series"]]
