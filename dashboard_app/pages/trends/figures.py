"""Rows of figures: what a span comes to, against the span before, and what is going on now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import streamlit as st

from dashboard_app import words
from dashboard_app.api.endpoints import OVERVIEW
from dashboard_app.api.problems import ApiProblem
from dashboard_app.context import Desk
from dashboard_app.frames.trends import Totals

_LIVE_SECONDS = 15

_Colour = Literal["off", "inverse"]


def figures(
    now: Totals,
    complete: Totals | None = None,
    before: Totals | None = None,
    *,
    key: str = "tiles",
) -> None:
    """Show the sums of a span, and by how much those of its complete intervals moved."""
    tiles: tuple[tuple[str, str, Callable[[float | None], str], _Colour], ...] = (
        ("Jobs created", "created", words.compact, "off"),
        ("Attempts ended", "ended", words.compact, "off"),
        ("Error rate", "error_rate", words.percent, "inverse"),
        ("Records", "records", words.compact, "off"),
        ("Tokens", "tokens", words.compact, "off"),
        ("Cost", "cost_usd", words.money, "off"),
    )
    with st.container(key=key):
        for label, name, shown, colour in tiles:
            moved = None
            if complete is not None and before is not None:
                compare = words.points_of_percent if name == "error_rate" else words.change
                # A minus that Streamlit knows, as it chooses arrow and colour by it.
                moved = (compare(complete[name], before[name]) or "").replace("−", "-") or None
            st.metric(
                label,
                shown(now[name]),
                moved,
                delta_color="off" if moved == words.UNCHANGED else colour,
                delta_arrow="off" if moved == words.UNCHANGED else "auto",
                help=_help(name, words.whole(now[name])),
                border=True,
            )


def _help(name: str, exact: str) -> str:
    if name == "error_rate":
        return (
            "(failed + timed out) / (ended − cancelled) over the whole span: busy hours weigh more."
        )
    if name in {"created", "ended"}:
        return f"Exactly {exact}. Change against the span before, over intervals that are complete."
    return "Sums over the span. Change against the span before, over intervals that are complete."


@st.fragment(run_every=_LIVE_SECONDS)
def live_strip(desk: Desk) -> None:
    """Show what is going on now; it asks again by itself, without the rest of the page."""
    try:
        document = desk.answers.get(OVERVIEW).document
    except ApiProblem as error:
        st.caption(f":material/cloud_off: {error.title}: this line is not live.")
        return
    figures_of = document["totals"]
    if desk.client_id is not None:
        theirs = [one for one in document["clients"] if one["client_id"] == desk.client_id]
        if not theirs:
            return
        figures_of = theirs[0]
    last = figures_of["last_event_at"]
    heard = words.moment(datetime.fromisoformat(last), desk.zone) if last else "never"
    stalled = "" if figures_of["stalled"] is None else f" · **{figures_of['stalled']:,}** stalled"
    as_of = datetime.fromisoformat(document["as_of"]).astimezone(desk.zone)
    st.caption(
        f":material/sensors: Now **{figures_of['running']:,}** running · "
        f"**{figures_of['queued']:,}** queued{stalled} · last event {heard} · "
        f"as of {as_of:%H:%M:%S}"
    )
