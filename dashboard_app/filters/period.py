"""The period of all pages, from the sidebar's filters, and what to do if it is too long."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard_app import words
from dashboard_app.api.api_requests import OVERVIEW
from dashboard_app.context import PageContext
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
from dashboard_app.ui import panels


def ask_period(now: datetime, zone: ZoneInfo) -> tuple[Period, list[str]]:
    """Ask for the period and for the length of its intervals.

    Return the period, and why it is not the one that was asked for, if it is not.
    """
    preset = PERIOD.ask()
    notes = []
    if preset is None:
        today = now.astimezone(zone).date()
        asked = DAYS.ask_until(today)
        first, last = _begun(asked, today)
        if (first, last) != asked:
            notes.append(
                f"You asked for {_named(asked)}. Days after today have not begun, so "
                f"{_named((first, last))} is shown."
            )
        length = last - first + DAY
        interval, counted = _ask_interval(length, zone)
        period = period_of_days(first, last, zone, interval, counted)
        notes += _widened(period, period_of_days(first, last, zone, IntervalLength.HOUR), zone)
    else:
        length = preset
        interval, counted = _ask_interval(length, zone)
        period = period_until(now, length, interval, counted)
    if length > MOST_DAYS[interval] * DAY:
        notes.append(
            f"You asked for {length.days:,} days. The last {MOST_DAYS[interval]} of them are "
            f"shown, the most by {interval}."
        )
    begin = period.start.astimezone(period.zone)
    if interval is IntervalLength.DAY and begin.minute:
        st.caption(
            f"Days are counted from {begin:%H:%M} here: the ledger counts by hours of UTC, and an "
            "hour with midnight in it belongs to the previous day."
        )
    return period, notes


def _begun(asked: tuple[date, date], today: date) -> tuple[date, date]:
    """Return the part of some days that has begun; else as many days up to today."""
    first, last = asked
    end = min(last, today)
    return (first, end) if first <= today else (today - (last - first), today)


def _widened(period: Period, days: Period, zone: ZoneInfo) -> list[str]:
    """Say which hours are shown where intervals of some hours reach beyond the days asked for."""
    is_wider = period.start < days.start or period.end > days.end
    if period.interval is IntervalLength.DAY or not is_wider:
        return []
    begin, end = words.moment(period.start, zone), words.moment(period.end, zone)
    note = (
        f"Intervals of {period.interval} begin at midnight UTC, so all from {begin} to {end} is "
        "shown, which is more than the days asked for."
    )
    return [note]


def is_auto_interval() -> bool:
    """Return whether the app may choose the interval of a chart."""
    return bool(st.session_state.get(INTERVAL.name, INTERVAL.usual) == INTERVAL.usual)


def _named(days: tuple[date, date]) -> str:
    first, last = (f"{day.day} {day:%b %Y}" for day in days)
    return first if first == last else f"{first} to {last}"


def nothing_in_period(
    here: PageContext, what: str, within: tuple[datetime, datetime] | None = None
) -> None:
    """Show that a period has nothing, when the newest event was, and a way to where data are.

    `within` is the time range that was looked through, where it is not the period.
    """
    newest = here.api.get(OVERVIEW)["totals"]["last_event_at"]
    hint = "Choose another period, or remove a filter."
    if newest:
        at = words.moment(datetime.fromisoformat(newest), here.zone)
        looked = within or (here.period.start, here.period.end)
        begin, end = (words.moment(one, here.zone) for one in looked)
        hint = f"It is from {begin} to {end}; the newest event of the ledger is of {at}. {hint}"
    panels.nothing_here(what, hint)
    _offer_week()


def _ask_interval(length: timedelta, zone: ZoneInfo) -> tuple[IntervalLength, ZoneInfo]:
    """Ask for the interval; return it with the zone whose days are counted.

    Ask for that zone, too, where days of UTC differ from days of `zone`.
    """
    interval = INTERVAL.ask() or usual_interval(length)
    if interval is not IntervalLength.DAY or zone.key == UTC_DAYS.key:
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
        _offer_week()
        if chosen.get(CLIENT.name):
            st.button("All clients", on_click=_choose, args=(CLIENT, None))
        else:
            st.caption("Or choose one client in the sidebar.")


def _offer_week() -> None:
    if st.session_state.get(PERIOD.name) != USUAL_PRESET:
        st.button("The last 7 days", on_click=_choose, args=(PERIOD, USUAL_PRESET))


def _choose(part: Filter, value: object) -> None:
    st.session_state[part.name] = value
