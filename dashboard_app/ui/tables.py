"""Tables: columns with titles for people and numbers in their units."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterable
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st
from streamlit import column_config as column

from dashboard_app import words
from dashboard_app.charts import palette

_LONG_NAME, _NAME_PIXELS = 22, 180
_ROWS = 12  # a screenful
_HEIGHT = 420
_ROW_PIXELS, _HEAD_PIXELS = 33, 36  # as Streamlit draws them in the theme's size of text


def table(
    frame: pd.DataFrame,
    columns: dict[str, Any],
    *,
    alarming: tuple[str, Collection[str]] | None = None,
    **options: Any,
) -> None:
    """Show these columns of a table, up to a screenful high; what is missing is a dash.

    `alarming` is a column and the values that stand out in it in red.
    """
    # Its container is there before it is, with room for its tools where they stand above it.
    with st.container(key=f"table-{options.get('key', '-'.join(columns))}"):
        st.dataframe(
            frame if alarming is None else _marked(frame, *alarming),
            hide_index=True,
            placeholder=words.NOTHING,
            # In pixels, so that its place has that height before the table is there.
            height=_HEAD_PIXELS + _ROW_PIXELS * len(frame) if 0 < len(frame) <= _ROWS else _HEIGHT,
            column_order=list(columns),
            column_config=_bounded(frame, columns),
            **options,
        )


def _bounded(frame: pd.DataFrame, columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns; one that stays in sight leaves room for the others on a phone.

    Streamlit makes a column as wide as its texts, up to more than a phone's width.
    """
    return {
        name: {**shown, "width": _NAME_PIXELS}
        if isinstance(shown, dict)
        and shown.get("pinned")
        and shown.get("width") is None
        and max(map(len, frame[name].dropna().astype(str)), default=0) > _LONG_NAME
        else shown
        for name, shown in columns.items()
    }


def _marked(frame: pd.DataFrame, name: str, values: Collection[str]) -> Any:
    look = f"color: {palette.OUTCOMES['failed']}; font-weight: bold"
    return frame.style.map(lambda one: look if one in values else "", subset=[name])


def row_table(  # noqa: PLR0913 - all by name
    frame: pd.DataFrame,
    columns: dict[str, Any],
    *,
    name: str,
    id_column: str,
    choose: Callable[[str | None], None],
    alarming: tuple[str, Collection[str]] | None = None,
) -> None:
    """Show a table of which one row can be selected; call `choose` with its id, or with None."""
    key = key_of_rows(name, frame[id_column])

    def note_selection() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        is_there = rows and rows[0] < len(frame)
        choose(str(frame[id_column].iloc[rows[0]]) if is_there else None)

    table(
        frame,
        columns,
        alarming=alarming,
        key=key,
        on_select=note_selection,
        selection_mode="single-row",
    )


def totals_table(sums: pd.DataFrame, group_title: str) -> None:
    """Show the sums of groups, a frame of `trends.totals`."""
    results = {name: count_column(word) for name, word in words.RESULTS.items()}
    columns = {
        "group": name_column(group_title),
        "created": count_column("Created"),
        "started": count_column("Started"),
        "ended": count_column("Ended"),
        **results,
        "error_rate": share_column("Error rate"),
        "records": count_column("Records"),
        "tokens": count_column("Tokens"),
        "cost_usd": usd_column("Cost (USD)"),
        **bound_columns(sums),
    }
    table(sums, columns)


def movers_table(moved: pd.DataFrame) -> None:
    """Show how groups changed since the previous period, a frame of `movers.group_movers`."""
    columns = {
        "group": name_column("Group"),
        "more_failures": column.NumberColumn("Change in failures", format="%+.1f"),
        "error_rate": share_column("Error rate"),
        "error_rate_before": share_column("Previous error rate"),
        "error_rate_change": column.NumberColumn("Change in error rate (points)", format="%+.1f"),
        "ended": count_column("Ended"),
        "ended_before": count_column("Previously ended"),
        "ended_change": share_column("Change in ended"),
        "records_change": share_column("Change in records"),
        "cost_usd": usd_column("Cost (USD)"),
        **bound_columns(moved),
        "cost_usd_before": usd_column("Previous cost (USD)"),
        **bound_columns(moved, "cost_is_lower_bound_before", "Previous cost is at least that"),
        "cost_usd_change": share_column("Change in cost"),
    }
    table(moved.assign(error_rate_change=moved["error_rate_change"] * 100), columns)


def name_column(title: str, **options: Any) -> Any:
    """Return a column of names that stays in sight while the others scroll."""
    return column.TextColumn(title, pinned=True, **options)


def count_column(title: str, **options: Any) -> Any:
    """Return a column of counts: 12,345."""
    return column.NumberColumn(title, format="localized", **options)


def share_column(title: str) -> Any:
    """Return a column of shares (0 to 1), shown in percent."""
    return column.NumberColumn(title, format="percent")


def usd_column(title: str, digits: int = 4) -> Any:
    """Return a column of dollars."""
    return column.NumberColumn(title, format=f"$%.{digits}f")


def bound_columns(
    frame: pd.DataFrame, name: str = "cost_is_lower_bound", title: str = "Cost is at least that"
) -> dict[str, Any]:
    """Return the column that says which costs lack that of some calls; none if all are known."""
    return {name: column.CheckboxColumn(title)} if frame[name].any() else {}


def moment_column(title: str, zone: ZoneInfo) -> Any:
    """Return a column of times in a zone."""
    return column.DatetimeColumn(
        f"{title} ({zone})", format="D MMM YYYY, HH:mm:ss", timezone=str(zone)
    )


def day_column(title: str, zone: ZoneInfo) -> Any:
    """Return a column of the beginnings of days in a zone, shown as days."""
    return column.DatetimeColumn(f"{title} ({zone})", format="ddd D MMM YYYY", timezone=str(zone))


def key_of_rows(name: str, ids: Iterable[object]) -> str:
    """Return a key for a table with selectable rows; it differs for other rows.

    Streamlit keeps a selection by position. With the same key, a row that a filter or time has
    brought would be selected in place of the row that was there before.
    """
    joined = " ".join(map(str, ids))  # no id holds a space
    return f"{name}-{zlib.crc32(joined.encode()):08x}"
