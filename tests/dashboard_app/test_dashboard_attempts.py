"""A job's attempts as a table and in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard_app import words
from dashboard_app.frames import jobs

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


def test_a_job_id_used_twice_is_said_with_its_times() -> None:
    """Both the first end and the later start are named, in the zone of the page."""
    attempts = [{"first_ended_at": "2026-11-20T10:00:00Z"}]
    said = words.restarted(
        {"restarted_at": "2026-11-21T10:00:00Z", "attempts": attempts}, ZoneInfo("UTC")
    )
    assert "ended at 20 Nov 2026, 10:00 UTC" in said
    assert "reported at 21 Nov 2026, 10:00 UTC" in said
