"""What the Trends page is asked for beyond span and client, and the questions that makes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.context import Desk
from dashboard_app.filters import choices
from dashboard_app.session import Param

NOTHING = "Nothing"
GROUPS = {"Client": "client", "Project": "project", "Pipeline": "pipeline"}


@dataclass(frozen=True)
class TrendFilters:
    """The questions that a page of trends is drawn from."""

    now: Question
    before: Question | None
    grouped: Question | None
    grouped_before: Question | None
    group_by: str | None

    @property
    def questions(self) -> list[Question]:
        """Return all questions."""
        asked = (self.now, self.before, self.grouped, self.grouped_before)
        return [one for one in asked if one is not None]


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
        project, pipeline = choices.project_filter(here), choices.pipeline_filter(here)
        previous = st.toggle(
            "Against the span before", value=True, key=Param.PREVIOUS, bind="query-params"
        )
    group_by = GROUPS.get(chosen or NOTHING)
    asked = {"client_id": here.client_id, "project_id": project, "pipeline": pipeline}
    grouped = {**asked, "group_by": group_by}
    before = here.span.previous if previous else None
    return TrendFilters(
        now=questions.trends(here.span, **asked),
        before=questions.trends(before, **asked) if before else None,
        grouped=questions.trends(here.span, **grouped) if group_by else None,
        grouped_before=questions.trends(before, **grouped) if group_by and before else None,
        group_by=group_by,
    )
