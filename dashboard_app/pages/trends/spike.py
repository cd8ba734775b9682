"""Intervals with unusually many failures: their most frequent error, and links to those jobs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import load
from dashboard_app.charts.axes import interval_name
from dashboard_app.context import PageContext
from dashboard_app.filters.address import link, shared
from dashboard_app.filters.declared import CLIENT, ENDED, ERROR, PIPELINE, PROJECT
from dashboard_app.frames import failures as failure_frames
from dashboard_app.frames.columns import TEXT
from dashboard_app.frames.movers import spikes as unusual_intervals
from dashboard_app.periods import Period
from dashboard_app.ui.plain_text import plain

_MOST = 5
_MOST_FAILURES = 1_000
_UNKNOWN = "not known"
_NARROWING = (CLIENT, PROJECT, PIPELINE)


def spikes_of(
    here: PageContext, series: pd.DataFrame, part: Period, behind: list[ApiRequest]
) -> pd.DataFrame:
    """Return the intervals with unusually many failures.

    Columns: those of `movers.spikes`, and `failures` as a sentence.
    """
    found = here.made("spikes", behind, part, lambda: unusual_intervals(series, _MOST))
    rows = found.to_dict("records")
    return found.assign(
        failures=[f"{row['bad']:,} of {row['judged']:,} jobs failed" for row in rows]
    )


def failures_behind(spikes: pd.DataFrame, part: Period, behind: ApiRequest) -> list[ApiRequest]:
    """Return the requests for what failed in these intervals, within the filters of a request."""
    return [_failures_request(part, row, behind) for row in spikes.to_dict("records")]


def with_causes(
    here: PageContext, spikes: pd.DataFrame, requests: list[ApiRequest]
) -> pd.DataFrame:
    """Add `label` and `fingerprint` to a frame of `spikes_of`, from `failures_behind` it.

    They are those of the error with which most jobs failed in that very interval.
    """
    load(here.api, requests, "what failed")
    tops = [_top(here, request) for request in requests]
    labels, fingerprints = [label for label, _ in tops], [fingerprint for _, fingerprint in tops]
    return spikes.assign(
        label=pd.Series(labels, dtype=TEXT, index=spikes.index),
        fingerprint=pd.Series(fingerprints, dtype=TEXT, index=spikes.index),
    )


def _failures_request(part: Period, row: Mapping[Any, Any], behind: ApiRequest) -> ApiRequest:
    """Request what failed in an interval of a group."""
    start, end = _range(part, row)
    return api_requests.failures(start, end, **_narrowed(row, behind))


def _range(part: Period, row: Mapping[Any, Any]) -> tuple[datetime, datetime]:
    begin = row["at"].to_pydatetime()
    return begin, part.end_of(begin)


def _narrowed(row: Mapping[Any, Any], behind: ApiRequest) -> dict[str, str]:
    """Return the API's filters of a group: those of the request, and the group itself."""
    given = dict(behind.parameters)
    names = {part.parameter for part in _NARROWING}
    group_by = given.get("group_by")
    group = {}
    if group_by is not None:
        (name,) = (name for name in names if name.removesuffix("_id") == group_by)
        group = {name: str(row["group"])}
    return {name: value for name, value in given.items() if name in names} | group


def _top(here: PageContext, request: ApiRequest) -> tuple[str, str | None]:
    """Return the label of the most frequent error, and its fingerprint."""
    failed, is_more = here.api.items(request, most=_MOST_FAILURES)
    top = failure_frames.most_frequent(failed)
    if top is None:
        return _UNKNOWN, None
    label = failure_frames.label(top)
    shown = f"{label} (of the newest {_MOST_FAILURES:,})" if is_more else label
    return shown, str(top["fingerprint"])


def spike_links(here: PageContext, spikes: pd.DataFrame, part: Period, behind: ApiRequest) -> None:
    """Link to the jobs that failed in each interval of a frame of `with_causes`."""
    if spikes.empty:
        return
    st.caption("◆ marks unusually many failures. The most frequent error of each interval:")
    is_grouped = "group_by" in dict(behind.parameters)
    with st.container(horizontal=True, gap="small"):
        for row in spikes.to_dict("records"):
            when = interval_name(row["at"], part, here.zone)
            what = "" if row["label"] == _UNKNOWN else f" · {row['label']}"
            who = f"{row['group']} · " if is_grouped else ""
            st.page_link(
                here.pages["jobs"],
                label=plain(f"{who}{when}: {words.percent(row['rate'])} failed{what}"),
                icon=":material/error:",
                query_params=_address(part, row, behind),
            )


def _address(part: Period, row: Mapping[Any, Any], behind: ApiRequest) -> dict[str, Any]:
    narrowed = _narrowed(row, behind)
    error = str(row["fingerprint"]) if pd.notna(row["fingerprint"]) else None
    return link(
        {
            **shared(),
            **{one: narrowed.get(one.parameter) for one in _NARROWING},
            ENDED: ENDED.text(*_range(part, row)),
            ERROR: error,
        }
    )
