"""Cards: charts below a title, with an Export button."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pandas as pd
import streamlit as st

from dashboard_app.api.http_client import ApiRequest
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing
from dashboard_app.context import PageContext
from dashboard_app.ui import export


@contextmanager
def card(  # noqa: PLR0913 - all by name
    here: PageContext,
    name: str,
    title: str,
    *,
    chart: AnyChart | Drawing,
    frame: pd.DataFrame,
    requests: Sequence[ApiRequest],
    is_cut: bool = False,
) -> Iterator[None]:
    """Open a card for a chart, with an export of the chart, its data and its requests.

    With `is_cut`, the export says that the API has more rows than the frame.
    """
    with st.container(border=True, key=f"card-{name}"):
        head = st.container(horizontal=True, horizontal_alignment="distribute")
        head.markdown(f"**{title}**")
        yield
        with head:
            export.offer(
                here, name=name, frame=frame, requests=requests, chart=chart, is_cut=is_cut
            )
