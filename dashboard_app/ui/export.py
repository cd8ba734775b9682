"""Taking it away: what is on screen as files, the API calls behind it, the chart's spec."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboard_app.api.http_client import Question
from dashboard_app.charts import drawings
from dashboard_app.charts.axes import AnyChart
from dashboard_app.charts.drawings import Drawing
from dashboard_app.context import Desk

_VARIABLE = "RUN_LEDGER_TOKEN"


def csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV by RFC 4180: UTF-8, times as the API has them, whole numbers whole."""
    written = frame.copy()
    for name in written.select_dtypes(include=["datetimetz"]):
        written[name] = written[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # RFC 4180's line ends, with which a stray end of line within a text is quoted, too.
    return written.to_csv(index=False, lineterminator="\r\n").encode()


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a frame as Parquet, with its types."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def address(api_url: str, asked: Question) -> str:
    """Return the full address of a question."""
    query = f"?{urlencode(asked.parameters)}" if asked.parameters else ""
    return f"{api_url.rstrip('/')}{asked.path}{query}"


def curl(api_url: str, questions: Sequence[Question]) -> str:
    """Return the calls for a shell; the token comes from the environment and is never shown."""
    lines = [
        f'curl -sS -H "Authorization: Bearer ${_VARIABLE}" {shlex.quote(address(api_url, one))}'
        for one in questions
    ]
    return "\n".join(lines)


def python(api_url: str, questions: Sequence[Question]) -> str:
    """Return the calls for a notebook."""
    calls = [f"    ({one.path!r}, {dict(one.parameters)!r})," for one in questions]
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
    """Return a chart's Vega-Lite specification with its data in it, whatever its size."""
    document = drawings.specification(chart)
    return json.dumps(document, indent=1, allow_nan=False, default=str)


def take_away(
    desk: Desk,
    *,
    name: str,
    frame: pd.DataFrame,
    questions: Sequence[Question],
    chart: AnyChart | Drawing | None = None,
) -> None:
    """Offer what is on screen, under one button."""
    with st.popover("Take away", icon=":material/download:", key=f"take-{name}"):
        st.caption(f"{len(frame):,} rows as on screen; times in UTC, money in USD.")
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
        if not questions:
            return
        api_url = desk.settings.api_url
        st.caption(f"The API calls behind it; put an access token into {_VARIABLE}.")
        shell, notebook = st.tabs(["curl", "Python"])
        shell.code(curl(api_url, questions), language="bash", wrap_lines=True)
        notebook.code(python(api_url, questions), language="python", wrap_lines=True)


def _download(label: str, data: Any, file_name: str, kind: str) -> None:
    st.download_button(
        label,
        data,
        file_name=file_name,
        mime=kind,
        key=f"download-{file_name}",
        on_click="ignore",
        icon=":material/download:",
    )
