"""What every page works with: whose answers, which ledger, which span, which clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.navigation.page import Page

from dashboard_app.api.http_client import Question
from dashboard_app.api.response_cache import Answers
from dashboard_app.app_settings import Settings
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing, drawing
from dashboard_app.periods import Span
from dashboard_app.session import SessionKey
from dashboard_app.sign_in.signing_in import Caller

T = TypeVar("T")


@dataclass(frozen=True)
class Desk:
    """One run of a page."""

    answers: Answers
    caller: Caller
    settings: Settings
    now: datetime
    zone: ZoneInfo
    span: Span
    client_id: str | None
    is_empty: bool
    pages: Mapping[str, Page]

    def made(
        self, name: str, questions: Sequence[Question], part: Span, make: Callable[[], T]
    ) -> T:
        """Return what is made of a part of the span, once for the same answers and choices."""
        hour = self.now.replace(
            minute=0, second=0, microsecond=0
        )  # what is running changes with it
        key = (name, tuple(questions), part, self.span, self.zone.key, hour)
        return self.answers.drawn(questions, key, make)

    def drawn(
        self, name: str, questions: Sequence[Question], part: Span, draw: Callable[[], AnyChart]
    ) -> Drawing:
        """Return the drawing of a chart, made once as `made` says."""
        return self.made(name, questions, part, lambda: drawing(draw()))

    def page(self, name: str) -> Page:
        """Return another page, for a link to it."""
        return self.pages[name]


def put(desk: Desk) -> None:
    """Lay the desk out for the page that runs next."""
    st.session_state[SessionKey.DESK] = desk


def desk() -> Desk:
    """Return the desk that the entry script has laid out."""
    return cast("Desk", st.session_state[SessionKey.DESK])
