"""Projects in the analysts' app: what is done, at which pace and until when, by a recount."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dashboard_app import words
from dashboard_app.charts import burn_up as charts
from dashboard_app.frames.projects import burn_up
from dashboard_app.pages.projects.sections import told
from dashboard_app.periods import DAY, IntervalLength, period_until
from tests.dashboard_app.conftest import NOW, Open, person, words_of
from tests.support.app.dashboard_api import Api
from tests.support.app.dashboard_data import projects, work
from tests.support.recounts import recount

from run_ledger.domain.contract import vocabulary

CASES = json.loads(
    (
        Path(__file__).parents[2] / "static_site" / "unit" / "project" / "burn-up-cases.json"
    ).read_text()
)
"""The site is tested with the same cases: both tell the same of a project."""
UTC = ZoneInfo("UTC")


@pytest.mark.parametrize("case", CASES, ids=[one["title"] for one in CASES])
def test_a_burn_up_is_that_of_the_site(case: dict[str, Any]) -> None:
    """Line, days, pace and end are those that both agreed on."""
    points = [{"at": at, "succeeded": 0, "partial": done} for at, done in case["points"]]
    document = {"from": case["from"], "series": [{"points": points}]}
    found = burn_up(case["project"], document, at(case["now"]), at(case["today"]))
    assert rows(found.line) == [[at(one), done] for one, done in case["line"]]
    assert rows(found.days) == [[at(one), added, done] for one, added, done in case["days"]]
    assert found.pace == case["pace"]
    assert found.end_at == (None if case["end_at"] is None else at(case["end_at"]))


def at(text: str) -> datetime:
    """Return the moment of a text."""
    return datetime.fromisoformat(text)


def rows(frame: Any) -> list[list[Any]]:
    """Return the rows of a frame."""
    return [list(row) for row in frame.itertuples(index=False)]


def done_by_day(client_id: str, zone: ZoneInfo = UTC) -> Counter[date]:
    """Return how many jobs of a client were done on each day."""
    jobs = recount.recount_jobs([*work(NOW, jobs=120, days=14, seed=5)]).values()
    return Counter(
        at(job["ended_at"]).astimezone(zone).date()
        for job in jobs
        if job["client_id"] == client_id and job["result"] in ("succeeded", "partial")
    )


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo"])
def test_how_far_is_a_project(api: Api, open_page: Open, zone: str) -> None:
    """Its page tells day by day what was done, as a recount of its jobs does, in either zone."""
    app = open_page(api, "projects", opened="acme/acme-catalogue", tz=zone)

    assert not app.exception
    by_day = done_by_day("acme", ZoneInfo(zone))
    (table,) = [one.value for one in app.dataframe if "added" in one.value]
    shown = {
        one.to_pydatetime().astimezone(ZoneInfo(zone)).date(): count
        for one, count in zip(table["at"], table["added"], strict=True)
        if count
    }
    assert shown == by_day
    assert table["done"].iloc[-1] == by_day.total()
    assert f"{by_day.total()} of 30 expected jobs are done." in words_of(app)


def test_done_and_overdue_are_those_of_the_api(api: Api, open_page: Open) -> None:
    """The table has the API's numbers, which are those of a recount; late projects say so."""
    app = open_page(api, "projects", standing="All")

    (table,) = [one.value for one in app.dataframe if "jobs_expected" in one.value]
    asked = api.house.get("/projects", {"username": "u", "cognito:groups": "staff"}).json["items"]
    told_by_api = {one["client_id"]: (one["jobs_done"], one["overdue"]) for one in asked}
    shown = {
        row["client_id"]: (row["done"], row["standing"] == "overdue")
        for row in table.to_dict("records")
    }
    assert shown == told_by_api
    due = {one["detail"]["client_id"]: one["detail"]["due_at"] for one in projects(NOW)}
    expected = {one["detail"]["client_id"]: one["detail"]["jobs_expected"] for one in projects(NOW)}
    done = {client: done_by_day(client).total() for client in due}
    assert shown == {
        client: (done[client], at(due[client]) <= NOW and done[client] < expected[client])
        for client in due
    }
    assert any(late for _, late in shown.values())


def test_a_project_of_others_is_not_there(api: Api, open_page: Open) -> None:
    """A link to it tells the same as one to nothing, and leads back to all projects."""
    for opened in ("globex/globex-catalogue", "globex/nothing", "globex", "a b/<c>"):
        app = open_page(api, "projects", person("client-acme"), opened=opened, standing="All")
        assert not app.exception
        assert "There is no such project." in words_of(app)
    next(one for one in app.button if one.label == "All projects").click().run()
    assert "opened" not in app.query_params
    assert [one for one in app.dataframe if "jobs_expected" in one.value]


def test_the_sentences_about_a_pace() -> None:
    """They say how far, how fast, and until when, against the due date."""
    project = {
        "jobs_done": 3,
        "jobs_expected": 5,
        "due_at": "2026-11-22T00:00:00Z",
        "created_at": "2026-11-01T00:00:00Z",
    }
    points = [{"at": "2026-11-21T00:00:00Z", "succeeded": 3, "partial": 0}]
    document = {"from": "2026-11-01T00:00:00Z", "series": [{"points": points}]}
    burn = burn_up(project, document, at("2026-11-22T12:00:00Z"), at("2026-11-22T00:00:00Z"))
    text = told(project, burn, UTC)
    assert text.startswith("3 of 5 expected jobs are done. In the last 7 days, 0.5 jobs a day")
    assert text.endswith("At this pace, all are done on 26 Nov 2026, 5 days after the due date.")
    assert told({**project, "due_at": None}, burn, UTC).endswith("on 26 Nov 2026.")
    assert told({**project, "jobs_done": 5}, burn, UTC) == "5 of 5 expected jobs are done."


def test_the_chart_has_a_line_for_each_thing() -> None:
    """Done, ahead, even pace, expected and due; what nobody said has none."""
    now = at("2026-11-22T12:00:00Z")
    for case in CASES:
        project = {**case["project"], "due_at": "2026-12-01T00:00:00Z"}
        points = [{"at": one, "succeeded": done, "partial": 0} for one, done in case["points"]]
        document = {"from": case["from"], "series": [{"points": points}]}
        burn = burn_up(project, document, at(case["now"]), at(case["today"]))
        frame = charts.lines(project, burn, now)
        there = {charts.DONE, charts.DUE}
        there |= {charts.AHEAD} if case["end_at"] else set()
        there |= {charts.EVEN, charts.EXPECTED} if project["jobs_expected"] is not None else set()
        assert set(frame["line"]) == there, case["title"]
        assert frame.loc[frame["line"] == charts.DONE, "count"].iloc[-1] == project["jobs_done"]
        period = period_until(now, 90 * DAY, IntervalLength.DAY)
        chart = charts.burn_up(frame=frame, period=period, zone=UTC)
        assert chart.to_dict()["encoding"]["x"]["axis"]["values"], case["title"]


def test_done_is_one_thing() -> None:
    """The contract's vocabulary, the app and the site name the same results, and no failure."""
    site = Path(__file__).parents[3] / "static_site" / "lib" / "outcomes.js"
    listed = re.search(r"DONE = Object\.freeze\(\[(.*?)\]\)", site.read_text())
    assert listed is not None
    assert tuple(json.loads(f"[{listed[1]}]")) == vocabulary.DONE == words.DONE
    assert not set(vocabulary.DONE) & {*vocabulary.FAILURES, "cancelled"}
