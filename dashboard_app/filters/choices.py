"""Filters that a page asks for, with the projects and pipelines that they offer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import spinner
from dashboard_app.api.problems import RequestRefused
from dashboard_app.context import PageContext
from dashboard_app.filters.declared import CLIENT, PIPELINE, PROJECT, TREND_FILTERS
from dashboard_app.filters.kinds import Filter, IdChoice
from dashboard_app.periods import Period
from dashboard_app.session import SessionKey


@dataclass(frozen=True)
class LateFilters:
    """Filters in places of their own, and the ids that they hold.

    Where what they offer has yet to be loaded, they are `late`: locked until it is.
    """

    here: PageContext
    places: Mapping[IdChoice, DeltaGenerator]
    held: Mapping[IdChoice, str | None]
    late: bool

    @property
    def parameters(self) -> dict[str, object]:
        """Return the API's parameters, with None for what is not narrowed."""
        return {one.parameter: held for one, held in self.held.items()}

    @contextmanager
    def unlocked_after(self) -> Iterator[None]:
        """Run the body, then load what the filters offer; nobody waits for it before the body.

        Show them also where a request of the body fails: Streamlit forgets, and takes out of the
        address, what no widget holds at the end of a run.
        """
        try:
            yield
            self._load()
        except RequestRefused:
            self._load()  # a smaller request may be answered: let a project be chosen for it
            raise
        finally:
            self._show()

    def _load(self) -> None:
        if self.late:
            _load(self.here)

    def _show(self) -> None:
        if not self.late:
            return
        shown = {one: _ask(self.here, one, place) for one, place in self.places.items()}
        if shown != self.held:  # after Back, whose address tells more than what was held before
            st.rerun()


def ask_late(here: PageContext, filters: Sequence[IdChoice]) -> LateFilters:
    """Ask for filters that offer projects or pipelines, but load what they offer only later."""
    late = _lacks_choices(here)
    places = {one: st.container().empty() for one in filters}
    if late:
        held = {one: one.show_locked(place) for one, place in places.items()}
    else:
        held = {one: _ask(here, one, place) for one, place in places.items()}
    return LateFilters(here, places, held, late)


def _ask(here: PageContext, one: IdChoice, place: DeltaGenerator) -> str | None:
    with place:
        return one.ask(_OFFERED[one](here))


def ask_all(here: PageContext, filters: Sequence[Filter]) -> dict[str, object]:
    """Ask for each filter; return the API's parameters, with None for what is not narrowed.

    Projects and pipelines to choose from are loaded when a client or period is first looked at.
    """
    if _lacks_choices(here):
        _load(here)
    return {
        one.parameter: one.ask(_OFFERED[one](here) if one in _OFFERED else ()) or None
        for one in filters
    }


def _lacks_choices(here: PageContext) -> bool:
    refused = st.session_state.get(SessionKey.REFUSED_CHOICES)
    return any(here.api.known(one) is None for one in _wanted(here) if one != refused)


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


def first_trends(period: Period) -> ApiRequest:
    """Return the request with which the Trends page will most likely begin."""
    held = {one.parameter: one.held_now() for one in (CLIENT, *TREND_FILTERS)}
    return api_requests.trends(period, **held)


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
