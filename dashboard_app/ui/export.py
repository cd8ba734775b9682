"""Exports: the data on screen as files, the API requests behind it, the chart's specification."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard_app import words
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.charts import drawings
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing
from dashboard_app.context import PageContext

_VARIABLE = "RUN_LEDGER_TOKEN"


def csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV (RFC 4180, UTF-8); times are as in the API."""
    copy = frame.copy()
    for name in copy.select_dtypes(include=["datetimetz"]):
        copy[name] = copy[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # With RFC 4180's line ends, pandas quotes a text that holds a line end, too.
    return copy.to_csv(index=False, lineterminator="\r\n").encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as Parquet."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def address(api_url: str, request: ApiRequest) -> str:
    """Return the URL of a request."""
    query = f"?{urlencode(request.parameters)}" if request.parameters else ""
    return f"{api_url.rstrip('/')}{request.path}{query}"


def curl(api_url: str, requests: Sequence[ApiRequest]) -> str:
    """Return requests as shell commands; the token comes from an environment variable."""
    lines = [
        f'curl -sS -H "Authorization: Bearer ${_VARIABLE}" {shlex.quote(address(api_url, one))}'
        for one in requests
    ]
    return "\n".join(lines)


def python(api_url: str, requests: Sequence[ApiRequest]) -> str:
    """Return requests as Python code; the token comes from an environment variable."""
    calls = [f"    ({one.path!r}, {dict(one.parameters)!r})," for one in requests]
    return "\n".join(
        [
            "import os",
            "",
            "import requests",
            "",
            f"api = {api_url.rstrip('/')!r}",
            f"headers = {{'Authorization': f\"Bearer {{os.environ['{_VARIABLE}']}}\"}}",
            "calls = [",
            *calls,
            "]",
            "answers = []",
            "for path, parameters in calls:",
            "    answer = requests.get(api + path, params=parameters, headers=headers, timeout=60)",
            "    answer.raise_for_status()",
            "    answers.append(answer.json())",
        ]
    )


def spec(chart: AnyChart | Drawing) -> str:
    """Return a chart's Vega-Lite specification with all its data, as JSON."""
    document = drawings.specification(chart)
    return json.dumps(document, indent=1, allow_nan=False, default=str)


def offer(  # noqa: PLR0913 - all by name
    here: PageContext,
    *,
    name: str,
    frame: pd.DataFrame,
    requests: Sequence[ApiRequest],
    chart: AnyChart | Drawing | None = None,
    is_cut: bool = False,
) -> None:
    """Show the Export button: files of what is on screen, and the requests behind it.

    With `is_cut`, say that the API has more rows than the frame.
    """
    with st.popover("Export", icon=":material/download:", key=f"export-{name}"):
        rows = words.counted(len(frame), "row")
        there = f"The first {rows}: the API has more" if is_cut else rows
        st.caption(f"{there}. Times are in UTC, costs in USD.")
        with st.container(horizontal=True):
            _download("CSV", lambda: csv(frame), f"{name}.csv", "text/csv")
            _download(
                "Parquet",
                lambda: parquet(frame),
                f"{name}.parquet",
                "application/vnd.apache.parquet",
            )
            if chart is not None:
                _download("Vega-Lite", lambda: spec(chart), f"{name}.vl.json", "application/json")
        if not requests:
            return
        api_url = here.settings.api_url
        st.caption(f"These are the API requests behind it. Put an access token into {_VARIABLE}.")
        shell, notebook = st.tabs(["curl", "Python"])
        shell.code(curl(api_url, requests), language="bash", wrap_lines=True)
        notebook.code(python(api_url, requests), language="python", wrap_lines=True)


def _download(label: str, data: Any, file_name: str, mime: str) -> None:
    options: dict[str, Any] = {"key": f"download-{file_name}", "on_click": "ignore"}
    st.download_button(label, data, file_name, mime, icon=":material/download:", **options)
