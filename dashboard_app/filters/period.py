"""Filters that all pages share: span, interval, zone, client. Each lives in the page's address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from dashboard_app.periods import (
    MOST_DAYS,
    PRESETS,
    USUAL_PRESET,
    UTC_DAYS,
    Interval,
    Span,
    span_of_days,
    span_until,
    usual_interval,
)
from dashboard_app.session import Param

# What a bound widget shows is what stands in the address.
CUSTOM = "Days"
AUTO = "Auto"
SHARED = (
    Param.SPAN,
    Param.DAYS,
    Param.INTERVAL,
    Param.ZONE,
    Param.UTC_DAYS,
    Param.CLIENT,
)
INTERVALS = {"Hour": Interval.HOUR, "Day": Interval.DAY}
_COMMON_ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo")


def shared() -> dict[str, list[str]]:
    """Return what the address holds of the filters of all pages, for a link to another page."""
    return {str(name): st.query_params.get_all(name) for name in SHARED if name in st.query_params}


def zone_filter() -> ZoneInfo:
    """Ask for the time zone that times are shown in."""
    chosen = st.selectbox(
        "Time zone",
        _zones(),
        key=Param.ZONE,
        bind="query-params",
        help="Times and days are those of this zone. Failures are counted by days of UTC alone.",
    )
    return ZoneInfo(chosen)


@cache
def _zones() -> tuple[str, ...]:
    """Return the names of all zones, those of many people first: a look at many files."""
    others = sorted(available_timezones() - {*_COMMON_ZONES})
    places = (one for one in others if "/" in one and not one.startswith("Etc/"))
    return (*_COMMON_ZONES, *places)


def span_filter(now: datetime, zone: ZoneInfo) -> Span:
    """Ask for the span and for how long a point is."""
    preset = st.segmented_control(
        "Span",
        [*PRESETS, CUSTOM],
        default=USUAL_PRESET,
        required=True,
        key=Param.SPAN,
        bind="query-params",
    )
    picked = _days_filter(now.astimezone(zone).date()) if preset == CUSTOM else None
    chosen = st.segmented_control(
        "Interval",
        [AUTO, *INTERVALS],
        default=AUTO,
        required=True,
        key=Param.INTERVAL,
        bind="query-params",
        help=f"By hour the API answers for up to {MOST_DAYS[Interval.HOUR]} days, "
        f"by day for up to {MOST_DAYS[Interval.DAY]}.",
    )
    length = PRESETS[USUAL_PRESET] if preset is None else PRESETS.get(preset, days_length(picked))
    interval = INTERVALS.get(chosen or AUTO, usual_interval(length))
    counted = _counted_in(zone, interval)
    if picked is None:
        span = span_until(now, length, interval, counted)
    else:
        span = span_of_days(*picked, zone, interval, counted)
    if length > timedelta(days=MOST_DAYS[interval]):
        st.caption(
            f"Cut to the last {MOST_DAYS[interval]} days, the most by {interval}.",
        )
    if span.interval is Interval.DAY and (first := span.start.astimezone(span.zone)).minute:
        st.caption(
            f"Days are counted from {first:%H:%M} here: the ledger counts by hours of UTC, and the "
            "one that midnight cuts belongs to the day before."
        )
    return span


def _counted_in(zone: ZoneInfo, interval: Interval) -> ZoneInfo:
    """Ask whose days points by day are; say what that means where it is not plain."""
    if interval is Interval.HOUR or zone.key == UTC_DAYS.key:
        return zone
    in_utc = st.toggle(
        "Days of UTC",
        key=Param.UTC_DAYS,
        bind="query-params",
        help=f"Points are days of {zone}, added up from hours of each client, which is more work "
        "than days of UTC: over many clients and days the API refuses it.",
    )
    return UTC_DAYS if in_utc else zone


def ways_out() -> None:
    """Offer questions that the API answers where it refused one as too much."""
    chosen = st.session_state
    with st.container(horizontal=True):
        if chosen.get(Param.ZONE) != UTC_DAYS.key and not chosen.get(Param.UTC_DAYS):
            st.button("Days of UTC", on_click=_choose, args=(Param.UTC_DAYS, True))
        if chosen.get(Param.SPAN) != USUAL_PRESET:
            st.button("The last 7 days", on_click=_choose, args=(Param.SPAN, USUAL_PRESET))
        if chosen.get(Param.CLIENT):
            st.button("All clients", on_click=_choose, args=(Param.CLIENT, None))
        else:
            st.caption("Or choose one client, beside.")


def _choose(key: Param, value: object) -> None:
    st.session_state[key] = value


def _days_filter(today: date) -> tuple[date, date]:
    given = st.date_input(
        "From and to, both included",
        value=(today - timedelta(days=6), today),
        max_value=today,
        key=Param.DAYS,
        bind="query-params",
    )
    listed: Sequence[date] = given if isinstance(given, tuple) else (given,)
    first = listed[0] if listed else today
    return first, listed[-1] if listed else first


def days_length(days: tuple[date, date] | None) -> timedelta:
    """Return how long a choice of days is, both included."""
    return PRESETS[USUAL_PRESET] if days is None else days[1] - days[0] + timedelta(days=1)


def client_filter(client_ids: Sequence[str]) -> str | None:
    """Ask for one client of those that there are, or all."""
    return choice_filter("Client", client_ids, Param.CLIENT, "All clients")


def choice_filter(label: str, options: Sequence[str], key: Param, everything: str) -> str | None:
    """Ask for one of *options* or another that is typed; None means all of them."""
    chosen = st.selectbox(
        label,
        options,
        index=None,
        placeholder=everything,
        accept_new_options=True,
        key=key,
        bind="query-params",
    )
    return chosen.strip() or None if chosen else None
