"""What every page works with: the API, the period, the zone and the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from streamlit.navigation.page import Page

from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.response_cache import ResponseCache
from dashboard_app.app_settings import AppSettings
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing, drawing
from dashboard_app.frames import trends
from dashboard_app.periods import Period
from dashboard_app.session import SessionKey

T = TypeVar("T")


@dataclass(frozen=True)
class PageContext:
    """The context of one run of a page. `now` is in UTC."""

    api: ResponseCache
    settings: AppSettings
    now: datetime
    zone: ZoneInfo
    period: Period
    client_id: str | None
    is_empty: bool
    is_staff: bool
    notes: Sequence[str]
    """Why the period is not the one that was asked for; empty where it is."""
    pages: Mapping[str, Page]

    def points(self, request: ApiRequest) -> pd.DataFrame:
        """Return the points of a `/trends` answer, marked by whether their interval is over."""
        points = self.api.make(request, trends.points)
        return trends.marked(points, self.period, self.now)

    def made(
        self, name: str, requests: Sequence[ApiRequest], part: Period, make: Callable[[], T]
    ) -> T:
        """Return what `make` returns; call it once for the same responses and choices."""
        # The key changes with the hour, as it decides which interval is still running.
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        key = (name, tuple(requests), part, self.period, self.zone.key, hour)
        return self.api.drawn(requests, key, make)

    def drawn(
        self, name: str, requests: Sequence[ApiRequest], part: Period, draw: Callable[[], AnyChart]
    ) -> Drawing:
        """Return the drawing of a chart; make it once, as `made` does."""
        return self.made(name, requests, part, lambda: drawing(draw()))


def put(context: PageContext) -> None:
    """Keep the context for the page that runs next."""
    st.session_state[SessionKey.CONTEXT] = context


def current() -> PageContext:
    """Return the context that the entry script has kept."""
    return cast("PageContext", st.session_state[SessionKey.CONTEXT])
