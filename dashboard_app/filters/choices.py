"""Filters that a page asks for, with the projects and pipelines that they offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.problems import RequestRefused
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import PIPELINE, PROJECT
from dashboard_app.filters.kinds import Filter
from dashboard_app.session import SessionKey


def ask_all(here: PageContext, filters: Sequence[Filter]) -> dict[str, object]:
    """Ask for each filter; return the API's parameters, with None for what is not narrowed."""
    return {
        one.parameter: one.ask(_OFFERED[one](here) if one in _OFFERED else ()) or None
        for one in filters
    }


def load_choices(here: PageContext) -> None:
    """Load the projects and pipelines to choose from: last on a page, so that nobody waits for it.

    If there are new ones, start another run, which offers them.
    """
    wanted = (api_requests.projects(here.client_id), _by_pipeline(here))
    before = [here.api.known(one) for one in wanted]
    with st.spinner("Loading projects and pipelines …", show_time=True):
        here.api.items(wanted[0], most=api_requests.MOST_CHOICES)
        # More clients and days than one response adds up: a pipeline's name can still be typed.
        with suppress(RequestRefused):
            here.api.load([wanted[1]])
    if any(here.api.known(one) is not old for one, old in zip(wanted, before, strict=True)):
        st.session_state[SessionKey.GOES_ON] = True
        st.rerun()


def _by_pipeline(here: PageContext) -> ApiRequest:
    """Request what each pipeline did in the period: the API has no list of pipelines."""
    return api_requests.trends(here.period, client_id=here.client_id, group_by="pipeline")


def _project_ids(here: PageContext) -> list[str]:
    """Return the ids of the projects that are loaded already, up to the most offered."""
    request = api_requests.projects(here.client_id)
    found: list[str] = []
    while (page := here.api.known(request)) is not None:
        found += [item["project_id"] for item in page["items"]]
        if page["next_cursor"] is None or len(found) >= api_requests.MOST_CHOICES:
            break
        request = request.also(cursor=page["next_cursor"])
    return found


def _pipelines(here: PageContext) -> list[str]:
    document = here.api.known(_by_pipeline(here))
    return [str(one["key"]["pipeline"]) for one in document["series"]] if document else []


_OFFERED: Mapping[Filter, Callable[[PageContext], list[str]]] = {
    PROJECT: _project_ids,
    PIPELINE: _pipelines,
}
