"""A job's page in the analysts' app: its time, its pace, its configuration, another beside it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from dashboard_app.frames import job_times, jobs
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import Open, person, words_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.events.builders import job_update
from tests.support.readers.declared import configure, declare
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

START = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
NOW = START + timedelta(minutes=80)
MESSAGE = "429 from the model after 7 tries"


def at(minute: float) -> str:
    """Return the time so many minutes after the start."""
    return (START + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def entry(minute: float, attempt: int = 1, **detail: Any) -> dict[str, Any]:
    """Return an entry of a history."""
    return {"occurred_at": at(minute), "attempt": attempt, "detail": detail}


def running(**fields: Any) -> dict[str, Any]:
    """Return a running job with one attempt."""
    none = dict.fromkeys(("result", "ended_at", "duration_seconds", "error"))
    job = {**none, "status": "running", "stalled": False, "attempt": 1, "started_at": at(0)}
    return {**job, "records_total": 1_000, "counters": {"records_ok": 400}, **fields}


def attempts_of(*rows: dict[str, Any]) -> pd.DataFrame:
    """Return the frame of these attempts."""
    return jobs.attempts({"attempts": list(rows)}, NOW)


def test_a_stage_lasts_until_the_next_or_the_end_of_its_attempt() -> None:
    """And never beyond now; what says its stage again goes on."""
    ended = running(status="completed", result="failed", ended_at=at(30))
    entries = [
        entry(20, stage="write"),
        entry(5, stage="read"),
        entry(10, stage="read"),
        entry(40, attempt=2, stage="read"),
    ]
    frame = job_times.stages(attempts_of(ended, running(attempt=2)), entries, NOW)

    minutes = [
        (row.attempt, row.stage, (row.started_at - START).seconds / 60, row.duration_seconds / 60)
        for row in frame.itertuples()
    ]
    assert minutes == [(1, "read", 5, 15), (1, "write", 20, 10), (2, "read", 40, 40)]


def test_the_pace_is_that_of_the_present_attempt() -> None:
    """Counters are of all attempts, so the events of this one tell; one event is no pace."""
    job = running(attempt=2)
    entries = [
        entry(70, 2, delta={"records_ok": 50, "records_failed": 10}),
        entry(60, 2, delta={"records_ok": 100}),
        entry(3, 1, delta={"records_ok": 240}),
    ]
    pace = job_times.pace(job, entries, NOW)

    assert pace == job_times.Pace(0.1, START + timedelta(minutes=70 + 100))
    assert job_times.pace(job, entries[:1], NOW) is None
    assert job_times.pace({**job, "stalled": True}, entries, NOW) is None
    late = job_times.pace(job, entries, NOW + timedelta(hours=9))
    assert late == job_times.Pace(0.1, None)  # no end that is over


def test_parts_that_are_at_once_lie_in_different_lanes() -> None:
    """A lane is used again; what has not started has none, and nothing goes beyond now."""
    done = {"status": "completed", "result": "succeeded"}
    items = [
        running(job_id="c", started_at=at(10), ended_at=at(99), **done),
        running(job_id="b", started_at=at(5), ended_at=at(15), **done),
        running(job_id="a", ended_at=at(10), **done),
        running(job_id="d", status="queued", started_at=None),
        running(job_id="e", started_at=at(70)),
    ]
    frame = job_times.parts(items, NOW)

    assert list(frame["job_id"]) == ["a", "b", "c", "e", "d"]
    assert [None if pd.isna(one) else int(one) for one in frame["lane"]] == [0, 1, 0, 1, None]
    assert frame.set_index("job_id").loc["e", "duration_seconds"] == 600
    assert frame["until"].max() == NOW


@pytest.fixture
def told() -> Iterator[Api]:
    """Serve a job that failed twice alike, its parts, one of the same pipeline, a configuration."""
    house = reading_house([])
    house.now = instants.parse(at(80))
    for client_id in ("acme", "globex"):
        declare(house.client, client_id)
    configure(house.client, "acme", "model", value="large")
    about = {"client_id": "acme", "project_id": "p", "pipeline": "enrich"}
    error = {"type": "RateLimit", "message": MESSAGE}
    for job_id, records in (("job-1", 100), ("job-2", 50)):
        for attempt in (1, 2):
            mine = {**about, "job_id": job_id, "attempt": attempt}
            begun = 30 * (attempt - 1)
            house.post(
                job_update(**mine, event_id=f"s{attempt}", occurred_at=at(begun), stage="read"),
                job_update(**mine, event_id=f"w{attempt}", occurred_at=at(begun + 10), stage="w"),
                job_update(
                    **mine,
                    event_id=f"e{attempt}",
                    occurred_at=at(begun + 20),
                    status="completed",
                    result="failed",
                    error=error,
                    delta={"records_ok": records, "input_tokens": 5_000},
                ),
            )
    part = {**about, "parent_job_id": "job-1", "pipeline": "parts", "event_id": "s"}
    house.post(*(job_update(**part, job_id=f"part-{n}", occurred_at=at(n)) for n in range(3)))
    other = {"job_id": "foreign", "client_id": "globex", "project_id": "p", "pipeline": "enrich"}
    house.post(job_update(**other, event_id="s", occurred_at=at(1), status="running"))
    with serving(house) as api:
        yield api


def frame_of(app: AppTest, column: str) -> pd.DataFrame:
    """Return the one table that has a column."""
    (found,) = [one.value for one in app.dataframe if column in one.value]
    return found


def test_a_jobs_page_tells_its_time_in_tables_and_a_message_once(
    told: Api, open_page: Open
) -> None:
    """Attempts, stages, parts, counters for each record; the newest event is first."""
    app = open_page(told, "job", job="job-1")

    assert not app.exception
    assert app.title[0].value == "Job"
    assert list(frame_of(app, "why")["why"]) == ["RateLimit", "RateLimit"]
    shown = words_of(app) + "".join(str(one.value) for one in app.code)
    assert shown.count(MESSAGE) == 1
    assert list(frame_of(app, "stage")["duration_seconds"]) == [600, 600, 600, 600]
    assert set(frame_of(app, "lane")["job_id"]) == {"part-0", "part-1", "part-2"}
    counters = frame_of(app, "per_record").set_index("counter")
    assert counters.loc["input_tokens", "per_record"] == 50
    assert frame_of(app, "occurred_at")["occurred_at"].is_monotonic_decreasing
    assert list(frame_of(app, "then")["then"]) == ["the same then"]


@pytest.mark.parametrize(("minute", "changed"), [(-5, False), (5, True)])
def test_what_was_changed_since_is_not_passed_off_as_the_jobs(
    minute: int, *, changed: bool
) -> None:
    """A value from before the job's start is that of the job; of a later one nothing is known."""
    parameter = {"name": "model", "value": "large", "updated_at": at(minute)}
    frame = job_times.parameters(running(created_at=at(-9)), {"parameters": [parameter]})

    assert list(frame["changed_since"]) == [changed]


