"""Filters that all pages share: span, interval, zone, client. Each lives in the page's address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import streamlit as st

from dashboard_app.session import Param
from dashboard_app.spans import (
    MOST_DAYS,
    PRESETS,
    USUAL_PRESET,
    Interval,
    Span,
    span_of_days,
    span_until,
    usual_interval,
)

# What a bound widget shows is what stands in the address.
CUSTOM = "Days"
AUTO = "Auto"
_INTERVALS = {"Hour": Interval.HOUR, "Day": Interval.DAY}
_COMMON_ZONES = ("UTC", "Europe/London", "Europe/Berlin", "America/New_York", "Asia/Tokyo")


def zone_filter() -> ZoneInfo:
    """Ask for the time zone that times are shown in."""
    others = sorted(available_timezones() - {*_COMMON_ZONES})
    chosen = st.selectbox(
        "Time zone",
        [*_COMMON_ZONES, *(one for one in others if "/" in one and not one.startswith("Etc/"))],
        key=Param.ZONE,
        bind="query-params",
        help="Times are shown in this zone. Points by day are days of UTC, as the ledger counts.",
    )
    return ZoneInfo(chosen)


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
    days = _days_filter(now.astimezone(zone).date()) if preset == CUSTOM else None
    chosen = st.segmented_control(
        "Interval",
        [AUTO, *_INTERVALS],
        default=AUTO,
        required=True,
        key=Param.INTERVAL,
        bind="query-params",
        help=f"By hour the API answers for up to {MOST_DAYS[Interval.HOUR]} days, "
        f"by day for up to {MOST_DAYS[Interval.DAY]}.",
    )
    length = PRESETS[USUAL_PRESET] if preset is None else PRESETS.get(preset, days_length(days))
    interval = _INTERVALS.get(chosen or AUTO, usual_interval(length))
    if days is None:
        span = span_until(now, length, interval)
    else:
        span = span_of_days(days[0], days[1], zone, interval)
    if span.length < length:
        st.caption(
            f"Cut to the last {MOST_DAYS[interval]} days, the most by {interval}.",
        )
    return span


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
