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
# What begins a formula, also in full width; what spreadsheets skip before one; and the mark itself.
_RISKY = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\n", "'")
# For sh, bash and zsh. Only a list has cursors, and the address of a list has a query.
_EVERY_PAGE = f"""\
every_page() {{
  next=$1
  while [ -n "$next" ]; do
    page=$(curl -sS --fail-with-body -H "Authorization: Bearer ${_VARIABLE}" "$next") ||
      {{ printf '%s\\n' "$page" >&2; return 1; }}
    printf '%s\\n' "$page"
    next=$(printf '%s' "$page" | jq -r --arg url "$1" \\
      '.next_cursor | if . then $url + "&cursor=" + @uri else "" end')
  done
}}"""
_PYTHON = """
import os

import requests

api = {api!r}
headers = {{"Authorization": "Bearer " + os.environ[{variable!r}]}}
calls = [
{calls}
]
documents = []
for path, parameters in calls:
    while True:
        answer = requests.get(api + path, params=parameters, headers=headers, timeout=60)
        answer.raise_for_status()
        documents.append(answer.json())
        cursor = documents[-1].get("next_cursor")
        if cursor is None:
            break
        parameters = {{**parameters, "cursor": cursor}}
items = [item for one in documents for item in one.get("items", [])]
"""
# A sorted list has the first of all jobs among those of its pages: see `sort` of the API.
_SORTED = """

def place(job):
    value = job{member}
    return value is not None, value or 0, job["created_at"], job["job_id"]


items = sorted(items, key=place, reverse=True)[:{limit}]"""
_MEMBERS = {
    "duration": ('["duration_seconds"]', ".duration_seconds"),
    "cost": ('["counters"].get("cost_microusd")', ".counters.cost_microusd"),
}


def csv(frame: pd.DataFrame) -> bytes:
    """Return a frame as CSV (RFC 4180), which spreadsheets open as it is; times are as in the API.

    A mark at the beginning tells Excel that it is UTF-8. A text that a spreadsheet would execute
    gets an apostrophe before it, see `harmless`.
    """
    copy = frame.copy()
    for name in copy.select_dtypes(include=["datetimetz"]):
        copy[name] = copy[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    for name in copy.select_dtypes(include=["object", "string"]):
        copy[name] = copy[name].map(harmless, na_action="ignore")
    # With RFC 4180's line ends, pandas quotes a text that holds a line end, too.
    return copy.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def harmless(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: `'=1+1` for `=1+1`.

    A text that begins with an apostrophe gets a second one. So taking the first apostrophe from
    each text that begins with one gives every text back.
    """
    is_risky = isinstance(value, str) and value.startswith(_RISKY)
    return f"'{value}" if is_risky else value


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
    """Return requests as shell commands, which print a JSON document for each page.

    Of a sorted list they print its items, sorted. The token comes from an environment variable.
    """
    return "\n".join([_EVERY_PAGE, *(_shell_call(api_url, one) for one in requests)])


def _shell_call(api_url: str, request: ApiRequest) -> str:
    call = f"every_page {shlex.quote(address(api_url, request))}"
    given = dict(request.parameters)
    if "sort" not in given:
        return call
    _, member = _MEMBERS[given["sort"]]
    order = f"sort_by([{member}, .created_at, .job_id]) | reverse | .[:{given['limit']}]"
    return f"{call} | jq -s '[.[].items[]] | {order}'"


def python(api_url: str, requests: Sequence[ApiRequest]) -> str:
    """Return requests as Python code, which gathers the documents of all pages.

    The items of a sorted list are sorted. The token comes from an environment variable.
    """
    calls = [f"    ({one.path!r}, {dict(one.parameters)!r})," for one in requests]
    code = _PYTHON.format(api=api_url.rstrip("/"), variable=_VARIABLE, calls="\n".join(calls))
    given = dict(requests[0].parameters)
    if "sort" in given:
        member, _ = _MEMBERS[given["sort"]]
        code = code.rstrip() + "\n" + _SORTED.format(member=member, limit=given["limit"])
    return code.strip()


def token_command(site_url: str, stage: str = "") -> str:
    """Return the command that puts an access token of one's own into the variable.

    For a stage without a site, the command finds the sign-in pages in the stage's AWS account.
    """
    where = f" --site {shlex.quote(site_url)}" if site_url else ""
    if stage and not site_url:
        where = f" --stage {shlex.quote(stage)}"
    return f'export {_VARIABLE}="$(run-ledger token{where})"'


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
        st.caption(
            f"{there}. Times are in UTC, costs in USD. In CSV, a text that a spreadsheet would "
            "take for a formula begins with an apostrophe, as `'=1+1`; so does one that begins "
            "with an apostrophe."
        )
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
        st.caption(
            "These are the API requests behind it, for all pages. They take an access token of "
            f"your own from {_VARIABLE}. This command of `run-ledger[ops]` opens the sign-in page:"
        )
        line = token_command(here.settings.site_url, here.settings.stage)
        st.code(line, language="bash", wrap_lines=True)
        shell, notebook = st.tabs(["curl", "Python"])
        shell.code(curl(api_url, requests), language="bash", wrap_lines=True)
        notebook.code(python(api_url, requests), language="python", wrap_lines=True)


def _download(label: str, data: Any, file_name: str, mime: str) -> None:
    options: dict[str, Any] = {"key": f"download-{file_name}", "on_click": "ignore"}
    st.download_button(label, data, file_name, mime, icon=":material/download:", **options)
