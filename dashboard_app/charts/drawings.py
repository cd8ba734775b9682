"""Charts as pages send them: converted once, sent on each run.

Altair takes longer to convert a chart to its Vega-Lite specification than all else on a page takes
together; most of that is validation, which tests do instead. So a drawing keeps the specification,
and its tables as Arrow in the bytes that go to the browser.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]  # it has no types
import streamlit as st
from altair.utils import schemapi

from dashboard_app.charts import palette
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.colour_keys import colour_key, take_key

# Altair's settings are one for all threads, and each session runs in a thread of its own.
_SETTINGS = threading.Lock()
_TABLES = "run_ledger_tables"
_EVERYTHING = "default"
_AXIS_PIXELS = 74  # the labels and title of an axis below a chart, and Streamlit's room below them


@dataclass(frozen=True, eq=False)
class Drawing:
    """A chart, its specification without data, and the tables that it names, as Arrow."""

    chart: AnyChart
    specification: Mapping[str, Any]
    tables: Mapping[str, bytes]
    key: Mapping[str, str]
    """The colour of each word, in place of the legends."""


def drawing(chart: AnyChart) -> Drawing:
    """Return the drawing of a chart."""
    tables: dict[str, bytes] = {}
    with _SETTINGS, alt.theme.enable("none"), alt.data_transformers.enable(_TABLES, tables=tables):
        document = chart.to_dict(validate=False)
    document["background"] = "transparent"  # that of the card or the page below it
    key = take_key(document)
    if "facet" not in document:
        # It fills the width. Axes and legend come on top of the given height.
        document["autosize"] = {"type": "fit-x", "contains": "padding"}
    return Drawing(chart, document, tables, key)


def specification(shown: AnyChart | Drawing) -> dict[str, Any]:
    """Return a chart's specification with all its data."""
    chart = shown.chart if isinstance(shown, Drawing) else shown
    with _SETTINGS, alt.data_transformers.enable(_EVERYTHING, max_rows=None):
        document: dict[str, Any] = chart.to_dict(validate=False)
    return document


def show(
    shown: AnyChart | Drawing,
    *,
    alt: str,
    key: str | None = None,
    on_select: Literal["ignore"] | Callable[[], None] = "ignore",
    place: str | None = None,
) -> None:
    """Show a chart in the full width, below the key of its colours.

    `alt` is its description for who can't see it. A chart whose height depends on its data has
    a `place`, the key of a container of that height, so that nothing below it moves when it is
    drawn, some time after the page.
    """
    drawn = shown if isinstance(shown, Drawing) else drawing(shown)
    if drawn.key:
        colour_key(drawn.key)
    with _kept(place, drawn.specification):
        st.vega_lite_chart(
            {**drawn.specification, **inked(st.context.theme.type), "datasets": dict(drawn.tables)},
            alt=alt,
            key=key,
            on_select=on_select,
        )


def _kept(place: str | None, specification: Mapping[str, Any]) -> AbstractContextManager[object]:
    if place is None:
        return nullcontext()
    pixels = round(specification["height"]) + _AXIS_PIXELS
    return st.container(key=place, height=pixels, border=False)


def inked(theme: str | None) -> dict[str, Any]:
    """Return Vega settings with a darker text colour: Streamlit's grey is too faint to read."""
    ink = palette.INKS.get(theme or "")
    if ink is None:
        return {}
    text = {"labelColor": ink, "titleColor": ink}
    return {"config": {"axis": text, "legend": text, "header": text, "text": {"color": ink}}}


def _put_aside(data: pd.DataFrame, tables: dict[str, bytes]) -> dict[str, str]:
    """Keep a table as Arrow; return its name for the specification, a hash of its content."""
    table = pa.Table.from_pandas(data, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    content = sink.getvalue().to_pybytes()
    name = hashlib.sha256(content).hexdigest()[:32]
    tables[name] = content
    return {"name": name}


schemapi.disable_debug_mode()
alt.data_transformers.register(_TABLES, _put_aside)  # type: ignore[arg-type]  # frames alone
