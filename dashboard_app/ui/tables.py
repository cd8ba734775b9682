"""Tables as pages show them: columns named for people, numbers in their units."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words

_ROWS = 12  # a screenful
_HEIGHT = 420

_TOTALS: dict[str, Any] = {
    "created": column.NumberColumn("Created", format="localized"),
    "started": column.NumberColumn("Started", format="localized"),
    "ended": column.NumberColumn("Ended", format="localized"),
    "succeeded": column.NumberColumn("Succeeded", format="localized"),
    "partial": column.NumberColumn("Partly done", format="localized"),
    "failed": column.NumberColumn("Failed", format="localized"),
    "timed_out": column.NumberColumn("Timed out", format="localized"),
    "cancelled": column.NumberColumn("Cancelled", format="localized"),
    "error_rate": column.NumberColumn("Error rate", format="percent"),
    "records": column.NumberColumn("Records", format="localized"),
    "tokens": column.NumberColumn("Tokens", format="localized"),
    "cost_usd": column.NumberColumn("Cost (USD)", format="$%.4f"),
}


def table(frame: pd.DataFrame, **options: Any) -> None:
    """Show a table as high as its rows, up to a screenful; what is missing is a dash."""
    st.dataframe(
        frame,
        hide_index=True,
        placeholder=words.NOTHING,
        height="content" if len(frame) <= _ROWS else _HEIGHT,
        **options,
    )


def totals_table(sums: pd.DataFrame, group_title: str) -> None:
    """Show the sums of groups."""
    table(
        sums,
        column_order=["group", *_TOTALS],
        column_config={"group": column.TextColumn(group_title, pinned=True), **_TOTALS},
    )


def movers_table(moved: pd.DataFrame) -> None:
    """Show how groups moved against the span before."""
    share: dict[str, Any] = {"format": "percent"}
    count: dict[str, Any] = {"format": "localized"}
    columns = {
        "group": column.TextColumn("Group", pinned=True),
        "more_failures": column.NumberColumn("Failures more", format="%+.1f"),
        "error_rate": column.NumberColumn("Error rate", **share),
        "error_rate_before": column.NumberColumn("Before", **share),
        "error_rate_change": column.NumberColumn("Change (points of %)", format="%+.1f"),
        "ended": column.NumberColumn("Ended", **count),
        "ended_before": column.NumberColumn("Ended before", **count),
        "ended_change": column.NumberColumn("Change of ended", **share),
        "records_change": column.NumberColumn("Change of records", **share),
        "cost_usd": column.NumberColumn("Cost (USD)", format="$%.4f"),
        "cost_usd_before": column.NumberColumn("Cost before (USD)", format="$%.4f"),
        "cost_usd_change": column.NumberColumn("Change of cost", **share),
    }
    table(
        moved.assign(error_rate_change=moved["error_rate_change"] * 100),
        column_order=list(columns),
        column_config=columns,
    )


def moment_column(title: str, zone: ZoneInfo) -> Any:
    """Return a column of moments in a zone."""
    return column.DatetimeColumn(
        f"{title} ({zone})", format="D MMM YYYY, HH:mm:ss", timezone=str(zone)
    )


def key_of_rows(name: str, ids: Iterable[object]) -> str:
    """Return a key for a table in which rows are chosen.

    Streamlit keeps what is chosen by position: under another key, rows that came by a filter or
    by time don't inherit the mark of those that stood there before.
    """
    joined = " ".join(map(str, ids))  # no id holds a space
    return f"{name}-{zlib.crc32(joined.encode()):08x}"
