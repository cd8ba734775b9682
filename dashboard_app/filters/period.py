"""The period of all pages, from the sidebar's filters, and what to do if it is too long."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app.filters.declared import CLIENT, DAYS, DAYS_OF_UTC, INTERVAL, PERIOD, ZONE
from dashboard_app.filters.kinds import Filter
from dashboard_app.periods import (
    DAY,
    MOST_DAYS,
    USUAL_PRESET,
    UTC_DAYS,
    IntervalLength,
    Period,
    period_of_days,
    period_until,
    usual_interval,
)


def ask_period(now: datetime, zone: ZoneInfo) -> Period:
    """Ask for the period and for the length of its intervals."""
    preset = PERIOD.ask()
    if preset is None:
        first, last = DAYS.ask_until(now.astimezone(zone).date())
        length = last - first + DAY
        interval, counted = _ask_interval(length, zone)
        period = period_of_days(first, last, zone, interval, counted)
    else:
        length = preset
        interval, counted = _ask_interval(length, zone)
        period = period_until(now, length, interval, counted)
    if length > MOST_DAYS[interval] * DAY:
        st.caption(f"Cut to the last {MOST_DAYS[interval]} days, the most by {interval}.")
    begin = period.start.astimezone(period.zone)
    if interval is IntervalLength.DAY and begin.minute:
        st.caption(
            f"Days are counted from {begin:%H:%M} here: the ledger counts by hours of UTC, and an "
            "hour that midnight cuts belongs to the day before."
        )
    return period


def _ask_interval(length: timedelta, zone: ZoneInfo) -> tuple[IntervalLength, ZoneInfo]:
    """Ask for the interval; return it with the zone whose days are counted.

    Ask for that zone, too, where days of UTC differ from days of `zone`.
    """
    interval = INTERVAL.ask() or usual_interval(length)
    if interval is IntervalLength.HOUR or zone.key == UTC_DAYS.key:
        return interval, zone
    in_utc = DAYS_OF_UTC.ask(
        help=f"Points are days of {zone}. The API adds them up from hours of each client, which "
        "is more work than days of UTC: over many clients and days the API refuses it."
    )
    return interval, UTC_DAYS if in_utc else zone


def ways_out() -> None:
    """Offer smaller requests that the API answers, after it has refused one as too large."""
    chosen = st.session_state
    with st.container(horizontal=True):
        if chosen.get(ZONE.name) != UTC_DAYS.key and not chosen.get(DAYS_OF_UTC.name):
            st.button("Days of UTC", on_click=_choose, args=(DAYS_OF_UTC, True))
        if chosen.get(PERIOD.name) != USUAL_PRESET:
            st.button("The last 7 days", on_click=_choose, args=(PERIOD, USUAL_PRESET))
        if chosen.get(CLIENT.name):
            st.button("All clients", on_click=_choose, args=(CLIENT, None))
        else:
            st.caption("Or choose one client in the sidebar.")


def _choose(part: Filter, value: object) -> None:
    st.session_state[part.name] = value
