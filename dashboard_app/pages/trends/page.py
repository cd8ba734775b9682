"""Trends: throughput, error rate, durations, records, tokens and cost over time."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api.loading import load
from dashboard_app.context import Desk, desk
from dashboard_app.filters import choices
from dashboard_app.frames import trends as frames
from dashboard_app.pages.trends import figures, sections
from dashboard_app.pages.trends.focus import focus_note, focus_of
from dashboard_app.pages.trends.trend_requests import trend_filters
from dashboard_app.ui import export, panels


def show(here: Desk) -> None:
    """Show the page."""
    st.title("Trends")
    live = st.container(key="live")
    if here.is_empty:
        panels.first_use(here.settings)
    else:
        _trends(here)
    with live:
        figures.live_strip(here)
    if not here.is_empty:
        choices.learn(here)


def _trends(here: Desk) -> None:
    """Show figures and charts: the first of them as soon as it can be, the rest after it."""
    asked = trend_filters(here)
    load(here.answers, [asked.now], "trends")
    whole = frames.marked(here.answers.make(asked.now, frames.points), here.span, here.now)
    if whole.empty:
        panels.nothing_here("Nothing was counted in this span.")
        export.take_away(here, name="trends", frame=whole, questions=asked.questions)
        return
    focus = focus_of(here.span)
    tiles = st.empty()
    if not here.answers.is_fresh(asked.questions):
        with tiles.container():
            sections.figures_of(here, whole, None, focus, [asked.now], key="tiles-alone")
    sections.throughput_of(here, whole, asked.now)
    load(here.answers, asked.questions, "the rest")
    before = here.answers.make(asked.before, frames.points) if asked.before else None
    compared = [one for one in (asked.now, asked.before) if one is not None]
    with tiles.container():
        sections.figures_of(here, whole, before, focus, compared)
    focus_note(here, focus)
    part = focus or here.span
    if asked.grouped is None or asked.group_by is None:
        sections.measures_of(here, whole, before, part, asked.questions, is_grouped=False)
        return
    points = here.answers.make(asked.grouped, frames.points)
    grouped = frames.marked(points, here.span, here.now)
    st.subheader(f"By {asked.group_by}")
    sections.groups_of(here, grouped, part, asked.grouped, asked.group_by)
    if asked.grouped_before is not None:
        earlier = here.answers.make(asked.grouped_before, frames.points)
        both = [asked.grouped, asked.grouped_before]
        sections.movers_of(here, grouped, earlier, focus, both)
    sections.measures_of(here, grouped, None, part, [asked.grouped], is_grouped=True)


show(desk())
