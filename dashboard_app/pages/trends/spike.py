"""Intervals with unusually many failures: their most frequent error, and links to Errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import load
from dashboard_app.api.problems import RequestRefused
from dashboard_app.charts.axes import interval_name
from dashboard_app.context import PageContext
from dashboard_app.filters.address import link
from dashboard_app.filters.declared import CLIENT, CUSTOM, DAYS, ERROR, PERIOD, ZONE
from dashboard_app.filters.kinds import AddressPart
from dashboard_app.frames import failures as failure_frames
from dashboard_app.frames.columns import TEXT
from dashboard_app.frames.movers import spikes as unusual_intervals
from dashboard_app.periods import IntervalLength, Period, cut
from dashboard_app.ui import panels

_MOST = 5
_UNKNOWN = "not known"


def spikes_of(
    here: PageContext,
    series: pd.DataFrame,
    part: Period,
    behind: list[ApiRequest],
    *,
    by_client: bool = False,
) -> tuple[pd.DataFrame, list[ApiRequest]]:
    """Return the intervals with unusually many failures, and the requests for their errors.

    Columns: those of `movers.spikes`, `label`, `fingerprint`, and `failures` as a sentence.
    """
    found = here.made("spikes", behind, part, lambda: unusual_intervals(series, _MOST))
    requests = [_errors_request(here, row, by_client=by_client) for row in found.to_dict("records")]
    try:
        load(here.api, requests, "what failed")
        tops = [next(iter(here.api.get(one)["items"]), None) for one in requests]
    except RequestRefused:  # more clients than one response adds up: the marks do without
        tops = [None for _ in requests]
    labels = [_UNKNOWN if top is None else failure_frames.label(top) for top in tops]
    fingerprints = [None if top is None else top["fingerprint"] for top in tops]
    spikes = found.assign(
        label=pd.Series(labels, dtype=TEXT, index=found.index),
        fingerprint=pd.Series(fingerprints, dtype=TEXT, index=found.index),
        failures=[
            f"{row['bad']:,} of {row['judged']:,} attempts failed"
            for row in found.to_dict("records")
        ],
    )
    return spikes, requests


def _errors_request(here: PageContext, row: Mapping[Any, Any], *, by_client: bool) -> ApiRequest:
    """Request the errors of the days of UTC in which an interval lies."""
    days = cut(row["at"].to_pydatetime(), here.period.end_of(row["at"]), IntervalLength.DAY)
    client_id = str(row["group"]) if by_client else here.client_id
    return api_requests.errors(days.start, days.end, client_id)


def spike_links(here: PageContext, spikes: pd.DataFrame, *, by_client: bool = False) -> None:
    """Link to the errors of each interval."""
    if spikes.empty:
        return
    st.caption("◆ marks unusually many failures. The most frequent error of the day:")
    with st.container(horizontal=True, gap="small"):
        for row in spikes.to_dict("records"):
            when = interval_name(row["at"], here.period, here.zone)
            what = "" if row["label"] == _UNKNOWN else f" · {row['label']}"
            who = f"{row['group']} · " if by_client else ""
            st.page_link(
                here.pages["errors"],
                label=panels.plain(f"{who}{when}: {words.percent(row['rate'])} failed{what}"),
                icon=":material/error:",
                query_params=_address(here, row, by_client=by_client),
            )


def _address(here: PageContext, row: Mapping[Any, Any], *, by_client: bool) -> dict[str, Any]:
    day = row["at"].astimezone(here.zone).date().isoformat()
    client_id = str(row["group"]) if by_client else here.client_id
    error = str(row["fingerprint"]) if pd.notna(row["fingerprint"]) else None
    dates: dict[AddressPart, object] = {PERIOD: CUSTOM, DAYS: [day, day], ZONE: here.zone.key}
    return link({**dates, CLIENT: client_id, ERROR: error})
