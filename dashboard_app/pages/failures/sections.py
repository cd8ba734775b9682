"""The parts of the Errors page: error groups by day, new ones, changes, and one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.api.loading import load, spinner
from dashboard_app.api.problems import RequestRefused
from dashboard_app.charts import failures as charts
from dashboard_app.charts.colour_keys import colour_key
from dashboard_app.charts.drawings import show
from dashboard_app.context import PageContext
from dashboard_app.filters.address import link, shared
from dashboard_app.filters.declared import ERROR, JOB, NEW_SINCE
from dashboard_app.frames import failures as frames
from dashboard_app.frames import trends
from dashboard_app.periods import (
    DAY,
    MOST_DAYS,
    UTC_DAYS,
    IntervalLength,
    Period,
    begin_of,
    period_until,
)
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import count_column, moment_column, name_column, row_table

_SHOWN_GROUPS, _SHOWN_MOVERS = 8, 10
_WEEK = 7 * DAY


def all_groups(here: PageContext, days: Period) -> tuple[pd.DataFrame, list[ApiRequest]]:
    """Return all error groups of some days (a frame of `failures.groups`) and the requests.

    Where a single day has more than one response adds up, its `left_out` says whose is missing.
    """
    items, requests = _items(here, days)
    return frames.groups(items), requests


def _items(here: PageContext, days: Period) -> tuple[list[Mapping[str, Any]], list[ApiRequest]]:
    """Load error groups; where the days are too many for one response, load each half."""
    request = api_requests.errors(days.start, days.end, here.client_id)
    try:
        if days.days == 1 or here.api.get(request)["left_out"] is None:
            return here.api.items(request)[0], [request]
    except RequestRefused as error:
        if days.days == 1 or not str(error).startswith("from"):
            raise
    middle = days.start + days.days // 2 * DAY
    early, late = (
        _items(here, part) for part in (replace(days, end=middle), replace(days, start=middle))
    )
    return frames.merged([early[0], late[0]]), [*early[1], *late[1]]


def over_time(here: PageContext, days: Period) -> None:
    """Show failed jobs per day, stacked by error group."""
    items, requests = _items(here, days)
    daily = frames.daily(items)
    if daily.empty:
        return
    ranked = daily.groupby("label")["count"].sum().sort_values(ascending=False, kind="stable")
    labels = [str(name) for name in ranked.index[:_SHOWN_GROUPS]]
    draw = partial(charts.groups_over_time, frame=daily, period=days, zone=here.zone, labels=labels)
    with card(
        here, "errors-by-day", "Failed jobs per day", chart=draw(), frame=daily, requests=requests
    ):
        colour_key(charts.group_colours(daily, labels))
        show(draw(has_legend=False), alt="Failed jobs per day, by error group")


def new_groups(here: PageContext) -> None:
    """Show the error groups that are new since a chosen day, or else since a week ago."""
    st.subheader("New errors")
    since, end, note = _since(NEW_SINCE.ask(), here.now)
    if note:
        st.info(note, icon=":material/event_busy:")
    request = api_requests.new_errors(since, end, here.client_id)
    try:
        with spinner("new errors"):
            items = here.api.items(request)[0]
    except RequestRefused as error:
        st.caption(f"These are too many for one answer of the API: {plain(str(error))}")
        return
    panels.left_out([here.api.get(request)])
    new = frames.groups(items)
    day = _named(since)
    if new.empty:
        st.caption(
            f"Since {day} (UTC) nothing has failed in a way that the 30 days before did not have."
        )
        return
    st.caption(f"These have failed since {day} (UTC), and not in the 30 days before.")
    groups_table(here, new, "new-errors")
    export.offer(here, name="new-errors", frame=new, requests=[request])


def _since(chosen: date | None, now: datetime) -> tuple[datetime, datetime, str]:
    """Return from when to when errors are looked through: from the chosen day, or a week ago.

    Return also why it is not the chosen day, if it is not.
    """
    week = period_until(now, _WEEK, IntervalLength.DAY)
    if chosen is None:
        return week.start, week.end, ""
    since, earliest = begin_of(chosen, UTC_DAYS), week.end - MOST_DAYS["day"] * DAY
    asked = f"You asked for errors that are new since {_named(since)}."
    if since >= week.end:
        why = f"That day has not begun (in UTC), so those since {_named(week.start)} are shown."
        return week.start, week.end, f"{asked} {why}"
    if since < earliest:
        why = f"The API looks through {MOST_DAYS['day']} days at most, so those since"
        return earliest, week.end, f"{asked} {why} {_named(earliest)} are shown."
    return since, week.end, ""


def _named(day: datetime) -> str:
    return f"{day.day} {day:%b %Y}"


def movers(here: PageContext, days: Period) -> None:
    """Show which error groups changed most since the previous period, by days that are over."""
    over = _over(days, here.now)
    (now, requests), (before, others) = (all_groups(here, one) for one in (over, over.previous))
    moved = frames.movers(now, before, _busier(here, over))
    st.subheader("Greatest changes")
    if over.end > here.now:
        st.caption("Today is not over yet, but it is compared with a whole day.")
    if moved.empty:
        st.caption("Nothing has changed since the previous period.")
        return
    st.caption(
        f"The last {words.counted(over.days, 'day')} are compared with as many days before that. "
        "More jobs have more failures at the same error rate; only the change beyond that counts."
    )
    top = moved.head(_SHOWN_MOVERS)
    shown = top.assign(
        label=[frames.label(row) for row in top.to_dict("records")],
        direction=top["more"].gt(0).map({True: "More", False: "Fewer"}),
    )
    columns = ["label", "count_before", "count", "change", "more", "direction"]
    chart = charts.movers(frame=shown[columns])
    with card(
        here,
        "movers",
        "Change in failures",
        chart=chart,
        frame=moved,
        requests=[*requests, *others],
    ):
        show(chart, alt="Change in failures, by error group")


def _over(days: Period, now: datetime) -> Period:
    """Return the days that are over; all days where none is."""
    today = period_until(now, DAY, IntervalLength.DAY).start
    end = min(days.end, today)
    return replace(days, end=end) if days.start < end else days


def _busier(here: PageContext, days: Period) -> float:
    """Return the ratio of jobs that ended in these days and in the days before."""
    requests = [api_requests.trends(one, client_id=here.client_id) for one in (days, days.previous)]
    try:
        load(here.api, requests, "ended jobs")
    except RequestRefused:  # more clients and days than one response adds up
        return 1.0
    now, before = (int(here.api.make(one, trends.points)["ended"].sum()) for one in requests)
    return now / before if now and before else 1.0


def groups_table(here: PageContext, frame: pd.DataFrame, name: str) -> None:
    """Show error groups; a selected group is put into the address."""
    columns = {
        "type": name_column("Type"),
        "jobs": count_column("Jobs"),
        "count": count_column("Attempts"),
        "message": column.TextColumn("Message (example)", width="large"),
        "first_seen_at": moment_column("First seen", here.zone),
        "last_seen_at": moment_column("Last seen", here.zone),
        "clients": "Clients",
        "newest_job": "Newest job",
    }
    row_table(frame, columns, name=name, id_column="fingerprint", choose=ERROR.write)


def one_group(here: PageContext, frame: pd.DataFrame, fingerprint: str) -> None:
    """Show the whole message of an error group, with links to its jobs."""
    found = frame[frame["fingerprint"] == fingerprint]
    if found.empty:
        panels.nothing_here("The error group that the link names is not in these days.")
        return
    row = found.iloc[0]
    reason = [str(row[name]) for name in ("type", "message") if pd.notna(row[name])]
    st.code(": ".join(reason) or "These failures have no reason.", language=None, wrap_lines=True)
    st.page_link(
        here.pages["jobs"],
        label="The jobs of this error group",
        icon=":material/filter_alt:",
        query_params=link({**shared(), ERROR: fingerprint}),
    )
    if pd.notna(row["newest_job_id"]):
        st.page_link(
            here.pages["job"],
            label=f"The newest job: {_newest(row)}",
            icon=":material/list_alt:",
            query_params=link({JOB: str(row["newest_job_id"])}),
        )


def _newest(row: pd.Series[Any]) -> str:
    """Return what the newest job is called, with its id."""
    name, job_id = str(row["newest_job"]), str(row["newest_job_id"])
    return plain(name if name == job_id else f"{name} ({job_id})")
