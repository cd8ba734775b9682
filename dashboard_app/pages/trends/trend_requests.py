"""The filters of the Trends page, and the requests that they make."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.context import PageContext
from dashboard_app.filters import choices
from dashboard_app.filters.choices import LateFilters
from dashboard_app.filters.declared import GROUP, PREVIOUS, TREND_FILTERS


@dataclass(frozen=True)
class TrendRequests:
    """The requests of the Trends page, for the period and the previous one."""

    now: ApiRequest
    before: ApiRequest | None
    grouped: ApiRequest | None
    grouped_before: ApiRequest | None
    group_by: str | None

    @property
    def ungrouped(self) -> list[ApiRequest]:
        """Return the requests for sums over all groups."""
        return [one for one in (self.now, self.before) if one is not None]

    @property
    def all(self) -> list[ApiRequest]:
        """Return all requests."""
        grouped = (self.grouped, self.grouped_before)
        return [*self.ungrouped, *(one for one in grouped if one is not None)]


def ask_trends(here: PageContext) -> tuple[TrendRequests, LateFilters]:
    """Ask for grouping, project, pipeline and comparison; return the requests.

    Return the filters that are to be unlocked, too.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        group_by = GROUP.ask()
        late = choices.ask_late(here, TREND_FILTERS)
        before = here.period.previous if PREVIOUS.ask() else None
    filters = {"client_id": here.client_id, **late.parameters}
    grouped = {**filters, "group_by": group_by}
    requests = TrendRequests(
        now=api_requests.trends(here.period, **filters),
        before=api_requests.trends(before, **filters) if before else None,
        grouped=api_requests.trends(here.period, **grouped) if group_by else None,
        grouped_before=api_requests.trends(before, **grouped) if group_by and before else None,
        group_by=group_by,
    )
    return requests, late
