"""What the Trends page is asked for beyond span and client, and the questions that makes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard_app import filters, questions
from dashboard_app.api.client import Question
from dashboard_app.api.problems import BadQuestion
from dashboard_app.desk import Desk
from dashboard_app.session import Param

NOTHING = "Nothing"
GROUPS = {"Client": "client", "Project": "project", "Pipeline": "pipeline"}


@dataclass(frozen=True)
class TrendFilters:
    """The questions that a page of trends is drawn from."""

    now: Question
    before: Question | None
    grouped: Question | None
    group_by: str | None

    @property
    def questions(self) -> list[Question]:
        """Return all questions."""
        return [one for one in (self.now, self.before, self.grouped) if one is not None]


def trend_filters(here: Desk) -> TrendFilters:
    """Ask for project, pipeline, grouping and comparison."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = st.segmented_control(
            "Tell apart by",
            [NOTHING, *GROUPS],
            default=NOTHING,
            required=True,
            key=Param.GROUP,
            bind="query-params",
        )
        project = filters.choice_filter("Project", _projects(here), Param.PROJECT, "All projects")
        pipeline = filters.choice_filter(
            "Pipeline", _pipelines(here), Param.PIPELINE, "All pipelines"
        )
        previous = st.toggle(
            "Against the span before", value=True, key=Param.PREVIOUS, bind="query-params"
        )
    group_by = GROUPS.get(chosen or NOTHING)
    asked = {"client_id": here.client_id, "project_id": project, "pipeline": pipeline}
    return TrendFilters(
        now=questions.trends(here.span, **asked),
        before=questions.trends(here.span.previous, **asked) if previous else None,
        grouped=questions.trends(here.span, group_by=group_by, **asked) if group_by else None,
        group_by=group_by,
    )


def _projects(here: Desk) -> list[str]:
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
        except BadQuestion:  # more clients and days than one answer adds up: a name can be typed
            return []
    return [str(one["key"]["pipeline"]) for one in document["series"]]
