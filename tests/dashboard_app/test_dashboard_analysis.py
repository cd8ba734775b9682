"""Errors over long periods, pace of projects, exports of every page, and hostile text on each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dashboard_app.api.http_client import ApiRequest
from dashboard_app.frames.projects import projects
from dashboard_app.pages.failures import sections
from dashboard_app.ui import export
from dashboard_app.ui.plain_text import plain
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import NOW, Open, words_of
from tests.dashboard_app.test_dashboard_pages import PAGES, frame_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.events.builders import job_update, project_update
from tests.support.readers.declared import configure, declare
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

HOSTILE = (
    "<img src=x onerror=alert(1)> [a](javascript:alert(1)) *b* $x$ :red[c] \u202e ``` "
    "x -> y -- z >= 1 https://evil.example www.evil.example me@evil.example :material/delete: :+1:"
)


def test_errors_of_a_quarter(api: Api, open_page: Open) -> None:
    """Ninety days and more are looked at, a request a day; today is compared with nothing."""
    app = open_page(api, "errors", span="90d")
    said = words_of(app).replace("\\", "")
    points = api.house.get("/trends", **{"from": "2026-08-25", "to": "2026-11-23"}).json
    failed = sum(one["failed"] + one["timed_out"] for one in points["series"][0]["points"])

    assert not app.exception
    assert f"{failed:,} jobs failed or timed out in 90 days of UTC" in said
    assert "The last 89 days are compared with as many days before" in said


def test_more_days_of_clients_than_an_answer_adds_up_are_asked_in_parts(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The counts are the same as those of one answer."""
    whole = open_page(api, "errors", span="30d")
    monkeypatch.setattr("run_ledger.read.failures.MOST_PARTITIONS", 12)
    parts = open_page(api, "errors", span="30d")

    assert not parts.exception
    assert not parts.error
    first, second = (
        dict(zip(frame["fingerprint"], frame["count"], strict=True))
        for frame in (_groups(whole), _groups(parts))
    )
    assert first == second
    assert first


def _groups(app: Any) -> Any:
    return next(one.value for one in app.dataframe if "newest_job_id" in one.value)


def test_movers_leave_today_out() -> None:
    """Half a day against a whole one would always be fewer."""
    days = sections.Period(
        datetime(2026, 11, 20, tzinfo=UTC),
        datetime(2026, 11, 23, tzinfo=UTC),
        sections.IntervalLength.DAY,
    )
    assert sections._over(days, NOW).end == datetime(2026, 11, 22, tzinfo=UTC)
    only = sections.replace(days, start=datetime(2026, 11, 22, tzinfo=UTC))
    assert sections._over(only, NOW) == only


def test_pace_of_a_project() -> None:
    """Ten of thirty jobs in ten days, and five days for the rest: one a day is not enough."""
    project = {
        **dict.fromkeys(("name", "owner", "last_seen_at")),
        "project_id": "p",
        "client_id": "c",
        "status": "active",
        "jobs_expected": 30,
        "jobs_done": 10,
        "overdue": False,
        "created_at": (NOW - timedelta(days=10)).isoformat(),
        "due_at": (NOW + timedelta(days=5)).isoformat(),
        "jobs": {
            **dict.fromkeys(
                ("queued", "running", "failed", "timed_out", "cancelled", "partial"), 0
            ),
            "total": 10,
            "succeeded": 10,
        },
    }
    (row,) = projects([project], NOW).to_dict("records")
    assert (row["done_a_day"], row["needed_a_day"]) == (1.0, 4.0)
    assert row["standing"] == "behind an even pace"
    (late,) = projects([{**project, "due_at": NOW.isoformat(), "overdue": True}], NOW).to_dict(
        "records"
    )
    assert late["standing"] == "overdue"
    assert late["needed_a_day"] is None or late["needed_a_day"] != late["needed_a_day"]


