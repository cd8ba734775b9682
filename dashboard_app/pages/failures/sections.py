"""The parts of the Errors page: groups over time, what is new, what moved, and one group."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app.api import endpoints as questions
from dashboard_app.api.http_client import Question
from dashboard_app.api.loading import load
from dashboard_app.api.problems import BadQuestion
from dashboard_app.charts import failures as charts
from dashboard_app.charts.drawings import show
from dashboard_app.context import Desk
from dashboard_app.filters import period as common
from dashboard_app.frames import failures as frames
from dashboard_app.frames import trends
from dashboard_app.periods import DAY, Interval, Span, cut, span_until
from dashboard_app.session import Param
from dashboard_app.ui import export, panels
from dashboard_app.ui.cards import card, colour_key
from dashboard_app.ui.tables import key_of_rows, moment_column, table

_SHOWN_GROUPS, _SHOWN_MOVERS = 8, 10
MOST_DAYS = 92
WEEK = 7 * DAY
LOOKED_BACK = 30 * DAY


def days_of(here: Desk) -> Span:
    """Return the days that the span touches: failures are counted by days of UTC."""
    days = cut(here.span.start, here.span.end, Interval.DAY)
    return replace(days, start=max(days.start, days.end - MOST_DAYS * DAY))


def all_groups(here: Desk, days: Span) -> tuple[pd.DataFrame, list[Question]]:
    """Return all groups of some days, and the questions that took.

    Where they are more days of clients than one answer adds up, each half is asked for.
    """
    items, asked = _items(here, days)
    return frames.groups(items), asked


def _items(here: Desk, days: Span) -> tuple[list[frames.Document], list[Question]]:
    asked = questions.errors(days.start, days.end, here.client_id)
    try:
        return here.answers.items(asked)[0], [asked]
    except BadQuestion as error:
        if days.days == 1 or not str(error).startswith("from"):
            raise
    middle = days.start + days.days // 2 * DAY
    early, late = (
        _items(here, part) for part in (replace(days, end=middle), replace(days, start=middle))
    )
    return frames.merged([early[0], late[0]]), [*early[1], *late[1]]


def over_time(here: Desk, days: Span) -> None:
    """Show failures a day, stacked by group: a question a day, as the API counts by days."""
    asked = [(day, questions.errors(day, day + DAY, here.client_id)) for day in days.intervals()]
    load(here.answers, [one for _, one in asked], "days")
    daily = frames.daily((day, here.answers.items(one)[0]) for day, one in asked)
    if daily.empty:
        return
    ranked = daily.groupby("label")["count"].sum().sort_values(ascending=False, kind="stable")
    labels = [str(name) for name in ranked.index[:_SHOWN_GROUPS]]
    draw = partial(charts.groups_over_time, frame=daily, span=days, zone=here.zone, labels=labels)
    with card("errors-by-day", "Failures a day") as head:
        colour_key(charts.group_colours(daily, labels))
        show(draw(has_legend=False), alt="Failures a day, by group")
        with head:
            export.take_away(
                here,
                name="errors-by-day",
                frame=daily,
                questions=[one for _, one in asked],
                chart=draw(),
            )


def new_groups(here: Desk) -> None:
    """Show what failed in the last week and not in the 30 days before it."""
    week = span_until(here.now, WEEK, Interval.DAY)
    month = replace(week, start=week.start - LOOKED_BACK, end=week.start)
    (now, asked), (earlier, others) = (all_groups(here, one) for one in (week, month))
    new = frames.new_since(now, earlier)
    st.subheader("New since last week")
    if new.empty:
        st.caption("Nothing has failed in the last 7 days that had not failed in the 30 before.")
        return
    groups_table(here, new, "new-errors")
    export.take_away(here, name="new-errors", frame=new, questions=[*asked, *others])


def movers(here: Desk, days: Span) -> None:
    """Show which groups grew and shrank most against the days before, by days that are over."""
    over = _over(days, here.now)
    (now, asked), (before, others) = (all_groups(here, one) for one in (over, over.previous))
    moved = frames.movers(now, before, _busier(here, over))
    st.subheader("Top movers")
    if over.end > here.now:
        st.caption("Today is not over: it is compared with a whole day.")
    if moved.empty:
        st.caption("Nothing changed against the days before.")
        return
    st.caption(
        f"{over.days} days against as many before. More or fewer than the attempts that ended "
        "would make: a busier week fails more often at the same rate."
    )
    top = moved.head(_SHOWN_MOVERS)
    shown = top.assign(
        label=[frames.label(row) for row in top.to_dict("records")],
        direction=top["more"].gt(0).map({True: "More", False: "Fewer"}),
    )
    columns = ["label", "count_before", "count", "change", "more", "direction"]
    chart = charts.movers(frame=shown[columns])
    with card("movers", "Change of failures") as head:
        show(chart, alt="Change in failures, by group")
        with head:
            export.take_away(
                here, name="movers", frame=moved, questions=[*asked, *others], chart=chart
            )


def _over(days: Span, now: datetime) -> Span:
    """Return the days that are over; all of them where none is."""
    today = span_until(now, DAY, Interval.DAY).start
    end = min(days.end, today)
    return replace(days, end=end) if days.start < end else days


def _busier(here: Desk, days: Span) -> float:
    """Return how many times as many attempts ended as in the days before."""
    asked = [questions.trends(one, client_id=here.client_id) for one in (days, days.previous)]
    try:
        load(here.answers, asked, "attempts")
    except BadQuestion:  # more clients and days than one answer adds up
        return 1.0
    now, before = (int(here.answers.make(one, trends.points)["ended"].sum()) for one in asked)
    return now / before if now and before else 1.0


def groups_table(here: Desk, frame: pd.DataFrame, name: str) -> None:
    """Show groups; selecting one puts it into the address."""
    key = key_of_rows(name, frame["fingerprint"])

    def choose() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows and rows[0] < len(frame):
            st.query_params[Param.ERROR] = str(frame["fingerprint"].iloc[rows[0]])
        else:
            st.query_params.pop(Param.ERROR, None)

    table(
        frame,
        key=key,
        on_select=choose,
        selection_mode="single-row",
        column_order=["type", "message", "count", "first_seen_at", "last_seen_at", "clients"],
        column_config={
            "type": column.TextColumn("Type", pinned=True),
            "message": column.TextColumn("Message (a sample)", width="large"),
            "count": column.NumberColumn("Failures", format="localized"),
            "first_seen_at": moment_column("First seen", here.zone),
            "last_seen_at": moment_column("Last seen", here.zone),
            "clients": "Clients",
        },
    )


def one_group(here: Desk, frame: pd.DataFrame, fingerprint: str) -> None:
    """Show the message of a group in full, and the ways to its jobs."""
    found = frame[frame["fingerprint"] == fingerprint]
    if found.empty:
        panels.nothing_here("The group of failures that the link names is not in these days.")
        return
    row = found.iloc[0]
    said = [str(row[name]) for name in ("type", "message") if pd.notna(row[name])]
    st.code(": ".join(said) or "They gave no reason.", language=None, wrap_lines=True)
    st.page_link(
        here.page("jobs"),
        label="The jobs that failed with it",
        icon=":material/filter_alt:",
        query_params={**common.shared(), str(Param.ERROR): fingerprint},
    )
    if pd.notna(row["newest_job_id"]):
        st.page_link(
            here.page("jobs"),
            label=f"The newest job: {row['newest_job_id']}",
            icon=":material/list_alt:",
            query_params={str(Param.JOB): str(row["newest_job_id"])},
        )
