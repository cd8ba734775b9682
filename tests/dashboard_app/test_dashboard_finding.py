"""Finding jobs: by text, tag and time, and the longest and dearest of all, as an analyst asks.

Right answers are a recount of the events that the ledger got, not lists of the API.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dashboard_app.api.http_client import api_request
from dashboard_app.periods import recent
from dashboard_app.ui import export
from tests.dashboard_app.conftest import NOW, Open, person, words_of
from tests.dashboard_app.test_dashboard_drilling import job_ids
from tests.dashboard_app.test_dashboard_exports import run_copied
from tests.support.app.dashboard_api import Api, serving, token
from tests.support.app.dashboard_data import text, work
from tests.support.events.builders import job_update
from tests.support.recounts import recount
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

HOSTILE = "=1+1 <b>Straße</b>"
TAGGED = ("tagged-1", "tagged-2")
EVENTS = (
    *work(NOW, jobs=260, days=14, seed=5),
    *(
        job_update(
            job_id=job_id,
            client_id=client_id,
            event_id="only",
            occurred_at=text(NOW - timedelta(days=3)),
            status="running",
            name=HOSTILE,
            tags={"aws:batch:queue": "nightly", "<i>": HOSTILE},
        )
        for job_id, client_id in zip(TAGGED, ("acme", "globex"), strict=True)
    ),
)
JOBS: Mapping[str, Mapping[str, Any]] = recount.recount_jobs(EVENTS)
MONTH = {"span": "30d"}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    """Serve a ledger with these events."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    house.post(*EVENTS)
    with serving(house) as served:
        yield served


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a page of the API look through few jobs, so that a sorted list has several pages."""
    monkeypatch.setattr("run_ledger.store.lists.job_plans.MOST_ITEMS", 60)


def found(matches: Callable[[Mapping[str, Any]], object]) -> set[str]:
    """Return the ids of the jobs that match, by a recount."""
    return {job_id for job_id, job in JOBS.items() if matches(job)}


def place_of(job: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return by what the longest job comes first."""
    return job["duration_seconds"] or -1, job["created_at"], job["job_id"]


def first(sort: str, most: int, *, client_id: str | None = None) -> list[str]:
    """Return the ids of the longest or dearest jobs, by a recount."""

    def place(job: Mapping[str, Any]) -> tuple[Any, ...]:
        value = job["counters"].get("cost_microusd")
        if sort == "duration":
            value = job["duration_seconds"]
        return -1 if value is None else value, job["created_at"], job["job_id"]

    jobs = [job for job in JOBS.values() if client_id in (None, job["client_id"])]
    return [job["job_id"] for job in sorted(jobs, key=place, reverse=True)[:most]]


def test_a_job_is_found_by_a_part_of_its_name(api: Api, open_page: Open) -> None:
    """In any case; what pipelines say is text, and of other clients nothing is found."""
    app = open_page(api, "jobs", **MONTH, q="STRASSE")
    assert sorted(job_ids(app)) == [*TAGGED]

    of_acme = open_page(api, "jobs", person("client-acme"), **MONTH, q="strasse")
    assert job_ids(of_acme) == ["tagged-1"]
    assert len(job_ids(open_page(api, "jobs", **MONTH, q="ENRICH JOB-000"))) == 10


@pytest.mark.parametrize("tag", ["aws:batch:queue:nightly", f"<i>:{HOSTILE}"])
def test_a_job_is_found_by_its_tag(api: Api, open_page: Open, tag: str) -> None:
    """Whatever colons its name has, and whatever it holds."""
    app = open_page(api, "jobs", **MONTH, tag=tag)

    assert sorted(job_ids(app)) == [*TAGGED]
    assert app.query_params["tag"] in (tag, [tag])


def test_a_tag_without_a_value_is_explained(api: Api, open_page: Open) -> None:
    """The page names the field and what is allowed."""
    assert "at most 1153 characters, as team:search" in words_of(
        open_page(api, "jobs", tag="nightly")
    )


@pytest.mark.usefixtures("_small_pages")
@pytest.mark.parametrize(
    ("order", "sort"), [("Longest first", "duration"), ("Dearest first", "cost")]
)
def test_the_first_of_all_jobs_come_first(api: Api, open_page: Open, order: str, sort: str) -> None:
    """The 200 first of the whole period, and not of the 200 newest; an export has the same."""
    app = open_page(api, "jobs", **MONTH, sort=order)

    assert job_ids(app) == first(sort, 200)
    assert f"200 jobs, the {'longest' if sort == 'duration' else 'dearest'} of all" in words_of(app)
    few = open_page(api, "jobs", person("client-initech"), **MONTH, sort=order)
    assert job_ids(few) == first(sort, 200, client_id="initech")
    assert "all that match" in words_of(few)


