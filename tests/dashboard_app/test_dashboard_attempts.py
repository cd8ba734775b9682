"""A job's attempts, and error groups, as tables and in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dashboard_app import words
from dashboard_app.frames import failures, jobs
from streamlit.testing.v1 import AppTest

START, HOUR = datetime(2026, 11, 1, tzinfo=UTC), timedelta(hours=1)


def test_a_superseded_attempt_ends_where_it_was_superseded() -> None:
    """It never reaches up to now; where nobody knows when that was, it lasts no time."""
    superseded = {"status": "superseded", "result": None, "error": None}
    start, end, now = START.isoformat(), (START + HOUR).isoformat(), START + 9 * HOUR
    job = {
        "attempts": [
            {**superseded, "attempt": 1, "started_at": start, "ended_at": end},
            {**superseded, "attempt": 2, "started_at": start, "ended_at": None},
            {
                **superseded,
                "attempt": 3,
                "started_at": start,
                "ended_at": None,
                "status": "running",
            },
        ]
    }
    frame = jobs.attempts(job, now)
    assert list(frame["until"]) == [START + HOUR, START, now]
    assert list(frame["outcome"]) == ["superseded", "superseded", "running"]


def test_what_runs_lasts_until_now() -> None:
    """In whole seconds; what has ended lasts as long as the API says, and what waits not at all."""
    now = START + HOUR + timedelta(seconds=1.4)
    begun = {"started_at": START.isoformat(), "duration_seconds": None, "status": "running"}

    assert jobs.seconds_so_far(begun, now) == 3_601
    assert (
        jobs.seconds_so_far({**begun, "status": "completed", "duration_seconds": 7.5}, now) == 7.5
    )
    queued = {**begun, "status": "queued", "started_at": None}
    assert jobs.seconds_so_far(queued, now) is None
    assert jobs.seconds_so_far({**begun, "started_at": None}, now) is None


@pytest.mark.parametrize(("name", "width"), [("x" * 100, 180), ("short", None), (None, None)])
def test_a_long_name_leaves_room_for_what_it_names(name: str | None, width: int | None) -> None:
    """What stays in sight while the rest scrolls is no wider than half a phone."""

    def page(name: str | None) -> None:
        import pandas as pd  # noqa: PLC0415 - AppTest runs it as a script
        from dashboard_app.ui.tables import count_column, name_column, table  # noqa: PLC0415

        frame = pd.DataFrame({"name": [name], "count": [1]})
        table(frame, {"name": name_column("Name"), "count": count_column("Count")})

    app = AppTest.from_function(page, kwargs={"name": name}).run()

    assert not app.exception
    columns = json.loads(app.dataframe[0].proto.columns)
    assert columns["name"].get("width") == width
    assert columns["name"]["pinned"]


def test_a_job_id_used_twice_is_said_with_its_times() -> None:
    """Both the first end and the later start are named, in the zone of the page."""
    attempts = [{"first_ended_at": "2026-11-20T10:00:00Z"}]
    said = words.restarted(
        {"restarted_at": "2026-11-21T10:00:00Z", "attempts": attempts}, ZoneInfo("UTC")
    )
    assert "ended at 20 Nov 2026, 10:00 UTC" in said
    assert "reported at 21 Nov 2026, 10:00 UTC" in said


def error(fingerprint: str, count: int) -> dict[str, Any]:
    """Return a group of failures."""
    return {
        "fingerprint": fingerprint,
        "type": "E",
        "message": "m" * 80,
        "count": count,
        "jobs": count,
        "first_seen_at": "2026-11-01T00:00:00Z",
        "last_seen_at": "2026-11-02T00:00:00Z",
        "clients": ["a", "b"],
        "days": [{"at": "2026-11-01T00:00:00Z", "count": count, "jobs": count}],
        "job_ids": ["j2", "j1"],
        "job_names": {},
    }


def test_movers_and_newcomers() -> None:
    """The greatest change first, whatever its direction; what stayed the same is left out."""
    now = failures.groups([error("a", 9), error("b", 5), error("c", 2)])
    before = failures.groups([error("a", 1), error("b", 5), error("d", 20)])

    moved = failures.movers(now, before)

    assert list(zip(moved["fingerprint"], moved["change"], strict=True)) == [
        ("d", -20),
        ("a", 8),
        ("c", 2),
    ]
    busier = failures.movers(now, before, 2.0)  # twice the jobs: what grew so has not moved
    assert dict(zip(busier["fingerprint"], busier["more"], strict=True)) == {
        "d": -40,
        "a": 7,
        "b": -5,
        "c": 2,
    }
    assert list(failures.new_since(now, before)["fingerprint"]) == ["c"]


def test_groups_of_several_answers_are_one_list() -> None:
    """Counts add up, first and last are those over all, samples the latest."""
    later = {**error("a", 2), "last_seen_at": "2026-11-09T00:00:00Z", "clients": ["c"]}
    later |= {"first_seen_at": "2026-11-08T00:00:00Z", "job_ids": ["j9"], "message": "new"}
    both = failures.merged([[error("a", 3), error("b", 4)], [later]])

    assert [(one["fingerprint"], one["count"]) for one in both] == [("a", 5), ("b", 4)]
    first = both[0]
    assert (first["first_seen_at"], first["last_seen_at"]) == (
        "2026-11-01T00:00:00Z",
        "2026-11-09T00:00:00Z",
    )
    assert [one["jobs"] for one in first["days"]] == [3, 2]
    assert (first["clients"], first["job_ids"], first["message"]) == (
        ["a", "b", "c"],
        ["j9"],
        "new",
    )
    assert failures.merged([]) == []
    assert len(failures.label(error("a", 1))) <= 48
