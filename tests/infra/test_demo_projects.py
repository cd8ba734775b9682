"""The projects that the demo pretends."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import takewhile

from tests.support.simulation import NOW, past

from run_ledger_ops.demo.catalogue import PROJECTS
from run_ledger_ops.demo.projects import opened_projects, project_events
from run_ledger_ops.demo.timetable import (
    stream,
)


def test_jobs_belong_to_projects_that_were_opened() -> None:
    """Every project that a job names has said what it is, whose it is and that it is active."""
    opened = {
        event.detail["project_id"]: event.detail
        for event in opened_projects(NOW - timedelta(days=28), NOW)
        if event.detail["event_id"].endswith(":opened")
    }
    for event in past(first_day=date(2026, 2, 12)):
        project = opened[event.detail["project_id"]]
        assert project["client_id"] == event.detail["client_id"]
        assert project["status"] == "active"


def test_deliveries_have_a_due_date_and_a_size() -> None:
    """A delivery says when it is due and how many jobs it takes; its life ends as completed."""
    lives = defaultdict(list)
    for event in opened_projects(NOW - timedelta(days=40), NOW):
        if "due_at" in event.detail:
            lives[event.detail["project_id"]].append(event.detail)
    assert len(lives) > 12
    assert all(life[0]["jobs_expected"] > 0 for life in lives.values())
    assert all(life[0]["owner"].endswith("(demo)") for life in lives.values())
    statuses = Counter(
        step["status"] for life in lives.values() for step in life if "status" in step
    )
    assert set(statuses) == {"active", "paused", "completed"}


def test_the_stream_carries_on_the_projects() -> None:
    """Over a fortnight every delivery completes and is followed by the next, in the stream, too."""
    fortnight = project_events(NOW, NOW + timedelta(days=14))
    completed = [event for event in fortnight if event.detail.get("status") == "completed"]
    assert len(completed) == sum(project.is_delivery for project in PROJECTS)
    until = NOW + timedelta(days=3)
    quiet = takewhile(lambda event: event.at < until, stream(NOW, 1, 0.1))
    told = [event for event in quiet if event.detail_type == "project_update"]
    assert told == project_events(NOW, until)


def test_a_stretch_of_projects_can_be_told_in_pieces() -> None:
    """Two stretches that meet tell each event once."""
    cut = NOW + timedelta(days=3, hours=5)
    end = NOW + timedelta(days=9)
    assert project_events(NOW, cut) + project_events(cut, end) == project_events(NOW, end)