def test_two_jobs_side_by_side(told: Api, open_page: Open) -> None:
    """What differs is marked; another client's job is none, and is never offered."""
    app = open_page(told, "job", person("client-acme"), **{"job": "job-1", "with": "job-2"})

    assert not app.exception
    rows = frame_of(app, "differs").set_index(["group", "what"])
    assert tuple(rows.loc[("Per record", "Input tokens"), ["one", "other"]]) == ("50", "100")
    assert not rows.loc[("Job", "Error"), "differs"]
    assert rows.loc[("Counters", "Records done"), "differs"]
    assert ("Configuration", "model") in rows.index
    (offered,) = [one.options for one in app.selectbox if one.key == "with"]
    assert "job-2" in offered
    assert "foreign" not in offered
    foreign = {"job": "job-1", "with": "foreign"}
    assert "There is no job foreign" in words_of(
        open_page(told, "job", person("client-acme"), **foreign)
    )


def test_an_empty_parameter_is_not_one_that_is_not_set(told: Api, open_page: Open) -> None:
    """Side by side, and on the page of the clients, each has a word of its own."""
    configure(told.house.client, "acme", "style", value="")
    app = open_page(told, "job", **{"job": "job-1", "with": "foreign"})

    rows = frame_of(app, "differs").set_index(["group", "what"])
    assert tuple(rows.loc[("Configuration", "style"), ["one", "other"]]) == ("(empty)", "(not set)")
    assert rows.loc[("Configuration", "style"), "differs"]
    assert rows.loc[("Configuration", "style"), "called"] == "Configuration: style"
    assert list(frame_of(app, "then").set_index("name")["shown"]) == ["large", "(empty)"]

    clients = frame_of(open_page(told, "clients", one="acme", other="globex"), "differs")
    assert tuple(clients.set_index("name").loc["style", ["one", "other"]]) == (
        "(empty)",
        "(not set)",
    )


def test_a_link_of_before_leads_to_the_job(told: Api, open_page: Open) -> None:
    """Jobs used to open on the page of their list."""
    app = open_page(told, "jobs", job="job-1")

    assert not app.exception
    assert app.title[0].value == "Job"
    assert len(frame_of(app, "stage")) == 4


def test_a_part_and_its_parent_lead_to_each_other(told: Api, open_page: Open) -> None:
    """One row of the parts can be selected; the page of a part leads to the job around it."""
    whole = open_page(told, "job", job="job-1")
    (parts,) = [one.proto for one in whole.dataframe if "lane" in one.value]
    assert list(parts.selection_mode) == [parts.SINGLE_ROW]

    app = open_page(told, "job", job="part-2")
    app.button(key="parent").click().run()
    assert not app.exception
    assert app.query_params["job"] == "job-1"
    assert set(frame_of(app, "lane")["job_id"]) == {"part-0", "part-1", "part-2"}
