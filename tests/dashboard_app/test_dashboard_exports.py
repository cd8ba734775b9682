"""Exports: all rows of lists of more than a page, files without harm, calls that can be pasted."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from dashboard_app.api.http_client import api_request
from dashboard_app.ui import export
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import NOW, Open, words_of
from tests.dashboard_app.test_dashboard_pages import frame_of
from tests.support.app.dashboard_api import Api, serving, token
from tests.support.app.dashboard_data import PIPELINES, fill
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

MONTH = {"span": "30d"}


@pytest.fixture(scope="module")
def busy_api() -> Iterator[Api]:
    """Serve a ledger with more jobs than three pages hold."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    fill(house, NOW, jobs=740)
    with serving(house) as api:
        yield api


def recount(api: Api, **filters: str) -> set[str]:
    """Return the ids of all jobs that match, page by page from the API itself."""
    asked: dict[str, Any] = {"limit": 200, "from": "2026-10-01", **filters}
    pages = api.house.walk("/jobs", **asked)
    return {item["job_id"] for page in pages for item in page.json["items"]}


def more(app: AppTest) -> list[Any]:
    """Return the buttons that load more jobs, the smallest step first."""
    return [button for button in app.button if button.label.endswith(" more")]


@pytest.mark.parametrize("pipeline", [None, PIPELINES[0]])
def test_the_jobs_page_drops_no_job(busy_api: Api, open_page: Open, pipeline: str | None) -> None:
    """It says that there are more until all are there; then they are those of a recount."""
    filters = {} if pipeline is None else {"pipeline": pipeline}
    everything = recount(busy_api, **filters)
    assert len(everything) > 200

    app = open_page(busy_api, "jobs", **MONTH, **filters)
    loads = 0
    while more(app):
        assert "The first " in words_of(app)
        assert "the API has more" in words_of(app)
        more(app)[0].click().run()
        loads += 1

    assert loads == (len(everything) - 1) // 200
    assert set(frame_of(app, "job_id")["job_id"]) == everything
    assert f"{len(everything)} jobs" in words_of(app)
    assert "the API has more" not in words_of(app)


LISTS = (
    api_request("/jobs", from_="2026-10-01", limit=50),
    api_request("/jobs", from_="2026-10-01", pipeline=PIPELINES[0], limit=200),
    api_request("/projects", limit=1),
    api_request("/clients", limit=2),
)


def documents_of(api: Api) -> list[dict[str, Any]]:
    """Return every page of the lists, from the API itself."""
    return [
        page.json
        for one in LISTS
        for page in api.house.walk(one.path, **dict(one.parameters))  # type: ignore[arg-type]
    ]


def items_of(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of all pages."""
    return [item for one in documents for item in one["items"]]


def run_copied(*command: str, code: str, said_token: str) -> subprocess.CompletedProcess[str]:
    """Run code as somebody would who has copied it, with a token in the environment."""
    environment = {**os.environ, "RUN_LEDGER_TOKEN": said_token}
    return subprocess.run(
        command, input=code, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_copied_curl_gives_every_page(busy_api: Api, shell: str) -> None:
    """A document for each page, whatever the shell; a recount has the same items."""
    assert shutil.which("curl")
    assert shutil.which("jq")
    code = export.curl(busy_api.url, LISTS)

    done = run_copied(shell, code=code, said_token=token("u-1", "staff"))

    assert (done.returncode, done.stderr) == (0, "")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    expected = documents_of(busy_api)
    assert items_of(documents) == items_of(expected)
    assert len(documents) == len(expected) > len(LISTS)


def test_copied_curl_says_why_it_stops(busy_api: Api) -> None:
    """A refused token is no empty list."""
    done = run_copied("sh", code=export.curl(busy_api.url, LISTS[:1]), said_token="none")

    assert done.returncode == 1
    assert "No token." in done.stderr
    assert done.stdout == ""


def test_copied_python_gives_every_page(busy_api: Api) -> None:
    """Its `items` are those of a recount; what has no pages is there, too."""
    calls = [*LISTS, api_request("/overview")]
    code = export.python(busy_api.url, calls)
    code += "\nimport json\nprint(json.dumps([items, len(documents)]))\n"

    done = run_copied(sys.executable, "-", code=code, said_token=token("u-1", "staff"))

    assert (done.returncode, done.stderr) == (0, "")
    items, count = json.loads(done.stdout)
    expected = documents_of(busy_api)
    assert items == items_of(expected)
    assert count == len(expected) + 1


@pytest.mark.parametrize("hostile", ["a\rb", "a\nb", 'a"b', "a,b", "a;b\r\n", "a', '"])
def test_no_text_breaks_a_line_of_csv(hostile: str) -> None:
    """Whatever a message holds, the file has as many rows, and gives it back."""
    frame = pd.DataFrame({"message": pd.Series([hostile, "plain"], dtype="string"), "n": [1, 2]})
    assert rows_of(frame) == [["message", "n"], [hostile, "1"], ["plain", "2"]]


def rows_of(frame: pd.DataFrame) -> list[list[str]]:
    """Return the rows of a frame's CSV."""
    text = export.csv(frame).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠a")


@pytest.mark.parametrize("hostile", FORMULAS)
def test_no_text_is_a_formula_of_a_spreadsheet(hostile: str) -> None:
    """An apostrophe stands before it, in every column of text; numbers stay numbers."""
    frame = pd.DataFrame(
        {
            "name": pd.Series([hostile, "plain"], dtype="string"),
            "message": pd.Series([hostile, None], dtype="object"),
            "change": [-1, +1],
        }
    )
    assert rows_of(frame)[1:] == [
        [f"'{hostile}", f"'{hostile}", "-1"],
        ["plain", "", "1"],
    ]


@given(st.text(max_size=8) | st.sampled_from([*FORMULAS, "'", "'=1", "''"]))
def test_every_text_of_csv_can_be_had_back(text: str) -> None:
    """By taking one apostrophe from each that begins with one."""
    marked = str(export.harmless(text))
    assert marked.removeprefix("'") == text if marked.startswith("'") else marked == text


def test_excel_knows_how_csv_is_encoded() -> None:
    """It begins with the mark of UTF-8, so umlauts stay umlauts."""
    found = export.csv(pd.DataFrame({"name": ["Müller"]}))
    assert found == b"\xef\xbb\xbfname\r\nM\xc3\xbcller\r\n"


def test_calls_name_the_token_and_quote_what_was_typed() -> None:
    """They can be pasted: nothing in a filter ends the quotes."""
    asked = [api_request("/jobs", q="a'; rm -rf /", client_id="a b")]
    shell = export.curl("http://api/", asked)

    assert "$RUN_LEDGER_TOKEN" in shell
    assert "rm+-rf" in shell
    assert "'http://api/jobs?client_id=a+b&q=a%27%3B+rm+-rf+%2F'" in shell
    compile(export.python("http://api/", asked), "notebook", "exec")