@pytest.mark.usefixtures("_small_pages")
@pytest.mark.parametrize("sort", ["duration", "cost"])
def test_copied_calls_give_the_first_of_all_jobs(api: Api, sort: str) -> None:
    """Also where the API has them on several pages."""
    asked = [api_request("/jobs", from_="2026-10-01", sort=sort, limit=20)]
    said_token = token("u-1", "staff")

    shell = run_copied("sh", code=export.curl(api.url, asked), said_token=said_token)
    code = export.python(api.url, asked) + "\nimport json\nprint(json.dumps(items))\n"
    python = run_copied(sys.executable, "-", code=code, said_token=said_token)

    for done in (shell, python):
        assert (done.returncode, done.stderr) == (0, "")
        assert [job["job_id"] for job in json.loads(done.stdout)] == first(sort, 20)


def test_copied_calls_carry_what_was_looked_for(api: Api) -> None:
    """Nothing in a tag ends the quotes, and the calls find what the page finds."""
    asked = [api_request("/jobs", tag=f"<i>:{HOSTILE}", q="' straße", limit=5)]
    assert len(shlex.split(export.curl(api.url, asked).splitlines()[-1])) == 2

    asked = [api_request("/jobs", tag=f"<i>:{HOSTILE}", q="straße", limit=5)]
    done = run_copied("sh", code=export.curl(api.url, asked), said_token=token("u-1", "staff"))
    assert sorted(job["job_id"] for job in json.loads(done.stdout)["items"]) == [*TAGGED]


@pytest.mark.parametrize(
    ("word", "results"),
    [
        ("Failed or timed out", {"failed", "timed_out"}),
        ("Done: succeeded or partial", {"succeeded", "partial"}),
    ],
)
def test_results_that_belong_together_are_found_at_once(
    api: Api, open_page: Open, word: str, results: set[str]
) -> None:
    """What an error rate counts, and what a project counts as done, with one choice."""
    app = open_page(api, "jobs", **MONTH, result=word, sort="Longest first")
    expected = found(lambda job: job["result"] in results)

    assert {JOBS[job_id]["result"] for job_id in expected} == results
    assert set(job_ids(app)) == set(
        sorted(expected, key=lambda one: place_of(JOBS[one]), reverse=True)[:200]
    )


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("by", ["created_at", "ended_at"])
def test_the_jobs_of_yesterday(api: Api, open_page: Open, zone: str, by: str) -> None:
    """By creation or by end, in the analyst's days."""
    today = NOW.astimezone(ZoneInfo(zone)).date()

    def is_of_yesterday(job: Mapping[str, Any]) -> bool:
        if job[by] is None:
            return False
        day = datetime.fromisoformat(job[by]).astimezone(ZoneInfo(zone)).date()
        return day == today - timedelta(days=1)

    of_end = {"timeof": "Ended"} if by == "ended_at" else {}
    app = open_page(api, "jobs", tz=zone, when="Yesterday", **of_end)

    expected = found(is_of_yesterday)
    assert expected
    assert set(job_ids(app)) == expected


def test_the_jobs_of_the_last_two_hours(api: Api, open_page: Open) -> None:
    """To the minute, whatever the period of the sidebar is."""
    begin = NOW - timedelta(hours=2)
    expected = found(lambda job: datetime.fromisoformat(job["created_at"]) >= begin)
    assert expected

    assert set(job_ids(open_page(api, "jobs", when="Last 2 hours"))) == expected
    ended = found(lambda job: job["ended_at"] and datetime.fromisoformat(job["ended_at"]) >= begin)
    app = open_page(api, "jobs", when="Last 2 h", timeof="Ended")
    assert set(job_ids(app)) == ended != expected


def test_days_begin_at_midnight_also_when_clocks_change() -> None:
    """The day on which Berlin's clocks went back had 25 hours."""
    berlin = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 26, 11, 30, 40, tzinfo=UTC)

    assert recent("Yesterday", now, berlin) == (
        datetime(2026, 10, 24, 22, tzinfo=UTC),
        datetime(2026, 10, 25, 23, tzinfo=UTC),
    )
    today = (datetime(2026, 10, 25, 23, tzinfo=UTC), datetime(2026, 10, 26, 11, 31, tzinfo=UTC))
    assert recent("Today", now, berlin) == today
