"""Intervals in which failures stand out: what failed most on that day, and the way to Errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.loading import load
from dashboard_app.api.problems import BadQuestion
from dashboard_app.charts.axes import interval_name
from dashboard_app.context import Desk
from dashboard_app.frames import failures as error_frames
from dashboard_app.frames.columns import TEXT
from dashboard_app.frames.movers import spikes
from dashboard_app.periods import Interval, Span, cut
from dashboard_app.session import Param
from dashboard_app.ui import panels

_MOST = 5
_UNKNOWN = "not known"


def spikes_of(
    here: Desk,
    series: pd.DataFrame,
    part: Span,
    behind: list[Question],
    *,
    by_client: bool = False,
) -> tuple[pd.DataFrame, list[Question]]:
    """Return where failures stand out, with what failed most there, and the questions for that."""
    found = here.made("spikes", behind, part, lambda: spikes(series, _MOST))
    asked = [_question(here, row, by_client=by_client) for row in found.to_dict("records")]
    try:
        load(here.answers, asked, "what failed")
        tops = [next(iter(here.answers.get(one).document["items"]), None) for one in asked]
    except BadQuestion:  # more clients than one answer adds up: the marks do without
        tops = [None for _ in asked]
    labels = [_UNKNOWN if top is None else error_frames.label(top) for top in tops]
    fingerprints = [None if top is None else top["fingerprint"] for top in tops]
    noted = found.assign(
        label=pd.Series(labels, dtype=TEXT, index=found.index),
        fingerprint=pd.Series(fingerprints, dtype=TEXT, index=found.index),
        said=[
            f"{row['bad']:,} of {row['judged']:,} attempts failed"
            for row in found.to_dict("records")
        ],
    )
    return noted, asked


def _question(here: Desk, row: Mapping[Any, Any], *, by_client: bool) -> Question:
    """Ask for what failed on the days of UTC that an interval lies in."""
    days = cut(row["at"].to_pydatetime(), here.span.end_of(row["at"]), Interval.DAY)
    client_id = str(row["group"]) if by_client else here.client_id
    return questions.errors(days.start, days.end, client_id)


def spike_links(here: Desk, noted: pd.DataFrame, *, by_client: bool = False) -> None:
    """Offer the way to the errors of each spike."""
    if noted.empty:
        return
    st.caption("◆ failures stand out; what failed most on that day:")
    with st.container(horizontal=True, gap="small"):
        for row in noted.to_dict("records"):
            when = interval_name(row["at"], here.span, here.zone)
            what = "" if row["label"] == _UNKNOWN else f" · {row['label']}"
            who = f"{row['group']} · " if by_client else ""
            st.page_link(
                here.page("errors"),
                label=panels.plain(f"{who}{when}: {words.percent(row['rate'])} failed{what}"),
                icon=":material/error:",
                query_params=_address(here, row, by_client=by_client),
            )


def _address(here: Desk, row: Mapping[Any, Any], *, by_client: bool) -> dict[str, Any]:
    day = row["at"].astimezone(here.zone).date().isoformat()
    address: dict[str, Any] = {str(Param.SPAN): "Days", str(Param.DAYS): [day, day]}
    address[str(Param.ZONE)] = here.zone.key
    client_id = row["group"] if by_client else here.client_id
    if client_id:
        address[str(Param.CLIENT)] = str(client_id)
    if pd.notna(row["fingerprint"]):
        address[str(Param.ERROR)] = str(row["fingerprint"])
    return address
