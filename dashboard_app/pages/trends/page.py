"""Trends: throughput, error rate, durations, records, tokens and cost over time."""

from __future__ import annotations

import streamlit as st

from dashboard_app.api.loading import load
from dashboard_app.context import PageContext, current
from dashboard_app.filters import choices
from dashboard_app.filters.period import nothing_in_period
from dashboard_app.frames import trends as frames
from dashboard_app.pages.trends import sections
from dashboard_app.pages.trends.focus import focus_note, focus_of
from dashboard_app.pages.trends.trend_requests import ask_trends
from dashboard_app.ui import export, panels
from dashboard_app.ui.live import live_line
from dashboard_app.ui.proof_line import proof_line


def show(here: PageContext) -> None:
    """Show the page."""
    with st.container(key="live"):
        live = st.empty()
        proof = st.empty()
    live.caption("Now …")  # so that nothing moves when the lines come
    proof.caption("Proved …")
    if here.is_empty:
        panels.first_use(here.settings)
    else:
        _trends(here)
    with live:
        live_line(here)
    with proof:
        proof_line(here)
    if not here.is_empty:
        choices.refresh_choices(here)


def _trends(here: PageContext) -> None:
    """Show figures and charts: the first chart as soon as it is loaded, the others after it."""
    requests, late = ask_trends(here)
    with late.unlocked_after():
        load(here.api, [requests.now], "trends")
        whole = here.points(requests.now)
        if whole.empty:
            nothing_in_period(here, "Nothing was counted in this period.")
            export.offer(here, name="trends", frame=whole, requests=requests.all)
            return
        focus = focus_of(here.period, here.zone)
        tiles = st.empty()
        if not here.api.is_fresh(requests.all):
            with tiles.container():
                sections.figures_of(here, whole, None, focus, [requests.now], key="tiles-alone")
        causes, link_spikes = sections.throughput_of(here, whole, requests.now)
    load(here.api, [*requests.all, *causes], "the rest")
    link_spikes()
    before = here.api.make(requests.before, frames.points) if requests.before else None
    with tiles.container():
        sections.figures_of(here, whole, before, focus, requests.ungrouped)
    focus_note(here, focus)
    panels.left_out(here.api.get(one) for one in requests.all)
    part = focus or here.period
    if requests.grouped is None or requests.group_by is None:
        sections.measures_of(here, whole, before, part, requests.all, is_grouped=False)
        return
    grouped = here.points(requests.grouped)
    st.subheader(f"By {requests.group_by}")
    sections.groups_of(here, grouped, part, requests.grouped, requests.group_by)
    if requests.grouped_before is not None:
        earlier = here.api.make(requests.grouped_before, frames.points)
        both = [requests.grouped, requests.grouped_before]
        sections.movers_of(here, grouped, earlier, focus, both)
    sections.measures_of(here, grouped, None, part, [requests.grouped], is_grouped=True)


show(current())
