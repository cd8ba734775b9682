"""One project: how far it is day by day, at which pace, and when the rest will be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app import words
from dashboard_app.api import api_requests
from dashboard_app.api.loading import load, spinner
from dashboard_app.api.problems import NothingFound, RequestRefused
from dashboard_app.charts import burn_up as charts
from dashboard_app.charts import drawings
from dashboard_app.context import PageContext
from dashboard_app.filters.address import link
from dashboard_app.filters.declared import CLIENT, OPENED, PROJECT
from dashboard_app.frames.projects import BurnUp, burn_up, projects
from dashboard_app.periods import DAY, IntervalLength, period_until
from dashboard_app.ui import panels
from dashboard_app.ui.cards import card
from dashboard_app.ui.plain_text import plain
from dashboard_app.ui.tables import count_column, day_column, table

_SHOWN = 90 * DAY


def one_project(here: PageContext, key: str) -> None:
    """Show the project that a link calls `client/project`, and the way back to all of them."""
    st.button("All projects", icon=":material/arrow_back:", on_click=OPENED.write, args=(None,))
    client_id, _, project_id = key.partition("/")
    request = api_requests.project(project_id or "none", client_id)
    period = period_until(here.now, _SHOWN, IntervalLength.DAY, here.zone)
    days = api_requests.trends(period, client_id=client_id, project_id=project_id)
    try:
        with spinner("the project"):
            project = here.api.get(request)
    except (NothingFound, RequestRefused):
        panels.nothing_here(
            "There is no such project.", "It may be another client's, or may never have existed."
        )
        return
    st.subheader(plain(project["name"] or project_id))
    _standing(here, project)
    load(here.api, [days], "days")
    burn = burn_up(project, here.api.get(days), here.now, period.intervals()[-1])
    st.markdown(told(project, burn, here.zone))
    frame = charts.lines(project, burn, here.now)
    draw = partial(charts.burn_up, frame=frame, period=period, zone=here.zone)
    with card(
        here,
        "burn-up",
        "Jobs done",
        chart=draw(),
        frame=burn.days,
        requests=[request, days],
    ):
        drawings.show(
            draw(), alt="Jobs done over time, beside the expected number and the due date"
        )
    st.markdown("**Day by day**")
    columns = {
        "at": day_column("Day", here.zone),
        "added": count_column("Done that day"),
        "done": count_column("Done in all"),
    }
    table(burn.days, columns)
    st.page_link(
        here.pages["jobs"],
        label="The jobs of this project",
        icon=":material/filter_alt:",
        query_params=link({CLIENT: client_id, PROJECT: project_id}),
    )


def _standing(here: PageContext, project: Mapping[str, Any]) -> None:
    (row,) = projects([project], here.now).to_dict("records")
    standing = str(row["standing"])
    shown = f":red[**{standing.capitalize()}**]" if project["overdue"] else standing.capitalize()
    due = project["due_at"]
    parts = [
        shown,
        plain(project["client_id"]),
        *([] if due is None else [f"due {_day(datetime.fromisoformat(due), here.zone)}"]),
        *([] if project["owner"] is None else [plain(project["owner"])]),
    ]
    st.markdown(" · ".join(parts))


def told(project: Mapping[str, Any], burn: BurnUp, zone: ZoneInfo) -> str:
    """Return the sentences about a project's progress, pace and end."""
    done, expected = project["jobs_done"], project["jobs_expected"]
    if expected is None:
        far = f"{words.counted(done, 'job')} {'is' if done == 1 else 'are'} done."
    else:
        verb = "is" if expected == 1 else "are"
        far = f"{done:,} of {words.counted(expected, 'expected job')} {verb} done."
    if expected is not None and done >= expected:
        return far
    pace = f"{far} In the last 7 days, {burn.pace:,.1f} jobs a day were done."
    if expected is None:
        return pace
    if burn.end_at is None:
        return f"{far} No job was done in the last 7 days, so no end can be told."
    text = f"{pace} At this pace, all are done on {_day(burn.end_at, zone)}"
    if project["due_at"] is None:
        return f"{text}."
    late = -((datetime.fromisoformat(project["due_at"]) - burn.end_at) // DAY)
    return (
        f"{text}, {words.counted(late, 'day')} after the due date."
        if late > 0
        else f"{text}, in time."
    )


def _day(at: datetime, zone: ZoneInfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y}"
