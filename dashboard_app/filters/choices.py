"""Filters that a page asks for, with the projects and pipelines that they offer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import spinner
from dashboard_app.api.problems import RequestRefused
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import PIPELINE, PROJECT
from dashboard_app.filters.kinds import Filter
from dashboard_app.periods import Period
from dashboard_app.session import SessionKey


def ask_all(here: PageContext, filters: Sequence[Filter]) -> dict[str, object]:
    """Ask for each filter; return the API's parameters, with None for what is not narrowed.

    Projects and pipelines to choose from are loaded when a client or period is first looked at.
    """
    refused = st.session_state.get(SessionKey.REFUSED_CHOICES)
    if any(here.api.known(one) is None for one in _wanted(here) if one != refused):
        _load(here)
    return {
        one.parameter: one.ask(_OFFERED[one](here) if one in _OFFERED else ()) or None
        for one in filters
    }


def refresh_choices(here: PageContext) -> None:
    """Load them again once they are old: last on a page, so that nobody waits for it.

    The next run offers what is new.
    """
    refused = st.session_state.get(SessionKey.REFUSED_CHOICES)
    if not here.api.is_fresh(one for one in _wanted(here) if one != refused):
        _load(here)


def _load(here: PageContext) -> None:
    with spinner("projects and pipelines"):
        try:
            here.api.load(_wanted(here))
        except RequestRefused:
            # More clients and days than one response adds up: a pipeline's name can be typed.
            st.session_state[SessionKey.REFUSED_CHOICES] = _by_pipeline(here)
        here.api.items(api_requests.projects(here.client_id), most=api_requests.MOST_CHOICES)


def requests(period: Period, client_id: str | None) -> list[ApiRequest]:
    """Return what tells projects and pipelines to choose from: the API has no list of pipelines."""
    by_pipeline = api_requests.trends(period, client_id=client_id, group_by="pipeline")
    return [api_requests.projects(client_id), by_pipeline]


def _wanted(here: PageContext) -> list[ApiRequest]:
    return requests(here.period, here.client_id)


def _by_pipeline(here: PageContext) -> ApiRequest:
    return _wanted(here)[1]


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