# The tables and charts of each page that can be taken away.
TAKEN = {
    "trends": {"throughput", "error-rate", "durations", "records", "tokens", "cost"},
    "jobs": {"jobs"},
    "errors": {"errors", "errors-by-day", "movers"},
    "incidents": {"incidents-open", "incidents-closed"},
    "projects": {"projects"},
    "clients": {"clients", "configuration"},
    "cost": {"cost", "cost-over-time", "tokens-over-time"},
}


@pytest.mark.parametrize("page", PAGES)
def test_everything_on_a_page_can_be_taken_away(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """As CSV and Parquet with as many rows, with the calls behind it; each call is answered."""
    noted: dict[str, tuple[Any, list[ApiRequest]]] = {}
    whole = export.offer

    def noting(here: Any, **kept: Any) -> None:
        noted[kept["name"]] = (kept["frame"], list(kept["requests"]))
        whole(here, **kept)

    monkeypatch.setattr(export, "offer", noting)
    app = open_page(api, page, span="7d")

    assert not app.exception
    assert TAKEN[page] <= set(noted)
    labels = [one.proto.label for one in app.get("download_button")]
    assert labels.count("CSV") == labels.count("Parquet") == len(noted)
    for frame, requests in noted.values():
        assert export.csv(frame).count(b"\r\n") == len(frame) + 1
        assert requests
        assert set(api.asked) >= {export.address("", one) for one in requests}


@pytest.fixture(scope="module")
def hostile_api() -> Iterator[Api]:
    """Serve a ledger whose every text was written by somebody with bad intent."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    declare(house.client, "acme", name=HOSTILE, description=HOSTILE, contact=HOSTILE)
    configure(house.client, "acme", "model", value=HOSTILE)
    about = {"job_id": "job-1", "client_id": "acme", "project_id": "p"}
    error = {"type": HOSTILE, "message": HOSTILE}
    texts = {"name": HOSTILE, "stage": HOSTILE, "tags": {"a": HOSTILE}}
    house.post(
        project_update(project_id="p", client_id="acme", event_id="p", name=HOSTILE, owner=HOSTILE),
        job_update(**about, **texts, event_id="1", occurred_at="2026-11-22T10:00:00Z"),
        job_update(
            **about,
            event_id="2",
            occurred_at="2026-11-22T11:00:00Z",
            status="completed",
            result="failed",
            error=error,
        ),
    )
    with serving(house) as api:
        yield api


@pytest.mark.parametrize("page", [*PAGES, "job"])
def test_hostile_text(hostile_api: Api, open_page: Open, page: str) -> None:
    """It is shown as it is, in tables and code, and never as Markdown or HTML."""
    shown = {"job": "job-1"} if page == "job" else {"one": "acme", "span": "30d"}
    app = open_page(hostile_api, page, **shown)

    assert not app.exception
    assert app.title[0].value.lower() == page
    for text in _markdown_of(app):
        left = text.replace(plain(HOSTILE), "")
        assert not any(part in left for part in HOSTILE.split() if len(part) > 1), left
    assert all(not one.proto.body.count("<img") for one in app.get("html"))


def test_the_jobs_page_opens_what_an_error_is_about(api: Api, open_page: Open) -> None:
    """A job has its attempts, counters and events, and a chart of them."""
    app = open_page(api, "job", job="job-0003")
    assert not app.exception
    assert len(frame_of(app, "counter"))
    assert app.get("vega_lite_chart") or app.get("arrow_vega_lite_chart")


def _markdown_of(app: AppTest) -> Iterator[str]:
    """Give what Streamlit reads as Markdown on a page: texts, and labels of what can be used."""
    for kind in ("title", "subheader", "markdown", "caption", "info", "warning", "error"):
        yield from (str(one.value) for one in app.get(kind))
    kinds = ("button", "download_button", "link_button", "page_link", "metric", "selectbox", "tab")
    for kind in (*kinds, "multiselect", "checkbox", "toggle", "text_input", "expander", "popover"):
        yield from (str(getattr(one.proto, "label", "")) for one in app.get(kind))
